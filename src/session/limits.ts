/** The bounds a peer must keep. Each constant's unit is in its name. */
import { MINUTE_MS, SECOND_MS } from '../time.js';
import type { SessionState } from './types.js';

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

/** A well-behaved node sends a handful of messages a second; headers and inventories come in large messages. */
export const MESSAGES_PER_SECOND = 200;
export const MESSAGES_BURST = 2_000;
/** A new protocol version may send what we cannot read; a broken peer sends nothing else. */
export const MAX_MALFORMED = 20;
/** Enough for 100 blocks in rapid succession and what the network finds meanwhile. */
export const MAX_KNOWN_BLOCKS = 512;

/** Takes one message from the bucket, which refills at {@link MESSAGES_PER_SECOND}; `undefined` when it is empty. */
export function takeAllowance(
  allowance: SessionState['allowance'],
  now: number,
): SessionState['allowance'] | undefined {
  const refill = ((now - allowance.at) / SECOND_MS) * MESSAGES_PER_SECOND;
  const messages = Math.min(MESSAGES_BURST, allowance.messages + Math.max(0, refill)) - 1;
  return messages < 0 ? undefined : { messages, at: now };
}
