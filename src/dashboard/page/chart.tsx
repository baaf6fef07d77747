/** A uPlot chart, drawn in the page's own colours; it is redrawn when those, its width or its figures change. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useMedia, useWidth } from './hooks.js';

/** What the style sheet says: colours by their names there, and the font of small print. */
export interface Ink {
  readonly colour: (name: string) => string;
  readonly font: string;
}

export interface ChartProps {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly height: number;
  readonly data: uPlot.AlignedData;
  readonly options: (ink: Ink) => Pick<uPlot.Options, 'series' | 'scales' | 'axes' | 'bands' | 'hooks'>;
  /** Told the column under the pointer, and when there is none. */
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

/** A canvas knows no custom properties: the colour is read off an element that has it. */
function colourOf(element: HTMLElement, name: string): string {
  element.style.color = `var(--${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}

/** The theme that was chosen on this page, renewed when another is. */
function useTheme(): string | undefined {
  const [theme, setTheme] = useState(document.documentElement.dataset['theme']);
  useEffect(() => {
    const observer = new MutationObserver(() => setTheme(document.documentElement.dataset['theme']));
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => observer.disconnect();
  }, []);
  return theme;
}
