/**
 * Pushing a block, and the proof of it.
 *
 *   us                                  peer
 *   block, getheaders(parent), ping(n)  →      sent
 *                                              written: the kernel took the last byte
 *                                       ←      headers, pong(n)
 *                                              acknowledged: messages are handled in order, so the block was processed
 *                                              accepted: its header is in the answer, so it is in the peer's chain
 *                                              failed, not-in-chain: there is an answer, and the block is not in it
 *                                       ←      inv(block)   accepted as well, whenever it comes behind the pong
 *
 * The ping's nonce is this peer's alone: one that has not read the block to its end cannot know it. So nothing the peer says of the
 * block counts before the pong. The answer comes from the peer's active chain (Dash Core `net_processing.cpp`, GETHEADERS), after
 * the block was processed: without the block in it, a pong proves nothing.
 *
 * Blocks that come faster than a peer takes them wait in a queue: what we wrote in a burst is no sign of a peer that does not read. The
 * newest chain goes first, and in it the parent before the child.
 */
import { encodeFrame } from '../wire/frame.js';
import { type Hash, hashFromWire } from '../wire/reader.js';
import {
  ACKNOWLEDGE_TIMEOUT_MS,
  ASK_AGAIN_AFTER_MS,
  grant,
  MAX_IN_FLIGHT,
  MAX_IN_FLIGHT_BYTES,
  MAX_IN_FLIGHT_UNPROVEN,
  MAX_KNOWN_BLOCKS,
  MAX_PUSHES_OF_A_BLOCK,
  MAX_QUEUED_BLOCKS,
  MAX_UNPROVEN,
  PROTOCOL_VERSION,
} from './limits.js';
import { close, emit, send } from './outputs.js';
import type { Answer, Output, Push, PushBlock, Queued, SessionContext, SessionState, Spare } from './types.js';

/** Where a header names its parent, in wire order. */
const PREVIOUS = { from: 4, to: 36 } as const;

/** Why a push failed although the peer is still connected. `not-in-chain`: the peer says so, or its parent is not. */
export type PushFault = 'not-in-chain' | 'queue-full' | 'out-of-memory';

/**
 * True when a block is to be written to this peer at once: it has finished its handshake, lacks the block as far as we know, and has room
 * for it. Asked of twenty peers in a row while a block waits, so this is all that is asked before their sockets have it.
 */
export function wants(state: SessionState, block: PushBlock): boolean {
  return isNews(state, block.hash) && !lacks(state, block.previous) && state.queue.length === 0 && hasRoom(state);
}

/** True when the peer has finished its handshake, has not shown to know the block, and is not being sent it. */
function isNews({ phase, knows, pushes }: SessionState, hash: Hash): boolean {
  return phase.name === 'ready' && !knows.has(hash) && !pushes.some((one) => one.hash === hash && !mayRepeat(one));
}

/** A block whose parent came too late is dropped by the peer, so it must be sent again. */
function mayRepeat({ stage, answer, times }: Push): boolean {
  return stage === 'acknowledged' && answer === 'absent' && times < MAX_PUSHES_OF_A_BLOCK;
}

/** The peer was sent this block, and its chain does not have it: each block on top would cost us 10 of 100 points there. */
function lacks({ pushes }: SessionState, hash: Hash): boolean {
  return pushes.some((one) => one.hash === hash && one.stage === 'acknowledged' && one.answer === 'absent');
}

/** Few blocks at first: a peer that turns out to lack their parent counts 10 points for each. */
function hasRoom({ pushes, proven }: SessionState): boolean {
  let [count, bytes] = [0, 0];
  for (const one of pushes) {
    if (one.stage === 'acknowledged') continue;
    count += 1;
    bytes += one.bytes;
  }
  return count < (proven ? MAX_IN_FLIGHT : MAX_IN_FLIGHT_UNPROVEN) && bytes < MAX_IN_FLIGHT_BYTES;
}

/**
 * Takes note of a block that is to go to the peer.
 * @param question the frame of {@link questionOf}, when the block's own frame has just been handed to the socket; undefined: it has not
 */
export function push(
  context: SessionContext,
  state: SessionState,
  block: PushBlock,
  question: Buffer | undefined,
  now: number,
): [SessionState, Output[]] {
  const { hash, previous } = block;
  if (question !== undefined) {
    const [next, ping] = begin(context, state, block, now);
    return [next, [{ type: 'write', bytes: question }, ping]];
  }
  if (isOnItsWay(state, hash)) return [state, []];
  if (state.phase.name === 'ready' && state.knows.has(hash)) {
    return [state, [emit({ type: 'proof', hash, stage: 'already-had' })]];
  }
  if (!isNews(state, hash)) return [state, []];
  return enqueue(state, { hash, previous });
}

/** The question behind a block, as a message: the same for all peers. */
export function questionOf(magic: Buffer, { hash, previous }: Pick<PushBlock, 'hash' | 'previous'>): Buffer {
  return encodeFrame(magic, { command: 'getheaders', version: PROTOCOL_VERSION, locator: [previous], stop: hash });
}

