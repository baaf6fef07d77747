import { COUNT_BYTES, type Codec } from './codec.js';
import { type Hash, hashFromWire, type Reader } from './reader.js';
import type { Writer } from './writer.js';

/** The kinds of things blockcast names by hash. Source: Dash Core `protocol.h`, `GetDataMsg`. */
export const INV = {
  tx: 1,
  block: 2,
  /** BIP 152; in `getdata` only. */
  compactBlock: 20,
  clsig: 29,
  isdlock: 31,
} as const;

export interface InventoryItem {
  /** One of {@link INV}, or any other number: there are more kinds than we care for. */
  readonly type: number;
  readonly hash: Hash;
}

/** The most items a message may hold (Dash Core `net.h`: `MAX_INV_SZ`). */
const MAX_ITEMS = 50_000;
const ITEM_BYTES = 36;

/** Of a message with more items than this only blocks are decoded, and of these the last so many: a text for each of 50,000 hashes takes 30 ms. */
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

/** The last blocks among many items, in their order; the others cost a look at their type. */
function lastBlocks(bytes: Buffer): InventoryItem[] {
  const found: InventoryItem[] = [];
  for (let at = bytes.length - ITEM_BYTES; at >= 0 && found.length < MAX_DECODED_ITEMS; at -= ITEM_BYTES) {
    const type = bytes.readUInt32LE(at);
    if (type === INV.block) found.push({ type, hash: hashFromWire(bytes.subarray(at + 4, at + ITEM_BYTES)) });
  }
  return found.reverse();
}

/** Announces what the sender has. */
export const inv = inventory('inv');
/** Asks for what was announced. */
export const getdata = inventory('getdata');
/** Answers a `getdata` for what the sender has no more. */
export const notfound = inventory('notfound');
