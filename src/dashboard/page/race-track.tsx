/** The track of one row of a race: bars and icons on the time axis. */
import type { PeerProof, RpcResult } from '../../contracts/events.js';
import { type Axis, placeOn, type Spread } from '../model/race.js';
import { className, Shape } from './icons.js';

interface TrackProps {
  readonly proof: PeerProof;
  readonly axis: Axis;
  readonly elapsedMs: number | undefined;
  readonly children: preact.ComponentChildren;
}

export function Track({ proof, axis, elapsedMs, children }: TrackProps) {
  const { status, writtenMs, acknowledgedMs, acceptedMs } = proof;
  const begin = writtenMs ?? 0;
  const proven = acknowledgedMs ?? acceptedMs;
  return (
    <svg class="track" aria-hidden="true">
      {children}
      {proven !== undefined && <Bar axis={axis} from={begin} to={proven} kind="sent" />}
      {status === 'written' && elapsedMs !== undefined && (
        <Bar axis={axis} from={begin} to={elapsedMs} kind="waiting" />
      )}
      {acknowledgedMs !== undefined && acceptedMs !== undefined && (
        <Bar axis={axis} from={acknowledgedMs} to={acceptedMs} kind="taken" />
      )}
      {writtenMs !== undefined && <Point axis={axis} ms={writtenMs} status="written" />}
      {acknowledgedMs !== undefined && <Point axis={axis} ms={acknowledgedMs} status="acknowledged" />}
      {acceptedMs !== undefined && <Point axis={axis} ms={acceptedMs} status="accepted" />}
      {(status === 'failed' || status === 'already-had') && <Point axis={axis} ms={begin} status={status} aside />}
    </svg>
  );
}

interface RpcTrackProps {
  readonly rpc: RpcResult;
  readonly axis: Axis;
  readonly children: preact.ComponentChildren;
}

export function RpcTrack({ rpc, axis, children }: RpcTrackProps) {
  const isTaken = rpc.outcome === 'accepted' || rpc.outcome === 'duplicate';
  return (
    <svg class="track" aria-hidden="true">
      {children}
      <Bar axis={axis} from={0} to={rpc.ms} kind="sent" />
      <Point axis={axis} ms={rpc.ms} status={isTaken ? 'accepted' : 'failed'} />
    </svg>
  );
}

/** The background of each row: ticks, and lines at the first, median and last proof, continuous from row to row. */
export function GridLines({
  axis,
  spread,
  elapsedMs,
}: {
  readonly axis: Axis;
  readonly spread: Spread;
  readonly elapsedMs: number | undefined;
}) {
  const line = (ms: number, kind: string) => (
    <line key={kind} class={kind} x1={percent(axis, ms)} x2={percent(axis, ms)} y1="0" y2="100%" />
  );
  return (
    <>
      {axis.ticks.map((tick) => (
        <line key={tick} class="grid" x1={percent(axis, tick)} x2={percent(axis, tick)} y1="0" y2="100%" />
      ))}
      {(['first', 'median', 'last'] as const).map((mark) => {
        const ms = spread[mark];
        return ms === undefined || ms > axis.endMs ? null : line(ms, `at-${mark}`);
      })}
      {elapsedMs !== undefined && line(elapsedMs, 'at-now')}
    </>
  );
}

interface BarProps {
  readonly axis: Axis;
  readonly from: number;
  readonly to: number;
  readonly kind: 'sent' | 'taken' | 'waiting';
}

function Bar({ axis, from, to, kind }: BarProps) {
  return <line class={`bar bar-${kind}`} x1={percent(axis, from)} x2={percent(axis, to)} y1="50%" y2="50%" />;
}

interface PointProps {
  readonly axis: Axis;
  readonly ms: number;
  readonly status: PeerProof['status'];
  /** Drawn beside its position, which another icon occupies. */
  readonly aside?: boolean;
}

function Point({ axis, ms, status, aside }: PointProps) {
  const isBeyond = ms > axis.endMs;
  return (
    <svg class="point" aria-hidden="true" x={percent(axis, ms)} y="50%">
      {isBeyond ? (
        <path class={`shape beyond ${className(status)}`} d="M-9 -4L-4 0L-9 4M-4 -4L1 0L-4 4" />
      ) : (
        <g transform={aside === true ? 'translate(11 0)' : 'translate(0 0)'}>
          <Shape status={status} />
        </g>
      )}
    </svg>
  );
}

/** @param ms on the axis @returns how far from its left end, for SVG */
export function percent(axis: Axis, ms: number): string {
  return `${(placeOn(axis, ms) * 100).toFixed(2)}%`;
}

export function anchor(axis: Axis, tick: number): 'start' | 'middle' | 'end' {
  if (tick === 0) return 'start';
  return tick === axis.endMs ? 'end' : 'middle';
}

export function formatTick(ms: number): string {
  return ms < 1_000 ? `${Number(ms.toPrecision(2))} ms` : `${Number((ms / 1_000).toPrecision(2))} s`;
}
