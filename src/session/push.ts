/**
 * Pushing a block, and the proof of it.
 *
 *   us                          peer
 *   block, ping(n)        →                  sent
 *                                            written: the kernel took the last byte
 *                         ←     pong(n)      acknowledged: messages are handled in order, so the block was processed
 *   getheaders(parent)    →
 *                         ←     headers      accepted: the block is in the peer's chain
 *                         ←     inv(block)   accepted as well, whenever it comes
 *
 * The ping's nonce is this peer's alone: one that has not read the block to its end cannot know it. dashd announces only
 * its newest block by inv, so of blocks in rapid succession some are never announced; the question behind the pong
 * makes each of them provable.
 */
import { encodeFrame } from '../wire/frame.js';
import type { Hash } from '../wire/reader.js';
import { ACKNOWLEDGE_TIMEOUT_MS, MAX_KNOWN_BLOCKS, PROTOCOL_VERSION } from './limits.js';
import { close, emit, send } from './outputs.js';
import type { Output, Push, PushBlock, SessionContext, SessionState, Spare } from './types.js';

/**
 * True when a block is to be written to this peer: it has finished its handshake, has not shown to know the block and is not being sent
 * it. Asked of twenty peers in a row while a block waits, so this is all that is asked before their sockets have it.
 */
export function wants({ phase, knows, pushes }: SessionState, hash: Hash): boolean {
  return phase.name === 'ready' && !knows.has(hash) && !pushes.some((one) => one.hash === hash);
}

/** Takes note of a block that is on its way to the peer, and sends the ping behind it; nothing, to a peer that does not want it. */
export function push(
  context: SessionContext,
  state: SessionState,
  block: PushBlock,
  now: number,
): [SessionState, Output[]] {
  const { hash } = block;
  if (!wants(state, hash)) {
    const hasIt = state.phase.name === 'ready' && state.knows.has(hash);
    return [state, hasIt ? [emit({ type: 'proof', hash, stage: 'already had' })] : []];
  }
  const { nonce, frame } = state.spare ?? sparePing(context);
  const begun: Push = { hash, header: block.header, previous: block.previous, nonce, since: now, stage: 'sent' };
  return [{ ...state, pushes: [...state.pushes, begun], spare: undefined }, [{ type: 'write', bytes: frame }]];
}

export function sparePing({ random, network }: SessionContext): Spare {
  const nonce = random.u64();
  return { nonce, frame: encodeFrame(network.magic, { command: 'ping', nonce }) };
}

export function onWritten(context: SessionContext, state: SessionState, hash: Hash): [SessionState, Output[]] {
  const pending = state.pushes.find((one) => one.hash === hash && one.stage === 'sent');
  if (pending === undefined) return [state, []];
  const next = { ...advance(state, pending, 'written'), spare: state.spare ?? sparePing(context) };
  return [next, [emit({ type: 'proof', hash, stage: 'written' })]];
}

/** A pong to a push's ping; `undefined` when the nonce is none of theirs. */
export function onPushPong(state: SessionState, nonce: bigint, now: number): [SessionState, Output[]] | undefined {
  const pending = state.pushes.find((one) => one.nonce === nonce && one.stage !== 'acknowledged');
  if (pending === undefined) return undefined;
  return [
    advance(state, pending, 'acknowledged'),
    [
      emit({ type: 'proof', hash: pending.hash, stage: 'acknowledged' }),
      emit({ type: 'round trip', ms: now - pending.since }),
      send({ command: 'getheaders', version: PROTOCOL_VERSION, locator: [pending.previous], stop: pending.hash }),
    ],
  ];
}

/** The peer showed to know these blocks: by `inv`, or by their headers. */
export function onKnown(state: SessionState, hashes: readonly Hash[]): [SessionState, Output[]] {
  // More than are kept would only hold the event loop: a real node names one block at a time.
  const fresh = [...new Set(hashes.slice(-MAX_KNOWN_BLOCKS))].filter((hash) => !state.knows.has(hash));
  if (fresh.length === 0) return [state, []];
  const accepted = state.pushes.filter((one) => fresh.includes(one.hash));
  return [
    {
      ...state,
      knows: new Set([...state.knows, ...fresh].slice(-MAX_KNOWN_BLOCKS)),
      pushes: accepted.length === 0 ? state.pushes : state.pushes.filter((one) => !accepted.includes(one)),
    },
    [
      ...fresh.map((hash) => emit({ type: 'announced', hash })),
      ...accepted.map((one) => emit({ type: 'proof', hash: one.hash, stage: 'accepted' })),
    ],
  ];
}

/**
 * The blocks that a `headers` message shows. Ours are recognised by their bytes; of the others only the last, the tip, is worth
 * the hash: 2,000 X11 hashes would hold the event loop for 90 ms.
 */
export function blocksInHeaders(
  context: SessionContext,
  state: SessionState,
  headers: readonly Buffer[],
): readonly Hash[] {
  const pushed = new Map(state.pushes.map((one) => [one.header.toString('latin1'), one.hash]));
  const ours = headers.flatMap((header) => pushed.get(header.toString('latin1')) ?? []);
  const last = headers.at(-1);
  if (last === undefined || pushed.has(last.toString('latin1'))) return ours;
  return [...ours, context.hashHeader(last)];
}

/** Gives up on a peer that holds on to a block without a word, and forgets pushes nobody will ask about any more. */
export function expirePushes(state: SessionState, now: number): [SessionState, Output[]] {
  const due = state.pushes.filter((one) => now - one.since >= ACKNOWLEDGE_TIMEOUT_MS);
  if (due.length === 0) return [state, []];
  if (due.some((one) => one.stage !== 'acknowledged')) {
    return close(state, 'block not acknowledged', `no pong behind a block within ${ACKNOWLEDGE_TIMEOUT_MS / 1000} s`);
  }
  return [{ ...state, pushes: state.pushes.filter((one) => !due.includes(one)) }, []];
}

function advance(state: SessionState, one: Push, stage: Push['stage']): SessionState {
  return { ...state, pushes: state.pushes.map((other) => (other === one ? { ...one, stage } : other)) };
}
