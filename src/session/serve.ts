/** Serves recent blocks and headers to a peer that lacks a parent or did not get the push. */

import { BoundedSet } from '../common/bounded.js';
import { take } from '../common/token-bucket.js';
import { INV, type InventoryItem } from '../wire/inventory.js';
import type { Hash } from '../wire/reader.js';
import { MAX_SERVED_BLOCKS, SERVE_AGAIN_RATE } from './limits.js';
import { emit, send } from './outputs.js';
import { enqueue } from './push.js';
import { isOnItsWay, replacePush } from './pushes.js';
import type { Output, PushBlock, SessionContext, SessionState } from './types.js';

/** Blocks served per request; the rest is answered by `notfound`. */
const MAX_BLOCKS_PER_REQUEST = 16;

/**
 * Requested blocks are sent as pushed ones are: within the limits of blocks in flight and followed by `getheaders` and a ping. Each block is
 * served once without limit and again within {@link SERVE_AGAIN_RATE}, so that a peer cannot make us send one block for ever.
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
    const isServed = isBlockItem(item) && count < MAX_BLOCKS_PER_REQUEST;
    const block = isServed ? context.recent.get(item.hash) : undefined;
    if (isServed && block === undefined) {
      count += 1;
      outputs.push(emit({ type: 'wanted', hash: item.hash }));
    }
    if (block !== undefined && isOnItsWay(state, block.hash)) {
      state = noteWanted(state, block.hash);
      continue;
    }
    const charged = block && chargeServing(state, block, now);
    if (block === undefined || charged === undefined) {
      missing.push(item);
      continue;
    }
    count += 1;
    const [next, failures] = enqueue(charged, {
      hash: block.hash,
      previous: block.previous,
      whole: item.type === INV.block,
    });
    state = next;
    outputs.push(emit({ type: 'served', what: 'block', hash: block.hash }), ...failures);
  }
  if (missing.length > 0) outputs.push(send({ command: 'notfound', items: missing }));
  return [state, outputs];
}

/** A block that the peer is asked about is sent behind its answer, whatever that is. */
function noteWanted(state: SessionState, hash: Hash): SessionState {
  const asked = state.pushes.find((one) => one.hash === hash && one.stage === 'asked');
  return asked === undefined ? state : replacePush(state, asked, { ...asked, wanted: true });
}

function isBlockItem({ type }: InventoryItem): boolean {
  return type === INV.block || type === INV.compactBlock;
}

/** Charges a block that was served before to {@link SERVE_AGAIN_RATE}. @returns undefined when the limit is reached */
function chargeServing(state: SessionState, { hash, frame }: PushBlock, now: number): SessionState | undefined {
  if (!state.served.has(hash)) return { ...state, served: new BoundedSet(MAX_SERVED_BLOCKS, [...state.served, hash]) };
  const serveAgain = take(state.serveAgain, frame.length, SERVE_AGAIN_RATE, now);
  return serveAgain && { ...state, serveAgain };
}

/** Always answers: an empty `headers` shows the peer that its request arrived. */
export function onGetheaders(context: SessionContext, locator: readonly Hash[], stop: Hash): Output[] {
  const headers = [...context.recent.headersAfter(locator, stop)];
  return [send({ command: 'headers', headers }), emit({ type: 'served', what: 'headers' })];
}
