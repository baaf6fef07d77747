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
 *                                       ←      inv(block)   accepted as well, whenever it comes after the pong
 *
 * The ping's nonce is unique to this peer and sent after the block: a peer that has not read the whole block cannot know it. So nothing
 * that the peer says about the block counts before the pong. The headers come from the peer's active chain (Dash Core
 * `net_processing.cpp`, GETHEADERS) after the block was processed: a pong without the block in the headers proves nothing.
 *
 * A peer that may have the block is asked first, with `getheaders(parent), ping(n)` alone, and sent it unless its answer shows the block.
 *
 * Blocks that come faster than a peer processes them wait in a queue, so that a burst of ours does not look like a peer that does not
 * read. The newest chain is sent first, parents before children.
 */
import { encodeFrame } from '../wire/frame.js';
import type { Hash } from '../wire/reader.js';
import type { Message } from '../wire/registry.js';
import { bytesOf, formFor, isHedged } from './form.js';
import {
  grant,
  MAX_IN_FLIGHT,
  MAX_IN_FLIGHT_BYTES,
  MAX_IN_FLIGHT_UNPROVEN,
  MAX_PUSHES_OF_A_BLOCK,
  MAX_QUEUED_BLOCKS,
  PROTOCOL_VERSION,
} from './limits.js';
import { emit } from './outputs.js';
import { failed, isInFlight, isNotInChain, isOnItsWay, replacePush, wayOf } from './pushes.js';
import type { Output, Push, PushBlock, Queued, Sent, SessionContext, SessionState, Spare } from './types.js';

/**
 * True when a block is to be written to this peer at once: the handshake is complete, the peer is not known to have the block, and the
 * limits of blocks in flight allow it. The caller asks all peers while a block waits, so this is the only check before the writes.
 */
export function wants(state: SessionState, block: PushBlock): boolean {
  return isNews(state, block.hash) && !lacks(state, block.previous) && state.queue.length === 0 && hasCapacity(state);
}

/** True when the handshake is complete, and the peer neither has the block nor is being sent it. */
function isNews({ phase, knows, pushes }: SessionState, hash: Hash): boolean {
  return phase.name === 'ready' && !knows.has(hash) && !pushes.some((one) => one.hash === hash && !mayRepeat(one));
}

/** Whether a block may be sent again: the peer dropped it because its parent was missing. One that has the parent has no use for it. */
function mayRepeat({ stage, answer, times }: Push): boolean {
  const isLacking = answer === 'absent' || answer === 'no-parent';
  return stage === 'acknowledged' && isLacking && times < MAX_PUSHES_OF_A_BLOCK;
}

/** The peer was sent this block and its chain does not have it: each child would cost us 10 of 100 misbehaviour points. */
function lacks({ pushes }: SessionState, hash: Hash): boolean {
  return pushes.some((one) => one.hash === hash && one.stage === 'acknowledged' && isNotInChain(one.answer));
}

/** Whether one more block may be in flight; few until one is accepted, since a peer without their parent gives 10 points for each. */
function hasCapacity({ pushes, proven }: SessionState): boolean {
  let [count, bytes] = [0, 0];
  for (const one of pushes) {
    if (one.stage === 'acknowledged') continue;
    // It may lack the block: a child must not be there before it.
    if (one.stage === 'asked') return false;
    count += 1;
    bytes += one.bytes;
  }
  return count < (proven ? MAX_IN_FLIGHT : MAX_IN_FLIGHT_UNPROVEN) && bytes < MAX_IN_FLIGHT_BYTES;
}

/**
 * Records a block that was written to the peer, or queues it.
 * @param sent how the block has just been written to the socket; undefined when it has not
 */
export function push(
  context: SessionContext,
  state: SessionState,
  block: PushBlock,
  sent: Sent | undefined,
  now: number,
): [SessionState, Output[]] {
  return sent === undefined ? queued(state, block) : begin(context, state, block, sent, now);
}

/** Asks the peer whether it has the block, which is sent unless it does. */
export function offer(state: SessionState, block: PushBlock): [SessionState, Output[]] {
  return queued(state, block, true);
}

function queued(state: SessionState, { hash, previous }: PushBlock, ask?: true): [SessionState, Output[]] {
  if (isOnItsWay(state, hash)) return [state, []];
  if (state.phase.name === 'ready' && state.knows.has(hash)) {
    return [state, [emit({ type: 'proof', hash, stage: 'already-had' })]];
  }
  if (!isNews(state, hash)) return [state, []];
  return enqueue(state, { hash, previous, ...(ask === true && { ask }) });
}

/** The encoded `getheaders` that follows a block; the same for all peers. */
export function questionOf(magic: Buffer, { hash, previous }: Pick<PushBlock, 'hash' | 'previous'>): Buffer {
  return encodeFrame(magic, { command: 'getheaders', version: PROTOCOL_VERSION, locator: [previous], stop: hash });
}

