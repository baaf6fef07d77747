/** How fast blocks spread: the witnesses, what they saw of the shown block, and own blocks against others'. */
import type { Sight, WitnessReport } from '../../contracts/propagation.js';
import { blockName, countryName, formatCount, formatMs, plain, plural, splitPeer } from '../model/format.js';
import {
  comparisonText,
  type PropagationPoint,
  pointsOf,
  recordText,
  regionsText,
  sightText,
  type WitnessRow,
  witnessRows,
} from '../model/propagation.js';
import { type Axis, axisFor, placeOn } from '../model/race.js';
import { useMedia } from './hooks.js';
import { formatTick, percent } from './race-track.js';

export interface PropagationProps {
  readonly report: WitnessReport;
  /** Of the shown block; undefined until the witnesses have seen it. */
  readonly sights: readonly Sight[] | undefined;
  /** The shown block's name. */
  readonly block: string | undefined;
}

export function PropagationPanel({ report, sights, block }: PropagationProps) {
  const { witnesses, wanted, connected, own, others, recent } = report;
  const rows = witnessRows(witnesses, sights ?? []);
  const regions = regionsText(witnesses);
  const points = pointsOf(recent);
  return (
    <section class="card propagation-card" aria-labelledby="propagation-title">
      <div class="card-head">
        <h2 id="propagation-title">Network propagation</h2>
        <p class="aside">
          {formatCount(connected)} of {plural(wanted, 'witness', 'witnesses')} connected
          {regions !== '' && `: ${regions}`}
        </p>
      </div>
      <div class="propagation">
        <div>
          <dl class="race-summary">
            <Mean name="own blocks" {...own} />
            <Mean name="others’ blocks" {...others} />
          </dl>
          <p class="facts">{comparisonText(report)}</p>
          {points.length > 0 && <Points points={points} />}
          <p class="facts">
            Time until half of the witnesses had a block: an own one since its arrival, another since the second
            connection announced it. Witnesses are peers that blockcast never sends a block to.
          </p>
        </div>
        <div>
          <h3>{block === undefined || sights === undefined ? 'Witnesses' : `Block ${block} at the witnesses`}</h3>
          {rows.length === 0 ? <p class="empty">No witness is connected yet.</p> : <Witnesses rows={rows} />}
        </div>
      </div>
    </section>
  );
}

function Mean({ name, medianMs, blocks }: { readonly name: string } & WitnessReport['own']) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {medianMs === undefined ? '–' : formatMs(medianMs)} <small>{plural(blocks, 'block')}</small>
      </dd>
    </div>
  );
}

function Witnesses({ rows }: { readonly rows: readonly WitnessRow[] }) {
  const axis = axisFor(rows.flatMap(({ sight }) => sight?.seenMs ?? []));
  return (
    <ul class="witnesses">
      {rows.map((row) => (
        <Witness key={row.peer} row={row} axis={axis} />
      ))}
    </ul>
  );
}

function Witness({ row, axis }: { readonly row: WitnessRow; readonly axis: Axis }) {
  const { peer, country, witness, sight } = row;
  const [host, port] = splitPeer(peer);
  const isCounted = sight?.state === 'counted' && sight.seenMs !== undefined;
  const title = witness === undefined ? 'A witness no more' : `${plain(witness.why)}; ${recordText(witness)}`;
  return (
    <li title={title}>
      <span class="witness-name">
        <abbr class="country" title={countryName(country)}>
          {countryName(country) === undefined ? '' : country}
        </abbr>{' '}
        {host}
        <span class="port">{port}</span>
      </span>
      <svg class="milestone-track" aria-hidden="true">
        <line x1="0" x2="100%" y1="50%" y2="50%" />
        {isCounted && <circle class="witness-mark" cx={percent(axis, sight.seenMs ?? 0)} cy="50%" r="4.5" />}
      </svg>
      <span class={sight?.state === 'early' ? 'tone-warn' : isCounted ? undefined : 'none'}>{sightText(row)}</span>
      <span class="witness-record">{witness === undefined ? 'not a witness any more' : recordText(witness)}</span>
    </li>
  );
}

/** In CSS pixels, about: the drawing is scaled to its place. */
const HEIGHT = 120;
const WIDE = 600;
const NARROW = 340;
const LEFT = 46;

/** The last blocks, oldest left; own blocks are filled. */
function Points({ points }: { readonly points: readonly PropagationPoint[] }) {
  const axis = axisFor(points.map(({ medianMs }) => medianMs));
  const width = useMedia('(max-width: 699px)') ? NARROW : WIDE;
  const x = (place: number) => LEFT + ((place + 0.5) / points.length) * (width - LEFT);
  const y = (ms: number) => HEIGHT - 8 - placeOn(axis, ms) * (HEIGHT - 18);
  const own = points.filter((point) => point.own).length;
  return (
    <>
      <svg
        class="points"
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`Propagation times of the last ${plural(points.length, 'block')}, ${formatCount(own)} of them the pool’s, up to ${formatTick(axis.endMs)}`}
      >
        {axis.ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={LEFT - 6} y={y(tick) + 4} text-anchor="end">
              {formatTick(tick)}
            </text>
          </g>
        ))}
        {points.map((point, place) => (
          <circle
            key={point.hash}
            class={point.own ? 'point-own' : 'point-other'}
            cx={x(place)}
            cy={y(point.medianMs)}
            r={point.own ? 4.5 : 3}
          >
            <title>{`Block ${blockName(point)}${point.own ? ', own' : ''}: ${formatMs(point.medianMs)}`}</title>
          </circle>
        ))}
      </svg>
      <ul class="legend points-legend" aria-label="Legend">
        <li>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <circle class="point-own" cx="5" cy="5" r="4.5" />
          </svg>
          own
        </li>
        <li>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <circle class="point-other" cx="5" cy="5" r="3" />
          </svg>
          others’
        </li>
      </ul>
    </>
  );
}
