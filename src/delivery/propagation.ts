/**
 * How fast a block spread, from what the witnesses announced (docs/witnesses.md). Pure.
 *
 * A witness may lie, be slow, or say nothing. The figure is the time until half of them had the block, those that said nothing counted as
 * later than all others: as long as fewer than half of them are wrong, it is between times of right ones. An announcement of a block of ours that came before it can have
 * been at the witness does not count: its way back alone takes half of a round trip.
 */
import type { Propagation, Sight, WitnessWay } from '../contracts/propagation.js';
import { toMicroseconds } from './ledger.js';

/** A witness when a block came. */
export interface Witness {
  /** `host:port` */
  readonly peer: string;
  /** ISO 3166-1 alpha-2 */
  readonly country?: string | undefined;
  /** The shortest there was, ms: whatever delays an answer makes it longer. Undefined while none was measured. */
  readonly roundTripMs?: number | undefined;
}

export interface Announcement {
  /** Monotonic, ms. */
  readonly at: number;
  readonly by: WitnessWay;
}

export interface PropagationInput {
  readonly own: boolean;
  readonly height?: number | undefined;
  /** What the times count from; monotonic, ms. */
  readonly origin: number;
  readonly witnesses: readonly Witness[];
  /** By peer. */
  readonly announcements: ReadonlyMap<string, Announcement>;
}

/** With fewer, one of them would decide. */
const MIN_WITNESSES = 3;
/** Its shortest round trip may have been measured once, on a busy machine, ms. */
const TOLERANCE_MS = 20;
/** A witness that delays its answers cannot claim to have had a block long before it said so, ms. */
const MAX_WAY_BACK_MS = 500;

export function propagationOf({ own, height, origin, witnesses, announcements }: PropagationInput): Propagation {
  const sights = witnesses.map((one) => sightOf(one, announcements.get(one.peer), origin, own)).sort(bySeen);
  const asked = sights.filter(({ state }) => state !== 'early').length;
  const times = sights.flatMap(({ state, seenMs }) => (state === 'counted' ? (seenMs ?? []) : []));
  const median = asked < MIN_WITNESSES ? undefined : times[Math.ceil(asked / 2) - 1];
  const [first] = times;
  const last = times.at(-1);
  return {
    own,
    ...(height !== undefined && { height }),
    witnesses: asked,
    seen: times.length,
    ...(first !== undefined && { firstMs: first }),
    ...(median !== undefined && { medianMs: median }),
    ...(last !== undefined && { lastMs: last }),
    sights,
  };
}

/** When a peer had a block that it announced at `at`. @param roundTripMs the shortest; undefined when there was none */
export function seenAt(at: number, roundTripMs: number | undefined): number {
  return at - Math.min(MAX_WAY_BACK_MS, (roundTripMs ?? 0) / 2);
}

function sightOf(
  { peer, country, roundTripMs }: Witness,
  said: Announcement | undefined,
  origin: number,
  own: boolean,
): Sight {
  const who = { peer, ...(country !== undefined && { country }) };
  if (said === undefined) return { ...who, state: 'unseen' };
  const announcedMs = toMicroseconds(said.at - origin);
  const hadMs = seenAt(said.at, roundTripMs) - origin;
  // Nobody has a block of ours before we do.
  const isEarly = own && (announcedMs < 0 || hadMs < -TOLERANCE_MS);
  const seenMs = toMicroseconds(own && !isEarly ? Math.max(0, hadMs) : hadMs);
  return { ...who, state: isEarly ? 'early' : 'counted', way: said.by, announcedMs, seenMs };
}

function bySeen(a: Sight, b: Sight): number {
  return (a.seenMs ?? Number.POSITIVE_INFINITY) - (b.seenMs ?? Number.POSITIVE_INFINITY) || (a.peer < b.peer ? -1 : 1);
}
