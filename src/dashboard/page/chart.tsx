/** A uPlot chart in the colours of the page; redrawn when the colours, its width or its data change. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useMedia, useWidth } from './hooks.js';

/** Colours (by custom property) and font from the style sheet. */
export interface ChartStyle {
  readonly colour: (name: string) => string;
  readonly font: string;
}

export interface ChartProps {
  /** Description for screen readers. */
  readonly label: string;
  readonly height: number;
  readonly data: uPlot.AlignedData;
  readonly options: (style: ChartStyle) => Pick<uPlot.Options, 'series' | 'scales' | 'axes' | 'bands' | 'hooks'>;
  /** Called with the column under the pointer; undefined when there is none. */
  readonly onPoint: (index: number | undefined) => void;
  readonly onChoose: (index: number) => void;
}

export function Chart({ label, height, data, options, onPoint, onChoose }: ChartProps) {
  const [width, widthRef] = useWidth();
  const place = useRef<HTMLDivElement>(null);
  const isDark = useMedia('(prefers-color-scheme: dark)');
  const theme = useTheme();
  useEffect(() => {
    const element = place.current;
    if (element === null || width === 0) return;
    const plot = new uPlot(
      {
        width,
        height,
        padding: [8, 10, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        ...options({ colour: (name) => colourOf(element, name), font: `11px ${getComputedStyle(element).fontFamily}` }),
        hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
      },
      data,
      element,
    );
    plot.over.addEventListener('click', () => {
      if (typeof plot.cursor.idx === 'number') onChoose(plot.cursor.idx);
    });
    return () => plot.destroy();
  }, [width, height, data, options, onPoint, onChoose, isDark, theme]);
  return (
    <div ref={widthRef} class="chart" role="img" aria-label={label}>
      <div ref={place} class="chart-place" />
    </div>
  );
}

/** A canvas does not resolve custom properties: the colour is read from an element. */
function colourOf(element: HTMLElement, name: string): string {
  element.style.color = `var(--${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}

/** The theme selected on this page. */
function useTheme(): string | undefined {
  const [theme, setTheme] = useState(document.documentElement.dataset['theme']);
  useEffect(() => {
    const observer = new MutationObserver(() => setTheme(document.documentElement.dataset['theme']));
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => observer.disconnect();
  }, []);
  return theme;
}