function begin(context: SessionContext, state: SessionState, block: PushBlock, now: number): [SessionState, Output] {
  const { hash, previous, frame } = block;
  const { nonce, frame: ping } = state.spare ?? sparePing(context);
  const before = state.pushes.find((one) => one.hash === hash);
  const begun: Push = {
    hash,
    previous,
    nonce,
    bytes: frame.length,
    since: now,
    stage: 'sent',
    times: (before?.times ?? 0) + 1,
    asked: 0,
  };
  const others = before === undefined ? state.pushes : state.pushes.filter((one) => one !== before);
  return [
    {
      ...state,
      pushes: [...others, begun],
      spare: undefined,
      progressAt: others.some(isInFlight) ? state.progressAt : now,
      // What is to be answered is no flood.
      budget: grant(grant(grant(state.budget, 'block'), 'getheaders'), 'ping'),
    },
    { type: 'write', bytes: ping },
  ];
}

/**
 * Puts a block in the queue: behind its parent where that is the last one, else in front of what does not belong to its chain, for then
 * it is the newest tip.
 */
export function enqueue(state: SessionState, block: Queued): [SessionState, Output[]] {
  const { queue } = state;
  if (queue.some(({ hash }) => hash === block.hash)) return [state, []];
  if (queue.length >= MAX_QUEUED_BLOCKS) return [state, [failed(block.hash, 'queue-full')]];
  if (queue.length === 0 || queue.at(-1)?.hash === block.previous) {
    return [{ ...state, queue: [...queue, block] }, []];
  }
  const waiting = new Map(queue.map((one) => [one.hash, one]));
  const chain = [block];
  for (let parent = waiting.get(block.previous); parent !== undefined; parent = waiting.get(parent.previous)) {
    chain.unshift(parent);
    waiting.delete(parent.hash);
  }
  return [{ ...state, queue: [...chain, ...waiting.values()] }, []];
}

/** Sends what waits, as far as there is room. */
export function pump(context: SessionContext, before: SessionState, now: number): [SessionState, Output[]] {
  let state = before;
  const outputs: Output[] = [];
  while (state.phase.name === 'ready' && hasRoom(state)) {
    const [next, ...rest] = state.queue;
    if (next === undefined) break;
    state = { ...state, queue: rest };
    const block = context.recent.get(next.hash);
    if (block === undefined) outputs.push(failed(next.hash, 'out-of-memory'));
    else if (lacks(state, next.previous)) outputs.push(failed(next.hash, 'not-in-chain'));
    else {
      const [begun, ping] = begin(context, state, block, now);
      state = begun;
      const question: Output = { type: 'write', bytes: questionOf(context.network.magic, block) };
      outputs.push({ type: 'block', block }, question, ping);
    }
  }
  return [state, outputs];
}

export function sparePing({ random, network }: SessionContext): Spare {
  const nonce = random.u64();
  return { nonce, frame: encodeFrame(network.magic, { command: 'ping', nonce }) };
}

export function onWritten(
  context: SessionContext,
  state: SessionState,
  hash: Hash,
  now: number,
): [SessionState, Output[]] {
  const pending = state.pushes.find((one) => one.hash === hash && one.stage === 'sent');
  if (pending === undefined) return [state, []];
  const next = replace(state, pending, { ...pending, stage: 'written' });
  return [
    { ...next, progressAt: now, spare: state.spare ?? sparePing(context) },
    [emit({ type: 'proof', hash, stage: 'written' })],
  ];
}

/** A pong to a push's ping; `undefined` when the nonce is none of theirs. */
export function onPushPong(state: SessionState, nonce: bigint, now: number): [SessionState, Output[]] | undefined {
  const pending = state.pushes.find((one) => one.nonce === nonce && isInFlight(one));
  if (pending === undefined) return undefined;
  const { hash, answer, rival } = pending;
  const roundTrip = emit({ type: 'round-trip', ms: now - pending.since });
  const acknowledged = emit({
    type: 'proof',
    hash,
    stage: 'acknowledged',
    ...(rival !== undefined && { rival }),
  });
  const kept = { ...state, progressAt: now };
  if (answer === 'shown') {
    const pushes = state.pushes.filter((one) => one !== pending);
    return [{ ...kept, pushes, proven: true }, [acknowledged, roundTrip, accepted(hash)]];
  }
  const proven = answer === 'absent' ? false : kept.proven;
  const next = bounded(replace({ ...kept, proven }, pending, { ...pending, stage: 'acknowledged' }));
  return [next, [answer === 'absent' ? failed(hash, 'not-in-chain') : acknowledged, roundTrip]];
}

