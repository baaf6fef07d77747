/** One block's race: its delivery to each peer as rows on a time axis, from the relay's own figures. */
import type { PeerProof, ProofStatus, RpcResult } from '../../contracts/events.js';

export type Mark = 'first' | 'median' | 'last';

export interface RaceRow {
  readonly proof: PeerProof;
  /** When the block was proven to be there, ms: what the rows are ranked by. */
  readonly provenMs?: number;
  /** Whose time the verdict calls the first, the median, the last; one peer may be several. */
  readonly marks: readonly Mark[];
}

export type Spread = Readonly<Partial<Record<Mark, number>>>;

/** Sort order: peers without a time come last. */
const WITHOUT_TIME: Readonly<Record<ProofStatus, number>> = {
  acknowledged: 0,
  accepted: 0,
  written: 1,
  pending: 2,
  'already-had': 3,
  failed: 4,
};

/** The time of the proof, as in the ledger: the acknowledgement, or the acceptance when there was none. */
export function provenMs({ acknowledgedMs, acceptedMs }: PeerProof): number | undefined {
  return acknowledgedMs ?? acceptedMs;
}

export function isReached({ status }: PeerProof): boolean {
  return status === 'acknowledged' || status === 'accepted' || status === 'already-had';
}

/** First, median (the lower of two middle ones) and last proof so far, as the verdict will count them. */
export function spreadOf(proofs: Iterable<PeerProof>): Spread {
  // As in the verdict: the time of a late peer shows when it connected.
  const times = [...proofs]
    .filter((proof) => isReached(proof) && proof.late !== true)
    .flatMap((proof) => provenMs(proof) ?? []);
  times.sort((a, b) => a - b);
  const [first, median, last] = [times[0], times[Math.floor((times.length - 1) / 2)], times.at(-1)];
  return first === undefined || median === undefined || last === undefined ? {} : { first, median, last };
}

/** The pool's own dashd first, then by time of proof. */
export function raceRows(proofs: Iterable<PeerProof>, spread: Spread): readonly RaceRow[] {
  const rows = [...proofs].map((proof): RaceRow => {
    const ms = provenMs(proof);
    return { proof, ...(ms !== undefined && { provenMs: ms }), marks: ms === undefined ? [] : marksOf(ms, spread) };
  });
  return rows.sort(
    (a, b) =>
      Number(b.proof.protected) - Number(a.proof.protected) ||
      WITHOUT_TIME[a.proof.status] - WITHOUT_TIME[b.proof.status] ||
      timeOf(a) - timeOf(b) ||
      a.proof.peer.localeCompare(b.proof.peer),
  );
}

function timeOf({ provenMs: ms, proof }: RaceRow): number {
  return ms ?? proof.writtenMs ?? 0;
}

function marksOf(ms: number, spread: Spread): Mark[] {
  return (['first', 'median', 'last'] as const).filter((mark) => spread[mark] === ms);
}

/**
 * A time axis by square root: it gives the first milliseconds more space than a linear axis, and has a zero, unlike a logarithmic one.
 */
export interface Axis {
  /** What its right end stands for, ms. */
  readonly endMs: number;
  readonly ticks: readonly number[];
}

/** Times beyond this multiple of the 90th percentile are shown at the edge, so that a single slow peer does not compress the others. */
const STRAGGLER = 6;
const LEAST_END_MS = 5;
const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** @param times to be shown, ms @param elapsedMs how long a race that is not over has been running */
export function axisFor(times: readonly number[], elapsedMs = 0): Axis {
  const sorted = [...times].sort((a, b) => a - b);
  const most = sorted[Math.ceil(sorted.length * 0.9) - 1] ?? 0;
  const last = sorted.at(-1) ?? 0;
  const shown = last > most * STRAGGLER ? most * 1.5 : last;
  const endMs = roundUp(Math.max(shown, elapsedMs, LEAST_END_MS));
  return { endMs, ticks: ticksTo(endMs) };
}

/** Share of the axis' length, from 0 to 1; what lies beyond its end is at its end. */
export function placeOn({ endMs }: Axis, ms: number): number {
  return Math.sqrt(Math.min(Math.max(ms, 0) / endMs, 1));
}

function roundUp(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(ms));
  const step = STEPS.find((candidate) => candidate * power >= ms - 1e-9) ?? 10;
  return step * power;
}

const TICK_STEPS = [5, 2, 1];
const TICK_GAP = 0.13;

/** Round values from the end downwards, each far enough from the previous one. */
function ticksTo(endMs: number): readonly number[] {
  const ticks = [endMs];
  const axis = { endMs, ticks };
  for (let power = 10 ** Math.floor(Math.log10(endMs)); power >= 0.1; power /= 10) {
    for (const step of TICK_STEPS) {
      const tick = step * power;
      const nearest = placeOn(axis, ticks.at(-1) ?? endMs);
      if (tick < endMs && nearest - placeOn(axis, tick) >= TICK_GAP && placeOn(axis, tick) >= TICK_GAP)
        ticks.push(tick);
    }
  }
  return [0, ...ticks.reverse()];
}

/** All the times that a race shows, ms. */
export function timesOf(proofs: Iterable<PeerProof>, rpc?: RpcResult): readonly number[] {
  const times = [...proofs].flatMap(({ writtenMs, acknowledgedMs, acceptedMs }) => [
    writtenMs ?? [],
    acknowledgedMs ?? [],
    acceptedMs ?? [],
  ]);
  return [...times.flat(), ...(rpc === undefined ? [] : [rpc.ms])];
}
