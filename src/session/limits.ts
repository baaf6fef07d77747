/** The bounds a peer must keep. Each constant's unit is in its name. */
import { MINUTE_MS, SECOND_MS } from '../time.js';
import type { Allowance } from './types.js';

/** Core gives an inbound peer 60 s; we have nineteen others to talk to. */
export const HANDSHAKE_TIMEOUT_MS = 10 * SECOND_MS;
export const PING_INTERVAL_MS = MINUTE_MS;
/** Also what ends a peer that drips bytes: a pong cannot overtake the message it is stuck in. */
export const PONG_TIMEOUT_MS = 30 * SECOND_MS;
/** A 2 MB block over a thin line takes its time; after this the peer is of no use in a race. */
export const ACKNOWLEDGE_TIMEOUT_MS = 30 * SECOND_MS;

/** Dash Core's MIN_PEER_PROTO_VERSION (version.h). */
export const MIN_PROTOCOL_VERSION = 70221;
/** The version whose rules we follow. */
export const PROTOCOL_VERSION = 70240;

/** A bucket of what a peer may send: so much at once, and so much more as time goes on. */
interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** A well-behaved node sends a handful of messages a second; headers and inventories come in large messages. */
export const MESSAGE_RATE: Rate = { burst: 2_000, perSecond: 200 };
/**
 * dashd answers `getaddr` with 1,000 addresses at most and passes on a few a minute (Core `net_processing.cpp`). What the book
 * takes of them is its own affair; but a thousand take milliseconds to read, and nobody may spend our time without end.
 */
export const ADDRESS_RATE: Rate = { burst: 5_000, perSecond: 10 };
/** A new protocol version may send what we cannot read; a broken peer sends nothing else. */
export const MAX_MALFORMED = 20;
/** Enough for 100 blocks in rapid succession and what the network finds meanwhile. */
export const MAX_KNOWN_BLOCKS = 512;

/** Takes from a bucket; `undefined` when there is not enough in it. */
export function take(
  allowance: Allowance,
  count: number,
  { burst, perSecond }: Rate,
  now: number,
): Allowance | undefined {
  const refill = (Math.max(0, now - allowance.at) / SECOND_MS) * perSecond;
  const left = Math.min(burst, allowance.left + refill) - count;
  return left < 0 ? undefined : { left, at: now };
}
