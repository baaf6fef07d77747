/** The groups of a race: for the signers, the other quorum members and the other nodes, how many had the block at each moment. */
import { SIGNING_SHARE } from '../../contracts/signers.js';
import { formatMs } from '../model/format.js';
import { type Axis, placeOn } from '../model/race.js';
import type { Curve, GroupName, RaceGroup } from '../model/race-groups.js';
import { AxisRow } from './race-rows.js';
import { GridLines, percent } from './race-track.js';

export interface GroupsProps {
  readonly groups: readonly RaceGroup[];
  readonly axis: Axis;
  readonly elapsedMs: number | undefined;
  /** The rows below have a column more. */
  readonly hasForms: boolean;
}

const TITLES: Readonly<Record<GroupName, string>> = {
  signers: 'Signers',
  members: 'Quorum members',
  others: 'Other nodes',
};
const MEANINGS: Readonly<Record<GroupName, string>> = {
  signers: 'Connected members of the quorum that signs the ChainLock of this block',
  members: 'Connected members of the other active ChainLock quorums',
  others: 'Nodes of no active ChainLock quorum',
};
const SHARE_TEXT = `${SIGNING_SHARE * 100} %`;

export function Groups({ groups, axis, elapsedMs, hasForms }: GroupsProps) {
  return (
    <div class={`race race-groups${hasForms ? ' has-forms' : ''}`}>
      <AxisRow axis={axis} />
      <ul>
        {groups.map((group) => (
          <CurveRow
            key={group.name}
            name={group.name}
            title={TITLES[group.name]}
            meaning={MEANINGS[group.name]}
            curve={group}
            axis={axis}
            elapsedMs={elapsedMs}
          />
        ))}
      </ul>
    </div>
  );
}

export interface CurveRowProps {
  /** Of its colours. */
  readonly name: GroupName;
  readonly title: string;
  readonly meaning: string;
  readonly curve: Curve;
  readonly axis: Axis;
  readonly elapsedMs: number | undefined;
}

/** One group of peers: who has the block, as figures and over time. */
export function CurveRow({ name, title, meaning, curve, axis, elapsedMs }: CurveRowProps) {
  return (
    <li class={`race-row race-group group-${name}`}>
      <span class="group-name" title={meaning}>
        <b>{title}</b>
        <span>
          {curve.reached} of {curve.tried} have it
        </span>
      </span>
      <Drawing curve={curve} axis={axis} elapsedMs={elapsedMs} />
      <dl class="group-times">
        <Time name={SHARE_TEXT} ms={curve.majorityMs} />
        <Time name="last" ms={curve.lastMs} />
        {curve.failed > 0 && (
          <div class="tone-bad">
            <dt>failed</dt>
            <dd>{curve.failed}</dd>
          </div>
        )}
      </dl>
    </li>
  );
}

function Time({ name, ms }: { readonly name: string; readonly ms: number | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{ms === undefined ? '–' : formatMs(ms)}</dd>
    </div>
  );
}

/** Of the drawing, which is stretched to the track. */
const WIDTH = 1_000;
const HEIGHT = 100;

function Drawing({ curve, axis, elapsedMs }: Pick<CurveRowProps, 'curve' | 'axis' | 'elapsedMs'>) {
  const { times, tried, majorityMs } = curve;
  const line = stairs(times, tried, axis, elapsedMs);
  return (
    <svg class="track" aria-hidden="true">
      <GridLines axis={axis} spread={{}} elapsedMs={elapsedMs} />
      <line
        class="majority"
        x1="0"
        x2="100%"
        y1={`${(1 - SIGNING_SHARE) * 100}%`}
        y2={`${(1 - SIGNING_SHARE) * 100}%`}
      />
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" width="100%" height="100%" aria-hidden="true">
        <path class="curve-area" d={`${line}V${HEIGHT}H0Z`} />
        <path class="curve" d={line} vector-effect="non-scaling-stroke" />
      </svg>
      {majorityMs !== undefined && majorityMs <= axis.endMs && (
        <circle class="curve-mark" cx={percent(axis, majorityMs)} cy={`${(1 - SIGNING_SHARE) * 100}%`} r="3.5" />
      )}
    </svg>
  );
}

/** The share that had the block, as steps over the time axis, up to the last proof or to now. */
function stairs(times: readonly number[], tried: number, axis: Axis, elapsedMs: number | undefined): string {
  const steps = times.map((ms, i) => {
    const y = HEIGHT * (1 - (i + 1) / tried);
    return `H${(placeOn(axis, ms) * WIDTH).toFixed(1)}V${y.toFixed(1)}`;
  });
  const end = elapsedMs === undefined ? WIDTH : placeOn(axis, elapsedMs) * WIDTH;
  return `M0 ${HEIGHT}${steps.join('')}H${end.toFixed(1)}`;
}
