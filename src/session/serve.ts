/** Serving what we pushed: a peer that lacks a parent, or lost the push, may ask for our recent blocks and headers. */

import { INV, type InventoryItem } from '../wire/inventory.js';
import type { Hash } from '../wire/reader.js';
import { emit, send } from './outputs.js';
import type { Output, SessionContext } from './types.js';

/** More than one node ever needs from us at once; the rest of a greedy request is answered `notfound`. */
const MAX_BLOCKS_PER_REQUEST = 16;

export function onGetdata(context: SessionContext, items: readonly InventoryItem[]): Output[] {
  const outputs: Output[] = [];
  const missing: InventoryItem[] = [];
  let served = 0;
  for (const item of items) {
    const isBlock = item.type === INV.block || item.type === INV.compactBlock;
    const block = isBlock && served < MAX_BLOCKS_PER_REQUEST ? context.recent.get(item.hash) : undefined;
    if (block === undefined) {
      missing.push(item);
    } else {
      served += 1;
      outputs.push({ type: 'write', bytes: block.frame }, emit({ type: 'served', what: 'block' }));
    }
  }
  if (missing.length > 0) outputs.push(send({ command: 'notfound', items: missing }));
  return outputs;
}

/** Answers even with nothing to say: an empty `headers` tells the peer that the question arrived. */
export function onGetheaders(context: SessionContext, locator: readonly Hash[], stop: Hash): Output[] {
  const headers = [...context.recent.headersAfter(locator, stop)];
  return [send({ command: 'headers', headers }), emit({ type: 'served', what: 'headers' })];
}
