/** One peer's protocol as a pure function. See types.ts for the vocabulary; each sub-protocol has a file of its own. */
import type { PeerAddress } from '../wire/addr.js';
import type { Inbound } from '../wire/decoder.js';
import { INV } from '../wire/inventory.js';
import type { Message } from '../wire/registry.js';
import { begin, onVerack, onVersion } from './handshake.js';
import { keepAlive, onKeepAlivePong } from './keepalive.js';
import { ADDRESS_RATE, HANDSHAKE_TIMEOUT_MS, MAX_MALFORMED, MESSAGE_RATE, take } from './limits.js';
import { close, emit, send } from './outputs.js';
import { blocksInHeaders, expirePushes, onKnown, onPushPong, onWritten, push } from './push.js';
import { onGetdata, onGetheaders } from './serve.js';
import type { Input, Output, SessionContext, SessionState } from './types.js';

/** A session whose socket is not open yet. */
export function initialState(now: number): SessionState {
  return {
    phase: { name: 'connecting' },
    spare: undefined,
    ping: { due: Number.POSITIVE_INFINITY },
    pushes: [],
    knows: new Set(),
    messages: { left: MESSAGE_RATE.burst, at: now },
    addresses: { left: ADDRESS_RATE.burst, at: now },
    malformed: 0,
  };
}

/**
 * Advances a session.
 * @param now milliseconds, from the clock that stamps all inputs
 * @returns the next state and what is to be done, in order; a closed session does nothing more
 */
export function step(
  context: SessionContext,
  state: SessionState,
  input: Input,
  now: number,
): [SessionState, Output[]] {
  if (state.phase.name === 'closed') return [state, []];
  switch (input.type) {
    case 'connected':
      return begin(context, state, now);
    case 'received':
      return onInbound(context, state, input.inbound, now);
    case 'push':
      return push(context, state, input.block, now);
    case 'written':
      return onWritten(context, state, input.hash);
    case 'closed':
      return close(state, input.fault.code, input.fault.detail);
    case 'tick':
      return onTick(context, state, now);
  }
}

function onTick(context: SessionContext, state: SessionState, now: number): [SessionState, Output[]] {
  const { phase } = state;
  if (phase.name === 'ready') {
    const [pinged, outputs] = keepAlive(context, state, now);
    const [next, more] = expirePushes(pinged, now);
    return [next, [...outputs, ...more]];
  }
  if (phase.name === 'connecting' || phase.name === 'closed' || now - phase.since < HANDSHAKE_TIMEOUT_MS) {
    return [state, []];
  }
  return close(state, 'handshake timeout', `${phase.name} for ${HANDSHAKE_TIMEOUT_MS / 1000} s`);
}

function onInbound(
  context: SessionContext,
  before: SessionState,
  inbound: Inbound,
  now: number,
): [SessionState, Output[]] {
  const messages = take(before.messages, 1, MESSAGE_RATE, now);
  if (messages === undefined) return close(before, 'message flood', 'more messages than any node has reason to send');
  const state = { ...before, messages };
  switch (inbound.kind) {
    case 'fault':
      return onFault(state, inbound.fault);
    case 'unknown':
      return [state, [emit({ type: 'unknown command', command: inbound.command })]];
    case 'message':
      return onMessage(context, state, inbound.message, now);
  }
}

/** A checksum or framing that is wrong means a broken peer; a message we cannot read may be our own ignorance. */
function onFault(state: SessionState, fault: Extract<Inbound, { kind: 'fault' }>['fault']): [SessionState, Output[]] {
  const tolerable = fault.code === 'malformed' && state.phase.name === 'ready' && state.malformed < MAX_MALFORMED;
  if (!tolerable) return close(state, fault.code, fault.detail);
  return [{ ...state, malformed: state.malformed + 1 }, [emit({ type: 'malformed', detail: fault.detail })]];
}

function onMessage(
  context: SessionContext,
  state: SessionState,
  message: Message,
  now: number,
): [SessionState, Output[]] {
  if (message.command === 'version') return onVersion(state, message);
  if (message.command === 'verack') return onVerack(context, state, now);
  // Like Core, hear nothing else before the handshake is done.
  if (state.phase.name !== 'ready') return [state, []];
  switch (message.command) {
    case 'ping':
      return [state, [send({ command: 'pong', nonce: message.nonce })]];
    case 'pong':
      return onPushPong(state, message.nonce, now) ?? onKeepAlivePong(state, message.nonce, now) ?? [state, []];
    case 'inv':
      return onKnown(
        state,
        message.items.filter((item) => item.type === INV.block).map((item) => item.hash),
      );
    case 'headers':
      return onKnown(state, blocksInHeaders(context, state, message.headers));
    case 'getdata':
      return [state, onGetdata(context, message.items)];
    case 'getheaders':
      return [state, onGetheaders(context, message.locator, message.stop)];
    case 'addr':
    case 'addrv2':
      return onAddresses(state, message.addresses, now);
    default:
      // Wishes and goods we have no use for: sendheaders, sendcmpct, a block or transaction nobody asked for.
      return [state, []];
  }
}

function onAddresses(state: SessionState, told: readonly PeerAddress[], now: number): [SessionState, Output[]] {
  const addresses = take(state.addresses, told.length, ADDRESS_RATE, now);
  if (addresses === undefined) return close(state, 'address flood', 'more addresses than any node has reason to send');
  return [{ ...state, addresses }, [emit({ type: 'addresses', addresses: told })]];
}
