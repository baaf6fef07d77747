/**
 * A line chart as HTML and SVG, without a script. The curves are an SVG that is stretched to its place, with strokes that are not; axes and
 * labels are HTML around it, so that text has its size at any width.
 */
import { formatRate } from '../../dashboard/model/format.js';
import { type Html, html } from './markup.js';

export interface Point {
  readonly x: number;
  /** A share, from 0 to 1. */
  readonly y: number;
}

export interface Series {
  readonly name: string;
  /** In ascending order of x. */
  readonly points: readonly Point[];
}

export interface ChartOptions {
  readonly title: string;
  /** What x is, with its unit. */
  readonly xTitle: string;
  /** What y is a share of. */
  readonly yTitle: string;
  readonly series: readonly Series[];
  /** A share that matters: a dotted line. */
  readonly mark?: number;
  /** Whether the points are all that is known, so that they are drawn. */
  readonly dots: boolean;
}

/** Units of the drawing in either direction. */
const SIZE = 1_000;
const MAX_TICKS = 6;
/** Rows of the table of values. */
const MAX_VALUES = 12;
const SHARES = [0, 0.2, 0.4, 0.6, 0.8, 1];

export function chart({ title, xTitle, yTitle, series, mark, dots }: ChartOptions): Html {
  const ticks = ticksUpTo(Math.max(0, ...series.flatMap(({ points }) => points.map(({ x }) => x))));
  const xMax = ticks.at(-1) ?? 1;
  const percentOf = (x: number): string => rounded((100 * x) / xMax);
  const place = ({ x, y }: Point): string => `${rounded((SIZE * x) / xMax)} ${rounded(SIZE * (1 - y))}`;
  const lines = series.map(({ points }, at) => {
    const path = html`<path class="curve ${seriesClass(at)}" d="M${points.map(place).join('L')}"/>`;
    const knots = dots ? points.map((point) => `M${place(point)}h0`).join('') : '';
    return dots ? html`${path}<path class="knots ${seriesClass(at)}" d="${knots}"/>` : path;
  });
  const level = (y: number, name: string): Html =>
    html`<path class="${name}" d="M0 ${rounded(SIZE * (1 - y))}H${SIZE}"/>`;
  return html`<figure class="chart">
<figcaption>${title}</figcaption>
<div class="plot" role="img" aria-label="${title}, ${yTitle} by ${xTitle}. ${summary(series)}">
<div class="y-title">${yTitle}</div>
<div class="y-axis">${SHARES.map((y) => html`<span style="bottom:${100 * y}%">${Math.round(100 * y)} %</span>`)}</div>
<div class="field"><svg viewBox="0 0 ${SIZE} ${SIZE}" preserveAspectRatio="none" aria-hidden="true">
${SHARES.map((y) => level(y, 'grid'))}${mark === undefined ? '' : level(mark, 'mark-line')}
${lines}
</svg></div>
<div class="x-axis">${ticks.map((x) => html`<span style="left:${percentOf(x)}%">${x}</span>`)}</div>
<div class="x-title">${xTitle}</div>
</div>
${values(xTitle, series)}
</figure>
`;
}

/** The classes that give a series its colour and its dashes, in charts and legends: different ones for three times as many as there are colours. */
function seriesClass(at: number): string {
  const round = ROUNDS[Math.floor(at / COLOURS) % ROUNDS.length] ?? '';
  return `s${at % COLOURS}${round}`;
}

/** What the same colour has the next time. */
const ROUNDS = ['', ' again', ' third'] as const;

/** As many as report.css has. */
const COLOURS = 10;

/** A piece of a series' line. */
export function sample(at: number): Html {
  return html`<svg class="sample" viewBox="0 0 28 10" aria-hidden="true"><path class="curve ${seriesClass(at)}" d="M1 5H27"/></svg>`;
}

function summary(series: readonly Series[]): string {
  return series
    .map(({ name, points }) => {
      const middle = points.find(({ y }) => y >= 0.5) ?? points.at(0);
      const last = points.at(-1);
      if (middle === undefined || last === undefined) return `${name}: no values`;
      return `${name}: ${formatRate(middle.y)} at ${middle.x}, ${formatRate(last.y)} at ${last.x}`;
    })
    .join('; ');
}

/** The values behind the curves, closed at first. */
function values(xTitle: string, series: readonly Series[]): Html {
  const all = series[0]?.points ?? [];
  const step = Math.max(1, Math.ceil(all.length / MAX_VALUES));
  const shown = [...all.keys()].filter((at) => at % step === 0 || at === all.length - 1);
  const rows = shown.map(
    (at) =>
      html`<tr><th scope="row">${all[at]?.x ?? ''}</th>${series.map(({ points }) => {
        const y = points[at]?.y;
        return html`<td>${y === undefined ? '' : formatRate(y)}</td>`;
      })}</tr>`,
  );
  return html`<details><summary>Values</summary><div class="scroll" role="region" tabindex="0" aria-label="Values"><table>
<thead><tr><th scope="col">${xTitle}</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div></details>`;
}

/** Round numbers from 0 to at least `max`: steps of 1, 2 or 5 times a power of ten. */
export function ticksUpTo(max: number): number[] {
  let step = 1;
  for (let power = 1; step * (MAX_TICKS - 1) < max; power *= 10) {
    for (const digit of [1, 2, 5]) {
      step = digit * power;
      if (step * (MAX_TICKS - 1) >= max) break;
    }
  }
  const count = Math.max(1, Math.ceil(max / step));
  return Array.from({ length: count + 1 }, (_, at) => at * step);
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}