/** The peer showed to know these blocks: by `inv`, or by their headers. */
export function onKnown(state: SessionState, hashes: readonly Hash[]): [SessionState, Output[]] {
  // More than are kept would only hold the event loop: a real node names one block at a time.
  const shown = new Set(hashes.slice(-MAX_KNOWN_BLOCKS));
  const fresh = [...shown].filter((hash) => !state.knows.has(hash));
  const proven = state.pushes.filter((one) => shown.has(one.hash) && one.stage === 'acknowledged');
  const pushes = state.pushes
    .filter((one) => !proven.includes(one))
    .map((one): Push => (shown.has(one.hash) ? { ...one, answer: 'shown' } : one));
  return [
    {
      ...state,
      knows: fresh.length === 0 ? state.knows : new Set([...state.knows, ...fresh].slice(-MAX_KNOWN_BLOCKS)),
      pushes,
      proven: state.proven || proven.length > 0,
    },
    [...fresh.map((hash) => emit({ type: 'announced', hash })), ...proven.map(({ hash }) => accepted(hash))],
  ];
}

/**
 * An answer to a question of ours, or an announcement. What comes before a push's pong answers the question in front of it. A single header on the
 * same parent is a rival of equal work: the peer keeps our block beside it.
 */
export function onHeaders(
  context: SessionContext,
  state: SessionState,
  headers: readonly Buffer[],
): [SessionState, Output[]] {
  const [next, outputs] = onKnown(state, blocksInHeaders(context, headers));
  const asked = next.pushes.find(isInFlight);
  if (asked === undefined || asked.answer === 'shown') return [next, outputs];
  const [first] = headers;
  const isRival = headers.length === 1 && first !== undefined && previousOf(first) === asked.previous;
  const answer: Answer = isRival ? 'rival' : 'absent';
  const { rival: _before, ...rest } = asked;
  const read = { ...rest, answer, ...(isRival && { rival: context.hashHeader(first) }) };
  return [replace(next, asked, read), outputs];
}

/**
 * The blocks that a `headers` message shows. Ours are recognised by their bytes; of the others only the last, the tip, is worth
 * the hash: 2,000 X11 hashes would hold the event loop for 90 ms.
 */
function blocksInHeaders(context: SessionContext, headers: readonly Buffer[]): readonly Hash[] {
  const ours = headers.flatMap((header) => context.recent.byHeader(header)?.hash ?? []);
  const last = headers.at(-1);
  if (last === undefined || context.recent.byHeader(last) !== undefined) return ours;
  return [...ours, context.hashHeader(last)];
}

/**
 * Gives up on a peer that takes nothing and says nothing, asks again about blocks that were not in its chain, and forgets those nobody will
 * ask about any more.
 */
export function expirePushes(state: SessionState, now: number): [SessionState, Output[]] {
  if (state.pushes.some(isInFlight) && now - state.progressAt >= ACKNOWLEDGE_TIMEOUT_MS) {
    return close(state, 'block-not-acknowledged', `no pong behind a block within ${ACKNOWLEDGE_TIMEOUT_MS / 1000} s`);
  }
  const isPast = (one: Push) => !isInFlight(one) && now - one.since >= ACKNOWLEDGE_TIMEOUT_MS;
  const due = state.pushes.filter((one) => !isPast(one) && isDueAgain(one, now));
  if (due.length === 0 && !state.pushes.some(isPast)) return [state, []];
  const pushes = state.pushes
    .filter((one) => !isPast(one))
    .map((one) => (due.includes(one) ? { ...one, asked: one.asked + 1 } : one));
  return [
    { ...state, pushes },
    due.map(({ hash, previous }) =>
      send({ command: 'getheaders', version: PROTOCOL_VERSION, locator: [previous], stop: hash }),
    ),
  ];
}

function isDueAgain({ stage, since, asked }: Push, now: number): boolean {
  const after = ASK_AGAIN_AFTER_MS[asked];
  return stage === 'acknowledged' && after !== undefined && now - since >= after;
}

/** The peer has yet to answer for it. */
function isInFlight({ stage }: Push): boolean {
  return stage !== 'acknowledged';
}

/** The peer is being sent it, or will be. */
export function isOnItsWay({ pushes, queue }: SessionState, hash: Hash): boolean {
  return pushes.some((one) => one.hash === hash && isInFlight(one)) || queue.some((one) => one.hash === hash);
}

/** The oldest of those that were never proven go first. */
function bounded(state: SessionState): SessionState {
  const surplus = state.pushes.filter((one) => !isInFlight(one)).slice(0, -MAX_UNPROVEN);
  return surplus.length === 0 ? state : { ...state, pushes: state.pushes.filter((one) => !surplus.includes(one)) };
}

function accepted(hash: Hash): Output {
  return emit({ type: 'proof', hash, stage: 'accepted' });
}

function failed(hash: Hash, reason: PushFault): Output {
  return emit({ type: 'proof', hash, stage: 'failed', reason });
}

function replace(state: SessionState, one: Push, by: Push): SessionState {
  return { ...state, pushes: state.pushes.map((other) => (other === one ? by : other)) };
}

/** The parent that a header names. */
function previousOf(header: Buffer): Hash {
  return hashFromWire(header.subarray(PREVIOUS.from, PREVIOUS.to));
}
