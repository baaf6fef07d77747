/** One peer's protocol as a pure function. types.ts declares states, inputs and outputs; each sub-protocol is a file. */

import { fullBucket } from '../common/token-bucket.js';
import { fill } from '../messages/fill.js';
import { SESSION } from '../messages/peers.js';
import type { Announced, Inbound } from '../wire/decoder.js';
import { INV, type InventoryItem } from '../wire/inventory.js';
import type { Hash } from '../wire/reader.js';
import type { Command, Message } from '../wire/registry.js';
import { expirePushes, onHeaders, onKnown, onPushPong } from './answers.js';
import { onGetblocktxn, onSendcmpct } from './compact.js';
import { NO_COMPACT_USE } from './form.js';
import { begin, onMnauth, onVerack, onVersion } from './handshake.js';
import { keepAlive, onKeepAlivePong } from './keepalive.js';
import { KnownBlocks } from './known-blocks.js';
import {
  charge,
  fullBudget,
  grant,
  HANDSHAKE_TIMEOUT_MS,
  MAX_ANNOUNCED_BLOCKS,
  MAX_MALFORMED,
  SERVE_AGAIN_RATE,
} from './limits.js';
import { onAnnouncedLocks } from './locks.js';
import { close, emit, send } from './outputs.js';
import { askAnew, offer, onWritten, pump, push, sparePing } from './push.js';
import { onGetdata, onGetheaders } from './serve.js';
import type { Budget, Input, LockCommand, Output, SessionContext, SessionState } from './types.js';
import { onWitness } from './witness.js';

/**
 * Commands whose payload is not read: a session does not use blocks, transactions, locks or answers that it did not request. What is locked,
 * dashd says.
 */
export const UNWANTED: ReadonlySet<string> = new Set<Command>([
  'block',
  'tx',
  'notfound',
  'cmpctblock',
  'blocktxn',
  'clsig',
  'isdlock',
]);

/** The state of a session whose socket is not open yet. @param near true for the pool's own dashd */
export function initialState(now: number, near = false): SessionState {
  return {
    phase: { name: 'connecting' },
    spare: undefined,
    ping: { due: Number.POSITIVE_INFINITY },
    pushes: [],
    queue: [],
    proven: false,
    compact: NO_COMPACT_USE,
    near,
    progressAt: now,
    knows: KnownBlocks.NONE,
    chainLocks: [],
    budget: fullBudget(now),
    served: new Set(),
    serveAgain: fullBucket(SERVE_AGAIN_RATE, now),
    malformed: 0,
  };
}

/**
 * Advances a session.
 * @param now milliseconds of the monotonic clock
 * @returns the next state and the outputs, in order; a closed session has none
 */
export function step(
  context: SessionContext,
  state: SessionState,
  input: Input,
  now: number,
): [SessionState, Output[]] {
  if (state.phase.name === 'closed') return [state, []];
  const [next, outputs] = advance(context, state, input, now);
  const budget = granted(next.budget, outputs);
  const answerable = budget === next.budget ? next : { ...next, budget };
  if (next.queue.length === 0) return [answerable, outputs];
  const [pumped, more] = pump(context, answerable, now);
  return [pumped, [...outputs, ...more]];
}

/** Grants the answers to our messages ({@link GRANTS}); those of a push are granted in push.ts. */
function granted(before: Budget, outputs: readonly Output[]): Budget {
  let budget = before;
  for (const output of outputs) if (output.type === 'send') budget = grant(budget, output.message.command);
  return budget;
}

function advance(context: SessionContext, state: SessionState, input: Input, now: number): [SessionState, Output[]] {
  switch (input.type) {
    case 'connected':
      return begin(context, state, now);
    case 'received':
      return onInbound(context, state, input.inbound, now);
    case 'push':
      return push(context, state, input.block, input.sent, now);
    case 'offer':
      return offer(state, input.block);
    case 'written':
      return onWritten(state, input.hash, now);
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
  return close(
    state,
    'handshake-timeout',
    fill(SESSION['handshake-timeout'], { phase: phase.name, seconds: HANDSHAKE_TIMEOUT_MS / 1000 }),
  );
}

function onInbound(
  context: SessionContext,
  state: SessionState,
  inbound: Inbound | Announced,
  now: number,
): [SessionState, Output[]] {
  switch (inbound.kind) {
    case 'header': {
      const charged = charge(state.budget, inbound.command, inbound.length, now);
      return 'code' in charged ? close(state, charged.code, charged.detail) : [{ ...state, budget: charged }, []];
    }
    case 'fault':
      return onFault(state, inbound.fault);
    case 'unknown':
      return [state, [emit({ type: 'unknown-command', command: inbound.command })]];
    case 'unwanted':
      return [state, isLock(inbound.command) ? [emit({ type: 'ignored-lock', command: inbound.command })] : []];
    case 'message':
      return onMessage(context, state, inbound.message, now);
  }
}

/** A bad checksum or frame means a broken peer; a malformed payload may be a newer protocol and is tolerated up to a limit. */
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
  // As in Core, other messages are ignored until the handshake is complete.
  if (state.phase.name !== 'ready') return [state, []];
  const witnessed = context.witness && onWitness(context, state, message, blocksOf(message), now);
  if (witnessed !== undefined) return witnessed;
  switch (message.command) {
    case 'ping':
      return [state, [send({ command: 'pong', nonce: message.nonce })]];
    case 'pong':
      return onPong(context, state, message.nonce, now);
    case 'inv':
      return onAnnouncedLocks(onKnown(state, blocksIn(message.items)), message.items);
    case 'headers':
      return onHeaders(context, state, message.headers);
    case 'getdata':
      return onGetdata(context, state, message.items, now);
    case 'getblocktxn':
      return onGetblocktxn(context, state, message, now, (next, push, block) =>
        askAnew(context, next, push, block, now),
      );
    case 'mnauth':
      return onMnauth(state, message);
    case 'sendcmpct':
      return onSendcmpct(state, message);
    case 'getheaders':
      return [state, onGetheaders(context, message.locator, message.stop)];
    case 'addr':
    case 'addrv2':
      return [state, [emit({ type: 'addresses', addresses: message.addresses })]];
    default:
      // Preferences that a session does not use, such as sendheaders.
      return [state, []];
  }
}

function isLock(command: string): command is LockCommand {
  return command === 'clsig' || command === 'isdlock';
}

/** Builds the ping for the next block, too: not sooner, when other peers' sockets have just been written to and their answers are due. */
function onPong(context: SessionContext, state: SessionState, nonce: bigint, now: number): [SessionState, Output[]] {
  const [next, outputs] = onPushPong(state, nonce, now) ?? onKeepAlivePong(state, nonce, now) ?? [state, []];
  return [next.spare === undefined ? { ...next, spare: sparePing(context) } : next, outputs];
}

function blocksOf(message: Message): readonly Hash[] {
  return message.command === 'inv' ? blocksIn(message.items) : [];
}

/** The last {@link MAX_ANNOUNCED_BLOCKS} announced blocks; a node announces a few at a time. */
function blocksIn(items: readonly InventoryItem[]): readonly Hash[] {
  const hashes: Hash[] = [];
  for (let at = items.length - 1; at >= 0 && hashes.length < MAX_ANNOUNCED_BLOCKS; at -= 1) {
    const item = items[at];
    if (item?.type === INV.block) hashes.push(item.hash);
  }
  return hashes.reverse();
}
