/**
 * What the relay learns of a peer from blocks: how long after the first of its peers it announces them, and how long it takes to prove one.
 *
 * A bandit: each peer is an arm, each block that dashd confirms gives one sample of each arm that is played, that is of each connected peer.
 * The best by their mean keep their slots. Two slots are for peers never tried, drawn at random (`SelectLimits.exploration`): one a minute at
 * most. One makes way as soon as even its optimistic bound is worse than all peers that stay, and stays when its pessimistic bound is better
 * than one of them, who then makes way; after {@link LEARNING_TRIAL_MS} its mean decides. That is Perigee's rule (Mao et al., arXiv 2006.14186, Perigee-UCB:
 * keep neighbours that deliver early, drop one when its lower confidence bound exceeds the others' upper bound, replace it at random) for
 * outbound pushes. Old samples lose weight, as in discounted UCB (Garivier and Moulines, arXiv 0805.3415), since peers change.
 *
 * What is minimised is the time that a block needs over the peer: its lag as an announcer, which has one way to us in it, and one way from us.
 * In the simulator the twenty peers that are best by that sum reach 240 signers sooner than those that are best by lag or by round trip alone
 * (docs/race.md).
 *
 * Bounds: a sample is cut off at {@link MAX_LAG_MS}, and weights add up to {@link LEARNING_WINDOW} at most. Two numbers a peer. What a peer claims
 * counts for nothing: blocks that dashd does not have give no sample (streams/peering/announcements.ts), and a round trip cannot be feigned.
 */
import { MINUTE_MS } from '../time.js';

/** What was seen of a peer's announcements. */
export interface Learned {
  /** Blocks, each later one reducing the weight of those before: see {@link DECAY}. */
  readonly blocks: number;
  /** Mean lag behind the first of our peers to announce the block, milliseconds. */
  readonly lagMs: number;
}

/** About the last fifty blocks count: two hours of them. */
const DECAY = 0.98;
/** The most that weights can add up to. */
export const LEARNING_WINDOW = 1 / (1 - DECAY);
/** A lag is cut off here: later than that, a peer is of no use, and one such block must not outweigh many. */
export const MAX_LAG_MS = 500;
/** What a peer counts as beyond half its round trip, as long as no block is known of it: as much as this many blocks. */
const PRIOR_LAG_MS = 20;
const PRIOR_BLOCKS = 2;
/** Standard deviation of one peer's lag from block to block: 20 to 26 ms in the simulator. */
const LAG_SPREAD_MS = 25;
/** Where a peer of which nothing is known may be in {@link learnedLot}: as if its round trip were any up to 80 ms. */
const DRAWN_BELOW_MS = 100;
/** Of a peer whose round trip is not known. */
const UNKNOWN_ROUND_TRIP_MS = 200;
/** For how long a peer that was never tried keeps its slot, as long as it may be among the best: some four blocks. */
export const LEARNING_TRIAL_MS = 10 * MINUTE_MS;
/** The time over a peer that halves its points. */
const HALVING_MS = 50;

/** After another block. @param lagMs behind the first to announce it, milliseconds; what is no time is left out */
export function learn(before: Learned | undefined, lagMs: number): Learned | undefined {
  if (Number.isNaN(lagMs)) return before;
  const sample = Math.min(MAX_LAG_MS, Math.max(0, lagMs));
  if (before === undefined) return { blocks: 1, lagMs: sample };
  const blocks = before.blocks * DECAY + 1;
  return { blocks, lagMs: before.lagMs + (sample - before.lagMs) / blocks };
}

/** What the points of a peer are made of, all in milliseconds. */
export interface PathTime {
  /** Lag as an announcer: as seen, and as assumed as long as little was seen. */
  readonly lagMs: number;
  /** From us to it: half of its round trip, or of the time in which it proves a block. */
  readonly wayMs: number;
}

/** What a record says of a peer's speed. */
export interface Seen {
  readonly learned?: Learned;
  readonly ping?: { readonly minMs: number };
  readonly broadcasts: { readonly proofMs?: number };
}

/** The time that a block needs over a peer, as far as it is known. */
export function pathTime(record: Seen): PathTime {
  const wayMs = wayOf(record);
  const { blocks, lagMs } = record.learned ?? { blocks: 0, lagMs: 0 };
  const assumed = PRIOR_BLOCKS * (PRIOR_LAG_MS + wayMs);
  return { lagMs: (blocks * lagMs + assumed) / (blocks + PRIOR_BLOCKS), wayMs };
}

/**
 * The order of peers that are equal otherwise, the lowest first: by the time that a block needs over them (ms). One of which nothing is known is
 * drawn among the near ones, so that new ones are tried.
 * @param draw a number from 0 to 2^32 for a peer, the same each time
 */
export function learnedLot(
  find: (peer: string) => Seen | undefined,
  draw: (peer: string) => number,
): (peer: string) => number {
  return (peer) => {
    const record = find(peer);
    if (record?.ping === undefined && record?.learned === undefined) return (draw(peer) / 2 ** 32) * DRAWN_BELOW_MS;
    const { lagMs, wayMs } = pathTime(record);
    return lagMs + wayMs;
  };
}

/** From 0 to 1: 1 for a peer over which a block would need no time. */
export function earliness(record: Seen): number {
  const { lagMs, wayMs } = pathTime(record);
  return 2 ** (-(lagMs + wayMs) / HALVING_MS);
}

/** What {@link earliness} may turn out to be, by what is known so far: one standard error below the mean and above it. */
export function earlinessBounds(record: Seen): { readonly least: number; readonly most: number } {
  const { lagMs, wayMs } = pathTime(record);
  const error = LAG_SPREAD_MS / Math.sqrt((record.learned?.blocks ?? 0) + PRIOR_BLOCKS);
  const after = (lag: number): number => 2 ** (-(lag + wayMs) / HALVING_MS);
  return { least: after(lagMs + error), most: after(Math.max(0, lagMs - error)) };
}

function wayOf({ ping, broadcasts }: Seen): number {
  return (broadcasts.proofMs ?? ping?.minMs ?? UNKNOWN_ROUND_TRIP_MS) / 2;
}
