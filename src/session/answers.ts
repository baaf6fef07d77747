/**
 * What a peer's messages prove of the blocks that it was sent (push.ts): the pong behind a block, headers, announcements; and what becomes
 * of those that it does not prove.
 */

import { fill } from '../messages/fill.js';
import { SESSION } from '../messages/peers.js';
import { type Hash, hashFromWire } from '../wire/reader.js';
import { noteOutcome } from './compact.js';
import { MAX_KNOWN_BLOCKS } from './known-blocks.js';
import { ACKNOWLEDGE_TIMEOUT_MS, ASK_AGAIN_AFTER_MS, MAX_UNPROVEN, PROTOCOL_VERSION } from './limits.js';
import { close, emit, send } from './outputs.js';
import { enqueue } from './push.js';
import { accepted, failed, isInFlight, isNotInChain, replacePush, wayOf } from './pushes.js';
import type { Answer, Output, Push, SessionContext, SessionState } from './types.js';

/** The offsets of the parent's hash in a header. */
const PREVIOUS = { from: 4, to: 36 } as const;

/** Handles the pong to a push's ping. @returns undefined when the nonce belongs to no push */
export function onPushPong(state: SessionState, nonce: bigint, now: number): [SessionState, Output[]] | undefined {
  const pending = state.pushes.find((one) => one.nonce === nonce && isInFlight(one));
  if (pending === undefined) return undefined;
  const { hash, answer, rival, form } = pending;
  const roundTrip = emit({ type: 'round-trip', ms: now - pending.since });
  if (pending.stage === 'asked') {
    const [next, outputs] = onAsked({ ...state, progressAt: now }, pending);
    return [next, [roundTrip, ...outputs]];
  }
  const acknowledged = emit({
    type: 'proof',
    hash,
    stage: 'acknowledged',
    way: wayOf(pending),
    ...(rival !== undefined && { rival }),
  });
  const kept = { ...state, progressAt: now };
  if (answer === 'shown') {
    const [next, changes] = form === 'compact' ? noteOutcome(kept, pending, true) : [kept, []];
    const pushes = next.pushes.filter((one) => one !== pending);
    return [{ ...next, pushes, proven: true }, [acknowledged, roundTrip, accepted(pending), ...changes]];
  }
  // A peer without the parent would drop the whole block, too, and give us 10 of 100 misbehaviour points for it.
  if (form === 'compact' && (answer !== 'no-parent' || pending.hedge !== undefined)) {
    const [next, outputs] = onCompactUnproven(kept, pending);
    return [next, [roundTrip, ...outputs]];
  }
  const isLacking = isNotInChain(answer);
  const proven = isLacking ? false : kept.proven;
  const next = bounded(replacePush({ ...kept, proven }, pending, { ...pending, stage: 'acknowledged' }));
  return [next, [isLacking ? failed(hash, 'not-in-chain') : acknowledged, roundTrip]];
}

/**
 * The peer has the block, or is sent it now: unless it lacks the parent, too, or its chain has grown past another block at that height.
 * One that has the headers alone of both lacks the parent in its chain and waits for what it requested.
 */
function onAsked(state: SessionState, pending: Push): [SessionState, Output[]] {
  const { hash, previous, answer, wanted } = pending;
  const rest = { ...state, pushes: state.pushes.filter((one) => one !== pending) };
  if (answer === 'shown') return [{ ...rest, proven: true }, [emit({ type: 'proof', hash, stage: 'already-had' })]];
  if (wanted === true) return enqueue(rest, { hash, previous, whole: true });
  if (answer === 'no-parent' || answer === 'passed') return [rest, [failed(hash, 'not-in-chain')]];
  return enqueue(rest, { hash, previous });
}

/**
 * The peer has processed the compact block, and does not have the block: it needs the whole one, which is on its way already when it
 * was hedged. A peer that has another block at the height, or lacks the parent, drops any compact block.
 */
function onCompactUnproven(state: SessionState, pending: Push): [SessionState, Output[]] {
  const { answer, rival: _rival, hedge, ...rest } = pending;
  const isOvertaken = answer !== undefined && answer !== 'absent';
  const isUsed = pending.asking === true && hedge !== undefined;
  const [noted, changes] = isOvertaken ? [state, []] : noteOutcome(state, pending, isUsed);
  if (hedge !== undefined) {
    return [replacePush(noted, pending, { ...rest, form: 'full', nonce: hedge, stage: 'written' }), changes];
  }
  const unproven = replacePush(noted, pending, { ...rest, stage: 'acknowledged', answer: 'absent' });
  const [queued, failures] = enqueue(unproven, pending);
  return [queued, [...changes, ...failures]];
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
      knows: state.knows.add(fresh),
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
  const elsewhere = headers.length === 0 ? 'absent' : 'no-parent';
  const answer: Answer = isRival ? 'rival' : isOnParent ? 'passed' : elsewhere;
  const { rival: _before, ...rest } = asked;
  const read = { ...rest, answer, ...(isRival && { rival: context.hashHeader(first) }) };
  return [replacePush(next, asked, read), outputs];
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

/** Drops the oldest answered blocks that are not in the peer's chain, beyond {@link MAX_UNPROVEN}. */
function bounded(state: SessionState): SessionState {
  const surplus = state.pushes.filter((one) => !isInFlight(one)).slice(0, -MAX_UNPROVEN);
  return surplus.length === 0 ? state : { ...state, pushes: state.pushes.filter((one) => !surplus.includes(one)) };
}

/** The parent's hash in a header. */
function previousOf(header: Buffer): Hash {
  return hashFromWire(header.subarray(PREVIOUS.from, PREVIOUS.to));
}
