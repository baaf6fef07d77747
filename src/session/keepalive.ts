/** Keep-alive (BIP 31): a ping per minute. Its pong shows that the peer is alive and measures the round-trip time. */
import { fill } from '../messages/fill.js';
import { SESSION } from '../messages/peers.js';
import { PING_INTERVAL_MS, PONG_TIMEOUT_MS } from './limits.js';
import { close, emit, send } from './outputs.js';
import type { Output, SessionContext, SessionState } from './types.js';

export function keepAlive(context: SessionContext, state: SessionState, now: number): [SessionState, Output[]] {
  const { ping } = state;
  if ('due' in ping) {
    if (now < ping.due) return [state, []];
    const nonce = context.random.u64();
    return [{ ...state, ping: { nonce, since: now } }, [send({ command: 'ping', nonce })]];
  }
  if (now - ping.since < PONG_TIMEOUT_MS) return [state, []];
  return close(state, 'no-pong', fill(SESSION['no-pong'], { seconds: PONG_TIMEOUT_MS / 1000 }));
}

/** Handles the pong to the keep-alive ping. @returns undefined when the nonce belongs to another ping */
export function onKeepAlivePong(state: SessionState, nonce: bigint, now: number): [SessionState, Output[]] | undefined {
  const { ping } = state;
  if ('due' in ping || ping.nonce !== nonce) return undefined;
  return [{ ...state, ping: { due: now + PING_INTERVAL_MS } }, [emit({ type: 'round-trip', ms: now - ping.since })]];
}
