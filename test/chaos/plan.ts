/** The sequence of faults, a function of the seed only, so that a failed run can be repeated. */
import { between, SeededRandom } from '../../src/simulated/seeded-random.js';

export const FAULTS = [
  'relay-kill',
  'relay-freeze',
  'dashd-kill',
  'dashd-freeze',
  'dashd-restart',
  'dashd-reindex',
  'cookie-change',
  'peer-kill',
  'peer-freeze',
  'partition-silent',
  'partition-refused',
  'disk-full',
  'spool-replaced',
  'clock-jump',
] as const;
export type Fault = (typeof FAULTS)[number];

/** The nodes that a partition separates from the relay. */
const SCOPES = ['all', 'dashd', 'peers'] as const;
type Scope = (typeof SCOPES)[number];

export interface Round {
  /** From 1. */
  readonly number: number;
  readonly fault: Fault;
  /** Blocks pushed from the first push to the end of the fault, without the one that measures the recovery. */
  readonly blocks: number;
  /** From the first push to the fault, milliseconds. */
  readonly delayMs: number;
  /** How long the fault lasts, milliseconds. */
  readonly holdMs: number;
  /** The index of the peer for faults of one peer, modulo their number. */
  readonly peer: number;
  readonly scope: Scope;
  /** Added to the relay's wall clock, milliseconds. */
  readonly clockMs: number;
}

const CLOCK_JUMPS_MS = [-86_400_000, -3_600_000, 3_600_000, 86_400_000, 2_000_000_000] as const;

/** Each fault occurs once before any occurs again. @param faults the faults to choose from */
export function* plan(seed: number, faults: readonly Fault[] = FAULTS): Generator<Round, never> {
  const random = new SeededRandom(seed);
  const pick = <T>(from: readonly [T, ...T[]]): T => from[between(random, 0, from.length - 1)] ?? from[0];
  let bag: Fault[] = [];
  for (let number = 1; ; number += 1) {
    if (bag.length === 0) bag = [...faults];
    const [fault] = bag.splice(between(random, 0, bag.length - 1), 1);
    if (fault === undefined) throw new Error('a plan needs at least one fault');
    yield {
      number,
      fault,
      blocks: between(random, 2, 6),
      delayMs: between(random, 0, 50),
      holdMs: between(random, 300, 2_500),
      peer: between(random, 0, 999),
      scope: pick(SCOPES),
      clockMs: pick(CLOCK_JUMPS_MS),
    };
  }
}
