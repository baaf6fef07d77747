/** What components need of the browser. */
import { useCallback, useEffect, useState } from 'preact/hooks';

/** This machine's time, renewed every so many milliseconds. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Whether a media query holds. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const look = () => setHolds(list.matches);
    list.addEventListener('change', look);
    return () => list.removeEventListener('change', look);
  }, [query]);
  return holds;
}

/** An element's width in CSS pixels, 0 until it is known; to be given the element by its `ref`. */
export function useWidth(): readonly [width: number, ref: (element: Element | null) => void] {
  const [width, setWidth] = useState(0);
  const [element, setElement] = useState<Element | null>(null);
  useEffect(() => {
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [width, useCallback((found: Element | null) => setElement(found), [])];
}
