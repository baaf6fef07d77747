/** What a contender's block came to in one run: plain data, which a thread can send and a file can keep. */
import type { Micros } from '../engine.js';
import { threshold } from '../network/chain-locks.js';
import type { ArrivalTimes, NodeId } from '../network/plan.js';
import { countByTime } from './coverage.js';
import { signersWon } from './rivalry.js';
import { nthTime } from './statistics.js';

export interface RunFigures {
  /** Time until 240 of the 400 signers have connected the block; −1: never. */
  readonly t240: Micros;
  /** Time until 95 % of all nodes have connected it; −1: never. */
  readonly network95: Micros;
  readonly connections: number;
  /** By the pool's host. */
  readonly bytesSent: number;
  readonly nodes: Reached;
  readonly signers: Reached;
  /** Signers that connect it before a rival's block, for each head start of the scenario. */
  readonly won: readonly number[];
}

/** How many of these nodes had it when. */
export interface Reached {
  readonly count: number;
  /** See {@link countByTime}. */
  readonly byTime: readonly number[];
}

export interface RunTimes {
  readonly connections: number;
  readonly bytesSent: number;
  /** Since the pool had the block. */
  readonly times: ArrivalTimes;
}

export interface Judges {
  readonly signers: readonly NodeId[];
  readonly online: readonly NodeId[];
  /** When each node connects the rival's block. */
  readonly theirs: ArrivalTimes;
  readonly headStarts: readonly Micros[];
}

const NETWORK_SHARE = 0.95;

export function figuresOf({ connections, bytesSent, times }: RunTimes, judges: Judges): RunFigures {
  const { signers, online, theirs, headStarts } = judges;
  const reached = (nodes: readonly NodeId[]): Reached => ({ count: nodes.length, byTime: countByTime(times, nodes) });
  return {
    t240: nthTime(times, signers, threshold(signers.length)),
    network95: nthTime(times, online, Math.ceil(NETWORK_SHARE * online.length)),
    connections,
    bytesSent,
    nodes: reached(online),
    signers: reached(signers),
    won: headStarts.map((headStart) => signersWon(times, theirs, signers, headStart)),
  };
}
