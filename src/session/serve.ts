/** Serving what we pushed: a peer that lacks a parent, or lost the push, may ask for our recent blocks and headers. */

import { INV, type InventoryItem } from '../wire/inventory.js';
import type { Hash } from '../wire/reader.js';
import { MAX_SERVED_BLOCKS, SERVE_AGAIN_RATE, take } from './limits.js';
import { emit, send } from './outputs.js';
import type { Allowance, Output, SessionContext, SessionState } from './types.js';

/** More than one node ever needs from us at once; the rest of a greedy request is answered `notfound`. */
const MAX_BLOCKS_PER_REQUEST = 16;

/**
 * Each block is served once to whoever asks; again, as far as {@link SERVE_AGAIN_RATE} goes. So nobody makes us send one block for ever,
 * and a peer that needs it has it.
 */
export function onGetdata(
  context: SessionContext,
  before: SessionState,
  items: readonly InventoryItem[],
  now: number,
): [SessionState, Output[]] {
  const outputs: Output[] = [];
  const missing: InventoryItem[] = [];
  const served = new Set(before.served);
  let { serveAgain } = before;
  let count = 0;
  for (const item of items) {
    const isBlock = item.type === INV.block || item.type === INV.compactBlock;
    const block = isBlock && count < MAX_BLOCKS_PER_REQUEST ? context.recent.get(item.hash) : undefined;
    const again: Allowance | undefined =
      block !== undefined && served.has(item.hash)
        ? take(serveAgain, block.frame.length, SERVE_AGAIN_RATE, now)
        : serveAgain;
    if (block === undefined || again === undefined) {
      missing.push(item);
    } else {
      count += 1;
      serveAgain = again;
      served.add(item.hash);
      outputs.push({ type: 'write', bytes: block.frame }, emit({ type: 'served', what: 'block' }));
    }
  }
  if (missing.length > 0) outputs.push(send({ command: 'notfound', items: missing }));
  return [{ ...before, serveAgain, served: count === 0 ? before.served : newest(served) }, outputs];
}

function newest(served: Set<Hash>): ReadonlySet<Hash> {
  for (const oldest of served) {
    if (served.size <= MAX_SERVED_BLOCKS) break;
    served.delete(oldest);
  }
  return served;
}

/** Answers even with nothing to say: an empty `headers` tells the peer that the question arrived. */
export function onGetheaders(context: SessionContext, locator: readonly Hash[], stop: Hash): Output[] {
  const headers = [...context.recent.headersAfter(locator, stop)];
  return [send({ command: 'headers', headers }), emit({ type: 'served', what: 'headers' })];
}
