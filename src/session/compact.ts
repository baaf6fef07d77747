/**
 * Pushing a block in compact form (BIP 152), and what may come of it. form.ts decides who gets it.
 *
 *   us                                       peer
 *   cmpctblock, getheaders(parent), ping(n)  →
 *                                            ←  headers with the block, pong(n): it had all transactions
 *   or
 *                                            ←  getblocktxn, headers without it, pong(n)
 *   blocktxn, getheaders(parent), ping(m)    →
 *                                            ←  headers with the block, pong(m)
 *   or
 *                                            ←  headers without it, pong(n): it took no notice, or waits for another peer's blocktxn
 *   block, getheaders(parent), ping(m)       →  as any other push
 *
 * A node processes a compact block before the `getheaders` behind it, so a `getblocktxn` always comes before the pong: a pong without one
 * and without the block means that the block has to be sent whole, at the cost of one round trip. A hedge sends that `block` at once,
 * behind ping(n); then `getblocktxn` needs no answer. A whole block from anybody ends a node's wait for `blocktxn`, which may otherwise
 * last 150 s. Source: Dash Core 23.1 `net_processing.cpp`, CMPCTBLOCK and GETBLOCKTXN.
 */
import { take } from '../common/token-bucket.js';
import { fill } from '../messages/fill.js';
import { SESSION } from '../messages/peers.js';
import type { GetBlockTxn } from '../wire/getblocktxn.js';
import type { SendCmpct } from '../wire/sendcmpct.js';
import { MAX_WASTED } from './form.js';
import { SERVE_AGAIN_RATE } from './limits.js';
import { emit, send } from './outputs.js';
import { replacePush } from './pushes.js';
import type { CompactForm, CompactUse, Output, Push, PushBlock, SessionContext, SessionState } from './types.js';

/** Dash has one version of the format. */
const COMPACT_VERSION = 1n;
/** A peer that asks for this share of a block would have had it sooner whole. */
const COSTLY_SHARE = 0.5;

/** The peer says whether it knows compact blocks, and whether it wants ours without asking (high-bandwidth mode). */
export function onSendcmpct(state: SessionState, { version, highBandwidth }: SendCmpct): [SessionState, Output[]] {
  if (version !== COMPACT_VERSION) return [state, []];
  const wasted = highBandwidth ? 0 : state.compact.wasted;
  return changed(state, { ...state.compact, known: true, chosen: highBandwidth, wasted });
}

/** Records what came of a compact block: whether it saved the peer the whole one. */
export function noteOutcome(state: SessionState, { costly = false }: Push, taken: boolean): [SessionState, Output[]] {
  const { compact } = state;
  const wasted = taken && !costly ? 0 : Math.min(MAX_WASTED, compact.wasted + 1);
  return changed(state, { ...compact, taken: taken || (compact.taken && wasted === 0), wasted });
}

function changed(state: SessionState, compact: CompactUse): [SessionState, Output[]] {
  const { known, chosen, taken, wasted } = state.compact;
  const isSame =
    known === compact.known && chosen === compact.chosen && taken === compact.taken && wasted === compact.wasted;
  return isSame ? [state, []] : [{ ...state, compact }, [emit({ type: 'compact-blocks', compact })]];
}

/**
 * Answers with the transactions that the peer lacks: once for a block that it is being sent. Later answers are limited by
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
    const detail = fill(SESSION.malformed, { field: 'getblocktxn.indexes' });
    return [{ ...state, malformed: state.malformed + 1 }, [emit({ type: 'malformed', detail })]];
  }
  const bytes = transactions.reduce((sum, { length }) => sum + length, 0);
  const push = state.pushes.find((one) => one.hash === hash && one.form === 'compact');
  const costly = bytes >= COSTLY_SHARE * block.frame.length;
  // The whole block is on its way, and arrives before any answer could.
  if (push?.hedge !== undefined) return [replacePush(state, push, { ...push, asking: true, costly }), []];
  // No node asks twice: it is sent the whole block after its pong.
  if (push?.asking === true) return [state, []];
  const isOwed = push !== undefined;
  const serveAgain = isOwed ? state.serveAgain : take(state.serveAgain, bytes, SERVE_AGAIN_RATE, now);
  if (serveAgain === undefined) return [state, []];
  const answer = send({
    command: 'blocktxn',
    hash,
    count: indexes.length,
    transactions: Buffer.concat(transactions, bytes),
  });
  if (push === undefined) return [{ ...state, serveAgain }, [answer]];
  const asked = { ...push, bytes: push.bytes + bytes, asking: true, costly };
  const [next, outputs] = ask({ ...state, serveAgain }, asked, block);
  return [next, [answer, ...outputs]];
}

/** @returns undefined when the block has no transaction at one of the positions, which ascend */
function transactionsAt(form: CompactForm, indexes: readonly number[]): Buffer[] | undefined {
  const last = indexes.at(-1);
  if (last === undefined || last >= form.count) return undefined;
  return indexes.map((index) => form.transaction(index));
}