/** Records that a block is written, and gives what is still to go behind it: the question and a ping, and the whole block where it is hedged. */
function begin(
  context: SessionContext,
  state: SessionState,
  block: PushBlock,
  { form, question, ping }: Sent,
  now: number,
): [SessionState, Output[]] {
  const { hash, previous } = block;
  const { nonce, frame } = ping ?? state.spare ?? sparePing(context);
  const hedge = form === 'compact' && isHedged(state, block) ? sparePing(context) : undefined;
  const before = state.pushes.find((one) => one.hash === hash);
  const others = before === undefined ? state.pushes : state.pushes.filter((one) => one !== before);
  const begun: Push = {
    hash,
    previous,
    nonce,
    form,
    bytes: (before?.bytes ?? 0) + bytesOf(block, form).length + (hedge === undefined ? 0 : block.frame.length),
    roundTrips: before === undefined ? 0 : before.roundTrips + 1,
    since: now,
    stage: 'sent',
    times: (before?.times ?? 0) + 1,
    asked: 0,
    ...(hedge !== undefined && { hedge: hedge.nonce }),
  };
  const asking = (bytes: Buffer): Output[] => [
    { type: 'write', bytes: question },
    { type: 'write', bytes },
  ];
  const whole: Output = { type: 'block', block, form: 'full' };
  const sent: Message['command'][] = [form === 'full' ? 'block' : 'cmpctblock', 'getheaders', 'ping'];
  if (hedge !== undefined) sent.push('block', 'getheaders', 'ping');
  return [
    {
      ...state,
      pushes: [...others, begun],
      spare: undefined,
      progressAt: others.some(isInFlight) ? state.progressAt : now,
      // The answers do not count as unsolicited.
      budget: grant(state.budget, ...sent),
    },
    [...(ping === undefined ? asking(frame) : []), ...(hedge === undefined ? [] : [whole, ...asking(hedge.frame)])],
  ];
}

/**
 * Queues a block: after its parent when that is the last one; otherwise it is a new tip, and its chain moves to the front of the queue.
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

/** Sends queued blocks as far as the limits of blocks in flight allow. */
export function pump(context: SessionContext, before: SessionState, now: number): [SessionState, Output[]] {
  let state = before;
  const outputs: Output[] = [];
  while (state.phase.name === 'ready' && hasCapacity(state)) {
    const [next, ...rest] = state.queue;
    if (next === undefined) break;
    const [sent, more] = sendQueued(context, { ...state, queue: rest }, next, now);
    state = sent;
    outputs.push(...more);
  }
  return [state, outputs];
}

function sendQueued(
  context: SessionContext,
  state: SessionState,
  { hash, previous, whole, ask }: Queued,
  now: number,
): [SessionState, Output[]] {
  // The peer showed it while it waited here.
  if (state.knows.has(hash)) return [state, [emit({ type: 'proof', hash, stage: 'already-had' })]];
  const block = context.recent.get(hash);
  if (block === undefined) return [state, [failed(hash, 'out-of-memory')]];
  if (lacks(state, previous)) return [state, [failed(hash, 'not-in-chain')]];
  if (ask === true) return askFirst(context, state, block, now);
  const form = whole === true ? 'full' : formFor(state, block);
  const sent = { form, question: questionOf(context.network.magic, block) };
  const [begun, behind] = begin(context, state, block, sent, now);
  return [begun, [{ type: 'block', block, form }, ...behind]];
}

/** Asks whether the peer has a block that it was not sent. */
function askFirst(
  context: SessionContext,
  state: SessionState,
  block: PushBlock,
  now: number,
): [SessionState, Output[]] {
  const { hash, previous } = block;
  const { nonce, frame } = state.spare ?? sparePing(context);
  const kept = { form: 'full', bytes: 0, roundTrips: 0, times: 0, asked: 0 } as const;
  const pushes = [...state.pushes, { ...kept, hash, previous, nonce, since: now, stage: 'asked' } as const];
  return asking(context, { ...state, pushes }, block, frame, now);
}

/** Asks again whether the peer has a block, behind transactions of it that the peer lacked. */
export function askAnew(
  context: SessionContext,
  state: SessionState,
  push: Push,
  block: PushBlock,
  now: number,
): [SessionState, Output[]] {
  const { nonce, frame } = state.spare ?? sparePing(context);
  const { answer: _answer, rival: _rival, ...rest } = push;
  const asked: Push = { ...rest, nonce, roundTrips: push.roundTrips + 1, stage: 'written' };
  const pushes = state.pushes.map((one) => (one.hash === push.hash ? asked : one));
  return asking(context, { ...state, pushes }, block, frame, now);
}

function asking(
  context: SessionContext,
  state: SessionState,
  block: PushBlock,
  ping: Buffer,
  now: number,
): [SessionState, Output[]] {
  const budget = grant(state.budget, 'getheaders', 'ping');
  return [
    { ...state, budget, spare: sparePing(context), progressAt: now },
    [
      { type: 'write', bytes: questionOf(context.network.magic, block) },
      { type: 'write', bytes: ping },
    ],
  ];
}

export function sparePing({ random, network }: SessionContext): Spare {
  const nonce = random.u64();
  return { nonce, frame: encodeFrame(network.magic, { command: 'ping', nonce }) };
}

export function onWritten(state: SessionState, hash: Hash, now: number): [SessionState, Output[]] {
  const pending = state.pushes.find((one) => one.hash === hash && one.stage === 'sent');
  if (pending === undefined) return [state, []];
  const next = replacePush(state, pending, { ...pending, stage: 'written' });
  return [{ ...next, progressAt: now }, [emit({ type: 'proof', hash, stage: 'written', way: wayOf(pending) })]];
}
