/**
 * In which order, in which form and when peers are written a block. The plan is made beforehand, when connections, quorums or the tip
 * change; a block that is found only looks it up. Pure.
 *
 * Order: the pool's own dashd; the members of the quorum that signs the next block; other members of active quorums, those of several
 * first; the rest. Of equals the nearest come first: they are the first to pass the block on. With 400 connections at 20 Mbit/s that takes
 * 2 % off the time to 240 signers (simulated, 10 runs); the farthest first adds 2 %. The quorum that more than half of receives one of two competing blocks first locks that one, and each write costs
 * microseconds on our side and its bytes on the uplink.
 *
 * Form: whole up to {@link PushPlan.compactAbove}, where a whole block fits TCP's first flight and a peer that lacks a transaction would cost
 * a round trip. That holds only as long as the uplink carries the whole block to all peers in no time: with many peers or a slow uplink
 * compact blocks are the faster ones from a smaller size on.
 *
 * Time: with an uplink that is known to be limited, writes are paced at four fifths of its speed. What is written at once to all waits in the uplink's
 * queue, and the second flights of the first peers then wait behind the first flights of the last. A peer that learns of the block
 * elsewhere while it waits is not written to at all.
 *
 * Hold: where the connected signers can lock a block by themselves, the others are written a large one {@link HELD_MS} later. Half of the
 * signers lack a transaction of a block of 300 KB, and our answers to them would wait in the uplink behind 900 compact blocks. Connections
 * to all members, time to 240 signers against dashd alone: 0.49 and 0.51 at once, 0.44 and 0.44 held (simulated, two latency tables, 4 runs);
 * 95 % of all nodes then have it after 0.84 and 0.87 of dashd's time instead of 0.77 and 0.83. Those who have it by then are not written to.
 */
import type { PushPlace } from '../contracts/explained.js';
import { fill } from '../messages/fill.js';
import { PUSH_FORM, PUSH_RANK } from '../messages/push-plan.js';

export type PushRank = keyof typeof PUSH_RANK;
/** How a peer takes our compact blocks. */
export type PushFormCode = keyof typeof PUSH_FORM;
export type PushForm = 'full' | 'compact';

export interface PushPeer {
  /** `host:port` */
  readonly peer: string;
  /** `signer`: a member of the quorum that signs the next block; `member`: of another active ChainLock quorum. */
  readonly role: 'signer' | 'member' | 'other';
  /** The pool's own dashd: near, so its bytes do not count on the uplink. */
  readonly protected: boolean;
  /** The active ChainLock quorums that it is a member of, a number; not known: 1 for a signer or member. */
  readonly quorums?: number;
  /** There and back, milliseconds; unless known, it is taken for far. */
  readonly roundTripMs?: number | undefined;
  /** `chosen`: it asked for our compact blocks (high bandwidth). `taken`: it takes them unasked. `refused`: it does not, or is not known to. */
  readonly compact: PushFormCode;
}

export interface PushPlanInput {
  /** Connected peers. Those that are equal otherwise keep this order. */
  readonly peers: readonly PushPeer[];
  /** Of the relay's uplink. Unless given, it is not known to be limited. */
  readonly uplinkBytesPerSecond?: number | undefined;
  /** Members of the quorum that signs the next block, connected or not; unless given, none is known. */
  readonly signers?: number | undefined;
}

export interface PlannedPush {
  readonly peer: string;
  readonly rank: PushRank;
  /** The quorums that the rank follows from; 0 for `dashd` and `other`. */
  readonly quorums: number;
  /** Of a block that is sent in compact form to those who take it. */
  readonly form: PushForm;
  readonly formCode: PushFormCode;
}

export interface PushPlan {
  /** All peers of the input, the first to be written first. */
  readonly order: readonly PlannedPush[];
  /** Bytes of a whole block beyond which those who take compact blocks get one; infinite where nobody does. */
  readonly compactAbove: number;
  /** The speed at which writes are paced, bytes per second; unless given, all are made in one turn of the event loop. */
  readonly pace?: number;
  /** So many of the next block's signers are connected that they lock it without others. */
  readonly signersSuffice: boolean;
}

/** A write of a block. */
export interface PlannedWrite {
  readonly peer: string;
  readonly form: PushForm;
  /** On the uplink: none to the pool's own dashd. */
  readonly bytes: number;
  /** Milliseconds after the first, as far as the plan knows. */
  readonly afterMs: number;
  /** It is not to be made before so many milliseconds after the first, for the sake of the signers. */
  readonly heldMs: number;
}

/** Ten segments of 1,448 bytes (RFC 6928), less what goes along with a block: `getheaders` and `ping`. */
export const FIRST_FLIGHT_BYTES = 14_000;
/** For which whole blocks to all peers may occupy the uplink, milliseconds: less than the round trip that a missing transaction costs. */
const WHOLE_BLOCKS_MS = 5;
/** Of an uplink of which nothing is known, bytes per second: 1 Gbit/s. */
const ASSUMED_UPLINK = 125_000_000;
/** Below this a compact block saves little: a header, a coinbase and the messages around it remain. */
const MIN_COMPACT_BYTES = 1_000;
/**
 * How far writes run ahead of the uplink, milliseconds: no more than timers are late, since what waits in its queue delays what the pool's own
 * dashd sends over it.
 */
export const LEAD_MS = 5;
/**
 * Of a limited uplink: dashd and what peers ask for need the rest. 400 connections at 20 Mbit/s, a block of 300 KB, time to 240 signers against
 * dashd alone: 0.99 with all of the uplink and 20 ms ahead, 0.97 with 5 ms, 0.95 with this share of it (simulated, 8 runs).
 */
const UPLINK_SHARE = 0.8;

