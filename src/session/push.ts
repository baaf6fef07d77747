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
 * Blocks that come faster than a peer processes them wait in a queue, so that a burst of ours does not look like a peer that does not
 * read. The newest chain is sent first, parents before children.
 */
import { fill } from '../messages/fill.js';
import { SESSION } from '../messages/peers.js';
import { encodeFrame } from '../wire/frame.js';
import { type Hash, hashFromWire } from '../wire/reader.js';
import { bytesOf, formFor, noteOutcome } from './compact.js';
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
import type {
  Answer,
  Form,
  Output,
  Push,
  PushBlock,
  Queued,
  Sent,
  SessionContext,
  SessionState,
  Spare,
} from './types.js';

/** The offsets of the parent's hash in a header. */
const PREVIOUS = { from: 4, to: 36 } as const;

/** Why a push failed although the peer is still connected. `not-in-chain`: the block, or its parent, is not in the peer's chain. */
export type PushFault = 'not-in-chain' | 'queue-full' | 'out-of-memory';

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
  return stage === 'acknowledged' && answer === 'absent' && times < MAX_PUSHES_OF_A_BLOCK;
}

/** The peer was sent this block and its chain does not have it: each child would cost us 10 of 100 misbehaviour points. */
function lacks({ pushes }: SessionState, hash: Hash): boolean {
  return pushes.some((one) => one.hash === hash && one.stage === 'acknowledged' && isNotInChain(one.answer));
}

function isNotInChain(answer: Answer | undefined): boolean {
  return answer === 'absent' || answer === 'passed';
}

/** Whether one more block may be in flight; few until one is accepted, since a peer without their parent gives 10 points for each. */
function hasCapacity({ pushes, proven }: SessionState): boolean {
  let [count, bytes] = [0, 0];
  for (const one of pushes) {
    if (one.stage === 'acknowledged') continue;
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
  const { hash, previous } = block;
  if (sent !== undefined) {
    const [next, ping] = begin(context, state, { block, form: sent.form }, now);
    return [next, [{ type: 'write', bytes: sent.question }, ping]];
  }
  if (isOnItsWay(state, hash)) return [state, []];
  if (state.phase.name === 'ready' && state.knows.has(hash)) {
    return [state, [emit({ type: 'proof', hash, stage: 'already-had' })]];
  }
  if (!isNews(state, hash)) return [state, []];
  return enqueue(state, { hash, previous });
}

/** The encoded `getheaders` that follows a block; the same for all peers. */
export function questionOf(magic: Buffer, { hash, previous }: Pick<PushBlock, 'hash' | 'previous'>): Buffer {
  return encodeFrame(magic, { command: 'getheaders', version: PROTOCOL_VERSION, locator: [previous], stop: hash });
}

interface Beginning {
  readonly block: PushBlock;
  readonly form: Form;
}

function begin(
  context: SessionContext,
  state: SessionState,
  { block, form }: Beginning,
  now: number,
): [SessionState, Output] {
  const { hash, previous } = block;
  const { nonce, frame: ping } = state.spare ?? sparePing(context);
  const before = state.pushes.find((one) => one.hash === hash);
  const begun: Push = {
    hash,
    previous,
    nonce,
    form,
    bytes: bytesOf(block, form).length,
    roundTrips: 0,
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
      // The answers do not count as unsolicited.
      budget: grant(grant(grant(state.budget, form === 'full' ? 'block' : 'cmpctblock'), 'getheaders'), 'ping'),
    },
    { type: 'write', bytes: ping },
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
    state = { ...state, queue: rest };
    const block = context.recent.get(next.hash);
    // The peer showed it while it waited here.
    if (state.knows.has(next.hash)) outputs.push(emit({ type: 'proof', hash: next.hash, stage: 'already-had' }));
    else if (block === undefined) outputs.push(failed(next.hash, 'out-of-memory'));
    else if (lacks(state, next.previous)) outputs.push(failed(next.hash, 'not-in-chain'));
    else {
      const form = next.whole === true ? 'full' : formFor(state, block);
      const [begun, ping] = begin(context, state, { block, form }, now);
      state = begun;
      const question: Output = { type: 'write', bytes: questionOf(context.network.magic, block) };
      outputs.push({ type: 'block', block, form }, question, ping);
    }
  }
  return [state, outputs];
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
  const budget = grant(grant(state.budget, 'getheaders'), 'ping');
  return [
    { ...state, pushes, budget, spare: sparePing(context), progressAt: now },
    [
      { type: 'write', bytes: questionOf(context.network.magic, block) },
      { type: 'write', bytes: frame },
    ],
  ];
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

/** Handles the pong to a push's ping. @returns undefined when the nonce belongs to no push */
export function onPushPong(state: SessionState, nonce: bigint, now: number): [SessionState, Output[]] | undefined {
  const pending = state.pushes.find((one) => one.nonce === nonce && isInFlight(one));
  if (pending === undefined) return undefined;
  const { hash, answer, rival, form } = pending;
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
    const next = form === 'compact' ? noteOutcome(kept, true) : kept;
    return [{ ...next, pushes, proven: true }, [acknowledged, roundTrip, accepted(pending)]];
  }
  if (form === 'compact') {
    const unproven = replace(noteOutcome(kept, false), pending, {
      ...pending,
      stage: 'acknowledged',
      answer: 'absent',
    });
    const [queued, failures] = enqueue(unproven, pending);
    return [queued, [roundTrip, ...failures]];
  }
  const isLacking = isNotInChain(answer);
  const proven = isLacking ? false : kept.proven;
  const next = bounded(replace({ ...kept, proven }, pending, { ...pending, stage: 'acknowledged' }));
  return [next, [isLacking ? failed(hash, 'not-in-chain') : acknowledged, roundTrip]];
}

