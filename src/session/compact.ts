/**
 * Pushing a block in compact form (BIP 152), and what may come of it.
 *
 *   us                                       peer
 *   cmpctblock, getheaders(parent), ping(n)  →
 *                                            ←  headers with the block, pong(n): it had all transactions
 *   or
 *                                            ←  getblocktxn, headers without it, pong(n)
 *   blocktxn, getheaders(parent), ping(m)    →
 *                                            ←  headers with the block, pong(m)
 *   or
 *                                            ←  headers without it, pong(n): it took no notice, or fetches the block elsewhere
 *   block, getheaders(parent), ping(m)       →  as any other push
 *
 * A node processes a compact block before the `getheaders` behind it, so a `getblocktxn` always comes before the pong: a pong without one
 * and without the block means that the block has to be sent whole, at the cost of one round trip.
 */
import { take } from '../common/token-bucket.js';
import type { GetBlockTxn } from '../wire/getblocktxn.js';
import type { SendCmpct } from '../wire/sendcmpct.js';
import { SERVE_AGAIN_RATE } from './limits.js';
import { emit, send } from './outputs.js';
import type { CompactForm, Form, Output, Push, PushBlock, SessionContext, SessionState } from './types.js';

/** Dash has one version of the format. */
const COMPACT_VERSION = 1n;
/** The newest protocol of which it was seen that compact blocks are taken from any peer; later ones may drop what they did not choose. */
const LAST_UNASKED_PROTOCOL = 70_240;
/** After so many compact blocks in a row that had to be sent whole, a peer gets whole ones, until it chooses us. */
const MAX_WASTED = 2;

/** The form in which a peer is sent a block. */
export function formFor({ phase, compact, pushes }: SessionState, block: PushBlock): Form {
  if (block.compact === undefined || phase.name !== 'ready') return 'full';
  // It was sent once, and the peer did not get the block from it.
  if (pushes.some(({ hash }) => hash === block.hash)) return 'full';
  if (compact.chosen) return 'compact';
  const isTaken = phase.remote.protocolVersion <= LAST_UNASKED_PROTOCOL && compact.wasted < MAX_WASTED;
  return compact.known && isTaken ? 'compact' : 'full';
}

export function bytesOf(block: PushBlock, form: Form): Buffer {
  return form === 'compact' ? (block.compact?.frame ?? block.frame) : block.frame;
}

/** The peer says whether it knows compact blocks, and whether it wants ours without asking (high-bandwidth mode). */
export function onSendcmpct(state: SessionState, { version, highBandwidth }: SendCmpct): [SessionState, Output[]] {
  if (version !== COMPACT_VERSION) return [state, []];
  const { chosen } = state.compact;
  const wasted = highBandwidth ? 0 : state.compact.wasted;
  const next = { ...state, compact: { known: true, chosen: highBandwidth, wasted } };
  return [next, chosen === highBandwidth ? [] : [emit({ type: 'high-bandwidth', chosen: highBandwidth })]];
}

/** Records what came of a compact block: whether the peer took it. */
export function noteOutcome(state: SessionState, taken: boolean): SessionState {
  const wasted = taken ? 0 : state.compact.wasted + 1;
  return wasted === state.compact.wasted ? state : { ...state, compact: { ...state.compact, wasted } };
}

/**
 * Answers with the transactions that the peer lacks. The first answer for a block that it was sent is owed; others are limited by
 * {@link SERVE_AGAIN_RATE}, as blocks served again are. Positions that the block does not have count as a malformed message.
 * @param ask begins the proof anew, behind the answer
 */
export function onGetblocktxn(
  context: SessionContext,
  state: SessionState,
  { hash, indexes }: GetBlockTxn,
  now: number,
  ask: (state: SessionState, push: Push, block: PushBlock) => [SessionState, Output[]],
): [SessionState, Output[]] {
  const block = context.recent.get(hash);
  const form = block?.compact;
  if (block === undefined || form === undefined) return [state, []];
  const transactions = transactionsAt(form, indexes);
  if (transactions === undefined) {
    const detail = `getblocktxn: position ${indexes.at(-1)} in a block of ${form.count} transactions`;
    return [{ ...state, malformed: state.malformed + 1 }, [emit({ type: 'malformed', detail })]];
  }
  const push = state.pushes.find((one) => one.hash === hash && one.form === 'compact');
  const isOwed = push !== undefined && push.roundTrips === 0;
  const serveAgain = isOwed ? state.serveAgain : take(state.serveAgain, transactions.length, SERVE_AGAIN_RATE, now);
  if (serveAgain === undefined) return [state, []];
  const answer = send({ command: 'blocktxn', hash, count: indexes.length, transactions });
  if (push === undefined) return [{ ...state, serveAgain }, [answer]];
  const [next, outputs] = ask({ ...state, serveAgain }, { ...push, bytes: push.bytes + transactions.length }, block);
  return [next, [answer, ...outputs]];
}

/** @returns undefined when the block has no transaction at one of the positions, which ascend */
function transactionsAt(form: CompactForm, indexes: readonly number[]): Buffer | undefined {
  const last = indexes.at(-1);
  if (last === undefined || last >= form.count) return undefined;
  return Buffer.concat(indexes.map((index) => form.transaction(index)));
}
