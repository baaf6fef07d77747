import { COUNT_BYTES, type Codec } from './codec.js';
import { type Hash, hashFromWire, type Reader } from './reader.js';
import type { Writer } from './writer.js';

/** Inventory types that this code base uses. Source: Dash Core `protocol.h`, `GetDataMsg`. */
export const INV = {
  tx: 1,
  block: 2,
  /** BIP 152; in `getdata` only. */
  compactBlock: 20,
  clsig: 29,
  isdlock: 31,
  /** Since Dash Core 24 (protocol 70242). */
  assetUnlock: 34,
} as const;

export interface InventoryItem {
  /** One of {@link INV}, or any other number: Dash Core has more types than are used here. */
  readonly type: number;
  readonly hash: Hash;
}

/** The maximum number of items in a message (Dash Core `net.h`: `MAX_INV_SZ`). */
export const MAX_ITEMS = 50_000;
const ITEM_BYTES = 36;

/**
 * Of a message with more items than this, only the last so many blocks are decoded: converting 50,000 hashes to strings takes 30 ms.
 */
export const MAX_DECODED_ITEMS = 1_000;

export interface Inventory<Command extends string> {
  readonly command: Command;
  /** All items; of more than {@link MAX_DECODED_ITEMS} only the last blocks. */
  readonly items: readonly InventoryItem[];
}

function inventory<Command extends string>(command: Command): Codec<Inventory<Command>> {
  const typeField = `${command}.type`;
  const hashField = `${command}.hash`;
  const read = (reader: Reader): InventoryItem => ({ type: reader.u32(typeField), hash: reader.hash(hashField) });
  const write = (writer: Writer, item: InventoryItem) => {
    writer.u32(item.type).hash(item.hash);
  };
  return {
    command,
    maxPayload: COUNT_BYTES + MAX_ITEMS * ITEM_BYTES,
    decode: (reader) => {
      const count = reader.compactSize(`${command}.count`, MAX_ITEMS);
      if (count > MAX_DECODED_ITEMS) return { command, items: lastBlocks(reader.take(count * ITEM_BYTES, command)) };
      return { command, items: Array.from({ length: count }, () => read(reader)) };
    },
    encode: (writer, message) => {
      writer.list(message.items, write);
    },
  };
}

/** The last blocks of a long list, in order. Of the other items only the type is read. */
function lastBlocks(bytes: Buffer): InventoryItem[] {
  const found: InventoryItem[] = [];
  for (let at = bytes.length - ITEM_BYTES; at >= 0 && found.length < MAX_DECODED_ITEMS; at -= ITEM_BYTES) {
    const type = bytes.readUInt32LE(at);
    if (type === INV.block) found.push({ type, hash: hashFromWire(bytes.subarray(at + 4, at + ITEM_BYTES)) });
  }
  return found.reverse();
}

/** Announces objects that the sender has. */
export const inv = inventory('inv');
/** Requests announced objects. */
export const getdata = inventory('getdata');
/** Answers a `getdata` for objects that the sender no longer has. */
export const notfound = inventory('notfound');