/** Handles blocks that the peer is now known to have, from `inv` or headers. */
export function onKnown(state: SessionState, hashes: readonly Hash[]): [SessionState, Output[]] {
  // No more than are remembered, to bound the work: a real node announces one block at a time.
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
    [...fresh.map((hash) => emit({ type: 'announced', hash })), ...proven.map(accepted)],
  ];
}

/**
 * Handles `headers`: the answer to a `getheaders` of ours, or an announcement. Before a push's pong it is the answer for that push. A single
 * other header on the same parent is a competing block of equal work; the peer keeps ours as a side branch.
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
  const isOnParent = first !== undefined && previousOf(first) === asked.previous;
  const isRival = isOnParent && headers.length === 1;
  const answer: Answer = isRival ? 'rival' : isOnParent ? 'passed' : 'absent';
  const { rival: _before, ...rest } = asked;
  const read = { ...rest, answer, ...(isRival && { rival: context.hashHeader(first) }) };
  return [replace(next, asked, read), outputs];
}

/**
 * The blocks in a `headers` message. Ours are found by the bytes of their header; of the others only the last, the tip, is hashed:
 * 2,000 X11 hashes would block the event loop for 90 ms.
 */
function blocksInHeaders(context: SessionContext, headers: readonly Buffer[]): readonly Hash[] {
  const ours = headers.flatMap((header) => context.recent.byHeader(header)?.hash ?? []);
  const last = headers.at(-1);
  if (last === undefined || context.recent.byHeader(last) !== undefined) return ours;
  return [...ours, context.hashHeader(last)];
}

/**
 * Ends the session when the pushes make no progress, requests headers again for blocks that were not in the peer's chain, and removes
 * expired pushes.
 */
export function expirePushes(state: SessionState, now: number): [SessionState, Output[]] {
  if (state.pushes.some(isInFlight) && now - state.progressAt >= ACKNOWLEDGE_TIMEOUT_MS) {
    return close(
      state,
      'block-not-acknowledged',
      fill(SESSION['block-not-acknowledged'], { seconds: ACKNOWLEDGE_TIMEOUT_MS / 1000 }),
    );
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

/** Whether the peer has not answered for the block yet. */
function isInFlight({ stage }: Push): boolean {
  return stage !== 'acknowledged';
}

/** Whether the block is in flight or queued. */
export function isOnItsWay({ pushes, queue }: SessionState, hash: Hash): boolean {
  return pushes.some((one) => one.hash === hash && isInFlight(one)) || queue.some((one) => one.hash === hash);
}

/** Drops the oldest answered blocks that are not in the peer's chain, beyond {@link MAX_UNPROVEN}. */
function bounded(state: SessionState): SessionState {
  const surplus = state.pushes.filter((one) => !isInFlight(one)).slice(0, -MAX_UNPROVEN);
  return surplus.length === 0 ? state : { ...state, pushes: state.pushes.filter((one) => !surplus.includes(one)) };
}

function accepted({ hash, form, bytes, roundTrips }: Push): Output {
  return emit({ type: 'proof', hash, stage: 'accepted', way: { form, bytes, roundTrips } });
}

function failed(hash: Hash, reason: PushFault): Output {
  return emit({ type: 'proof', hash, stage: 'failed', reason });
}

function replace(state: SessionState, one: Push, by: Push): SessionState {
  return { ...state, pushes: state.pushes.map((other) => (other === one ? by : other)) };
}

/** The parent's hash in a header. */
function previousOf(header: Buffer): Hash {
  return hashFromWire(header.subarray(PREVIOUS.from, PREVIOUS.to));
}
