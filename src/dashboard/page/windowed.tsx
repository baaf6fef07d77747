/**
 * Rows of a long list: only those in view, and some around them, are in the document. 1,350 rows with a chart in each would be 40,000
 * elements, and a second for each change.
 */
import { useCallback, useEffect, useState } from 'preact/hooks';

/** Lists up to this length are in the document as a whole, and scroll with the page. */
export const MAX_WHOLE = 60;

/** Rows around those in view. */
const AROUND = 12;
/** Rows by which the window moves: it is drawn anew that much less often. */
const STEP = 6;

export interface RowWindow {
  /** To be given to the element that scrolls. */
  readonly ref: (element: Element | null) => void;
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
}

/**
 * Which rows of a list are to be in the document.
 * @param rowPx height of a row, CSS pixels; the same for all
 */
export function useRowWindow(count: number, rowPx: number): RowWindow {
  const [element, setElement] = useState<Element | null>(null);
  const [view, setView] = useState({ top: 0, rows: 0 });
  useEffect(() => {
    if (element === null) return;
    const look = () => {
      const top = Math.floor(element.scrollTop / rowPx / STEP) * STEP;
      const rows = Math.ceil(element.clientHeight / rowPx);
      setView((before) => (before.top === top && before.rows === rows ? before : { top, rows }));
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [element, rowPx]);
  // A list that became shorter is scrolled back by the browser, which is told a moment later.
  const top = Math.min(view.top, Math.max(0, count - view.rows));
  return {
    ref: useCallback((found: Element | null) => setElement(found), []),
    first: Math.max(0, top - AROUND),
    end: Math.min(count, top + view.rows + STEP + AROUND),
  };
}
