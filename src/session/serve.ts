/** Serving what we pushed: a peer that lacks a parent, or lost the push, may ask for our recent blocks and headers. */

import { BoundedSet } from '../common/bounded.js';
import { take } from '../common/token-bucket.js';
import { INV, type InventoryItem } from '../wire/inventory.js';
import type { Hash } from '../wire/reader.js';
import { MAX_SERVED_BLOCKS, SERVE_AGAIN_RATE } from './limits.js';
import { emit, send } from './outputs.js';
import { enqueue, isOnItsWay } from './push.js';
import type { Output, PushBlock, SessionContext, SessionState } from './types.js';

/** More than one node ever needs from us at once; the rest of a greedy request is answered `notfound`. */
const MAX_BLOCKS_PER_REQUEST = 16;

/**
 * A block that is asked for goes the way of a pushed one: paced, and with the question behind it. Each is served once to whoever asks; again, as far
 * as {@link SERVE_AGAIN_RATE} goes. So nobody makes us send one block for ever, and a peer that needs it has it.
 */
export function onGetdata(
  context: SessionContext,
  before: SessionState,
  items: readonly InventoryItem[],
  now: number,
): [SessionState, Output[]] {
  let state = before;
  const outputs: Output[] = [];
  const missing: InventoryItem[] = [];
  let count = 0;
  for (const item of items) {
    const isBlock = item.type === INV.block || item.type === INV.compactBlock;
    const block = isBlock && count < MAX_BLOCKS_PER_REQUEST ? context.recent.get(item.hash) : undefined;
    if (block !== undefined && isOnItsWay(state, block.hash)) continue;
    const charged = block && chargeServing(state, block, now);
    if (block === undefined || charged === undefined) {
      missing.push(item);
      continue;
    }
    count += 1;
    const [next, failures] = enqueue(charged, { hash: block.hash, previous: block.previous });
    state = next;
    outputs.push(emit({ type: 'served', what: 'block', hash: block.hash }), ...failures);
  }
  if (missing.length > 0) outputs.push(send({ command: 'notfound', items: missing }));
  return [state, outputs];
}

/** Counts a block that was served before against what may be served again; `undefined` when that is used up. */
function chargeServing(state: SessionState, { hash, frame }: PushBlock, now: number): SessionState | undefined {
  if (!state.served.has(hash)) return { ...state, served: new BoundedSet(MAX_SERVED_BLOCKS, [...state.served, hash]) };
  const serveAgain = take(state.serveAgain, frame.length, SERVE_AGAIN_RATE, now);
  return serveAgain && { ...state, serveAgain };
}

/** Answers even with nothing to say: an empty `headers` tells the peer that the question arrived. */
export function onGetheaders(context: SessionContext, locator: readonly Hash[], stop: Hash): Output[] {
  const headers = [...context.recent.headersAfter(locator, stop)];
  return [send({ command: 'headers', headers }), emit({ type: 'served', what: 'headers' })];
}