/** The question of a signer that lacks a transaction is here by then: a round trip within a continent, and what both sides take. */
const HELD_MS = 80;
/** Of a quorum's members: 60 % lock a block, and some of them are slow. */
const SUFFICIENT_SHARE = 0.8;
/** Bytes to the others that keep the uplink busy for less than this, milliseconds, hold up no answer that matters. */
const HELD_ABOVE_MS = 20;

/** Of a peer whose round trip is not known: more than any on earth. */
const FAR_MS = 10_000;
const RANKS: Readonly<Record<PushRank, number>> = { dashd: 0, signer: 1, member: 2, other: 3 };

/** Makes the plan: O(n log n) for n peers. @throws RangeError for an uplink that is not a positive number */
export function planPush({ peers, uplinkBytesPerSecond, signers }: PushPlanInput): PushPlan {
  if (uplinkBytesPerSecond !== undefined && !(uplinkBytesPerSecond > 0))
    throw new RangeError(`uplink: ${uplinkBytesPerSecond} bytes per second`);
  const order = peers
    .toSorted((one, other) => (one.roundTripMs ?? FAR_MS) - (other.roundTripMs ?? FAR_MS))
    .map(planned)
    .sort((one, other) => RANKS[one.rank] - RANKS[other.rank] || other.quorums - one.quorums);
  const remote = order.filter(({ rank }) => rank !== 'dashd').length;
  const wholeBytes = ((uplinkBytesPerSecond ?? ASSUMED_UPLINK) * WHOLE_BLOCKS_MS) / 1000;
  const isTaken = order.length === 0 || order.some(({ rank, form }) => rank !== 'dashd' && form === 'compact');
  const compactAbove = isTaken
    ? Math.max(MIN_COMPACT_BYTES, Math.min(FIRST_FLIGHT_BYTES, Math.floor(wholeBytes / remote)))
    : Infinity;
  const connected = order.filter(({ rank }) => rank === 'signer').length;
  return {
    order,
    compactAbove,
    signersSuffice: connected > 0 && signers !== undefined && connected >= SUFFICIENT_SHARE * signers,
    ...(uplinkBytesPerSecond !== undefined && { pace: UPLINK_SHARE * uplinkBytesPerSecond }),
  };
}

function planned({ peer, role, protected: isDashd, quorums, compact }: PushPeer): PlannedPush {
  const rank = isDashd ? 'dashd' : role;
  return {
    peer,
    rank,
    quorums: rank === 'dashd' || rank === 'other' ? 0 : (quorums ?? 1),
    form: compact === 'refused' ? 'full' : 'compact',
    formCode: compact,
  };
}

/** The bytes of a `block` message, and of the `cmpctblock` message if there is one: without, all get the block whole. */
export interface BlockBytes {
  readonly full: number;
  readonly compact?: number | undefined;
}

/** For how long a block is held back from those who do not sign it, milliseconds; 0 where it is not. */
export function heldMsOf(
  { order, compactAbove, pace, signersSuffice }: PushPlan,
  { full, compact }: BlockBytes,
): number {
  // At the speed of a limited uplink they come later anyway.
  if (!signersSuffice || pace !== undefined || compact === undefined || full <= compactAbove) return 0;
  let bytes = 0;
  for (const { rank, form } of order) if (isHeld(rank)) bytes += form === 'compact' ? compact : full;
  return (bytes / ASSUMED_UPLINK) * 1000 > HELD_ABOVE_MS ? HELD_MS : 0;
}

function isHeld(rank: PushRank): boolean {
  return rank === 'member' || rank === 'other';
}

/**
 * The writes of one block, in the plan's order. With a limited uplink, peers that are sent a large block whole come last: one whole block
 * takes as long as dozens of compact ones.
 */
export function writesOf(plan: PushPlan, bytes: BlockBytes): readonly PlannedWrite[] {
  const { order, compactAbove, pace } = plan;
  const { full, compact } = bytes;
  const held = heldMsOf(plan, bytes);
  const isCompact = compact !== undefined && full > compactAbove;
  const formOf = ({ form }: PlannedPush): PushForm => (isCompact ? form : 'full');
  const isLast = (one: PlannedPush): boolean =>
    pace !== undefined && isCompact && one.form === 'full' && one.rank !== 'dashd';
  let sent = 0;
  return [...order.filter((one) => !isLast(one)), ...order.filter(isLast)].map((one) => {
    const form = formOf(one);
    const size = form === 'compact' && compact !== undefined ? compact : full;
    const before = sent;
    sent += one.rank === 'dashd' ? 0 : size;
    const heldMs = isHeld(one.rank) ? held : 0;
    const afterMs = pace === undefined ? heldMs : Math.max(0, (before / pace) * 1000 - LEAD_MS);
    return { peer: one.peer, form, bytes: sent - before, afterMs, heldMs };
  });
}

/** Where a peer is in the plan, counted from 1, and why; undefined for a peer that the plan does not have. */
export function placeOf({ order }: PushPlan, peer: string): PushPlace | undefined {
  const at = order.findIndex((one) => one.peer === peer);
  const planned = order[at];
  return planned && { place: at + 1, of: order.length, ...reasonsOf(planned) };
}

export interface PushReasons {
  readonly order: { readonly code: PushRank; readonly text: string };
  readonly form: { readonly code: PushFormCode; readonly text: string };
}

/** Why a peer is where it is in the order, and gets the form that it gets. */
export function reasonsOf({ rank, quorums, formCode }: PlannedPush): PushReasons {
  return {
    order: { code: rank, text: fill(PUSH_RANK[rank], { quorums: quorums > 1 ? quorums : undefined }) },
    form: { code: formCode, text: PUSH_FORM[formCode] },
  };
}
