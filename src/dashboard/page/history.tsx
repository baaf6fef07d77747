/** The history charts: broadcast times, and how many peers had each block. */
import { useCallback, useMemo, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { BlockSummary } from '../../contracts/api.js';
import { blockName, formatMs } from '../model/format.js';
import { axisFor } from '../model/race.js';
import { type Series, seriesOf } from '../model/series.js';
import { Chart, type ChartStyle } from './chart.js';

/** More columns would be too narrow to distinguish. */
const MOST_BLOCKS = 120;
const HEIGHT = 212;
const LOW_HEIGHT = 140;
/** The mark of an unsuccessful block is this far above the columns; the chart ends a little higher. */
const ABOVE = 1.1;
const TOP = 1.2;
/** One block alone gives no curve. */
const LEAST_BLOCKS = 2;

export function History({ blocks }: { readonly blocks: readonly BlockSummary[] }) {
  const series = useMemo(() => seriesOf(blocks, MOST_BLOCKS), [blocks]);
  const [at, setAt] = useState<number>();
  const choose = useCallback(
    (index: number) => {
      const hash = series.blocks[index]?.hash;
      if (hash !== undefined) location.hash = `block=${hash}`;
    },
    [series],
  );
  const hasEnough = series.blocks.length >= LEAST_BLOCKS;
  return (
    <section class="card history-card" aria-labelledby="history-title">
      <div class="card-head">
        <h2 id="history-title">History</h2>
        {hasEnough && <p class="aside">last {series.blocks.length} blocks</p>}
      </div>
      {hasEnough ? (
        <>
          <h3>
            Broadcast time <Keys names={['first', 'median', 'last']} />
          </h3>
          <Times series={series} onPoint={setAt} onChoose={choose} />
          <h3>
            Peers that have it <Keys names={['reached', 'missed', 'no success']} />
          </h3>
          <Reach series={series} onPoint={setAt} onChoose={choose} />
          <p class="readout">
            {at === undefined
              ? 'Point at a block for its figures; click to show its delivery.'
              : describePoint(series, at)}
          </p>
        </>
      ) : (
        <p class="empty">The charts need at least two blocks.</p>
      )}
    </section>
  );
}

function Keys({ names }: { readonly names: readonly string[] }) {
  return (
    <span class="keys">
      {names.map((name) => (
        <span key={name} class={`key key-${name.replace(' ', '-')}`}>
          {name}
        </span>
      ))}
    </span>
  );
}

function describePoint(series: Series, index: number): string {
  const block = series.blocks[index];
  if (block?.verdict === undefined) return '';
  const { outcome, peersReached, peersTried, firstMs, medianMs, lastMs } = block.verdict;
  const times = [firstMs, medianMs, lastMs].map((ms) => (ms === undefined ? '–' : formatMs(ms))).join(' · ');
  return `Block ${blockName(block)}: ${outcome}, ${peersReached} of ${peersTried} peers, ${times}`;
}

interface ChartsProps {
  readonly series: Series;
  readonly onPoint: (index: number | undefined) => void;
  readonly onChoose: (index: number) => void;
}

function Times({ series, onPoint, onChoose }: ChartsProps) {
  const data = useMemo<uPlot.AlignedData>(
    () => [[...series.index], [...series.last], [...series.median], [...series.first]],
    [series],
  );
  const options = useCallback(
    (style: ChartStyle) => {
      const axis = axisFor(series.last.filter((ms) => ms !== null));
      return {
        scales: {
          x: { time: false, range: around(series) },
          // By square root, as in the race.
          y: {
            distr: 100 as const,
            fwd: Math.sqrt,
            bwd: (v: number) => v * v,
            range: [0, axis.endMs] as [number, number],
          },
        },
        series: [
          {},
          { stroke: style.colour('line-last'), width: 1.25, points: { show: false } },
          { stroke: style.colour('line-median'), width: 2.25, points: { show: false } },
          { stroke: style.colour('line-first'), width: 1.25, points: { show: false } },
        ],
        bands: [{ series: [1, 3] as [number, number], fill: style.colour('band') }],
        axes: [
          xAxis(series, style),
          {
            ...yAxis(style),
            splits: () => [...axis.ticks],
            // uPlot treats any non-linear scale as logarithmic and would drop ticks.
            filter: (_: uPlot, ticks: number[]) => ticks,
            values: (_: uPlot, ticks: number[]) => ticks.map(tickLabel),
          },
        ],
      };
    },
    [series],
  );
  const medians = series.median.filter((ms) => ms !== null);
  const label = `Broadcast times of ${series.blocks.length} blocks; the median proof came between ${formatMs(Math.min(...medians))} and ${formatMs(Math.max(...medians))}`;
  return <Chart label={label} height={HEIGHT} data={data} options={options} onPoint={onPoint} onChoose={onChoose} />;
}

function Reach({ series, onPoint, onChoose }: ChartsProps) {
  const most = Math.max(1, ...series.tried);
  const data = useMemo<uPlot.AlignedData>(() => {
    const above = series.success.map((success) => (success ? null : most * ABOVE));
    return [[...series.index], [...series.tried], [...series.reached], above];
  }, [series, most]);
  const options = useCallback(
    (style: ChartStyle) => {
      const bars = uPlot.paths.bars?.({ size: [0.7, 22], radius: 0.15 });
      const paths = bars === undefined ? {} : { paths: bars };
      return {
        scales: {
          x: { time: false, range: around(series) },
          y: { range: [0, most * TOP] as [number, number] },
        },
        series: [
          {},
          { fill: style.colour('missed'), width: 0, points: { show: false }, ...paths },
          { fill: style.colour('reached'), width: 0, points: { show: false }, ...paths },
          { paths: () => null, points: { show: true, size: 7, width: 0, fill: style.colour('missed') } },
        ],
        axes: [
          xAxis(series, style),
          {
            ...yAxis(style),
            values: (_: uPlot, ticks: number[]) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : '')),
          },
        ],
      };
    },
    [series, most],
  );
  const whole = series.missed.filter((count) => count === 0).length;
  const label = `Peers reached by ${series.blocks.length} blocks; ${whole} of them reached every peer, ${series.success.filter((success) => !success).length} were no success`;
  return (
    <Chart label={label} height={LOW_HEIGHT} data={data} options={options} onPoint={onPoint} onChoose={onChoose} />
  );
}

/** Half a column of space at both ends. */
function around({ blocks }: Series): [number, number] {
  return [-0.5, blocks.length - 0.5];
}

function xAxis({ blocks }: Series, style: ChartStyle): uPlot.Axis {
  return {
    stroke: style.colour('muted'),
    font: style.font,
    size: 30,
    gap: 9,
    space: 90,
    grid: { show: false },
    ticks: { show: false },
    values: (_, ticks) =>
      ticks.map((tick) => {
        const block = Number.isInteger(tick) ? blocks[tick] : undefined;
        return block === undefined ? '' : blockName(block);
      }),
  };
}

function yAxis(style: ChartStyle): uPlot.Axis {
  return {
    stroke: style.colour('muted'),
    font: style.font,
    size: 48,
    gap: 6,
    space: 26,
    grid: { stroke: style.colour('line'), width: 1 },
    ticks: { show: false },
  };
}

/** uPlot passes null for ticks that do not fit. */
function tickLabel(ms: number | null): string {
  if (ms === null) return '';
  if (ms === 0) return '0';
  return ms < 1_000 ? `${Number(ms.toPrecision(2))} ms` : `${Number((ms / 1_000).toPrecision(2))} s`;
}
