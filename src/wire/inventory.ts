import { COUNT_BYTES, type Codec } from './codec.js';
import type { Hash, Reader } from './reader.js';
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

export interface Inventory<Command extends string> {
  readonly command: Command;
  readonly items: readonly InventoryItem[];
}

function inventory<Command extends string>(command: Command): Codec<Inventory<Command>> {
  const read = (reader: Reader): InventoryItem => ({
    type: reader.u32(`${command}.type`),
    hash: reader.hash(`${command}.hash`),
  });
  const write = (writer: Writer, item: InventoryItem) => {
    writer.u32(item.type).hash(item.hash);
  };
  return {
    command,
    maxPayload: COUNT_BYTES + MAX_ITEMS * ITEM_BYTES,
    decode: (reader) => ({ command, items: reader.list(command, MAX_ITEMS, read) }),
    encode: (writer, message) => {
      writer.list(message.items, write);
    },
  };
}

/** Announces what the sender has. */
export const inv = inventory('inv');
/** Asks for what was announced. */
export const getdata = inventory('getdata');
/** Answers a `getdata` for what the sender has no more. */
export const notfound = inventory('notfound');
