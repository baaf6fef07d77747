/** The longest lists that a peer may send, as payloads with random content; random bytes are cheap to make at any length. */
import { randomBytes } from 'node:crypto';
import { MAX_ADDRESSES } from './addr.js';
import { MAX_HEADERS } from './headers.js';
import { INV, MAX_ITEMS } from './inventory.js';
import { Writer } from './writer.js';

const ITEM_BYTES = 36;
/** 80 bytes and a transaction count of 0. */
const HEADER_BYTES = 80 + 1;
const ADDRESS_BYTES = 30;

/** The payload of an `inv` or `getdata` of blocks only. */
export function longInventory(length = MAX_ITEMS): Buffer {
  const bytes = randomBytes(length * ITEM_BYTES);
  for (let at = 0; at < bytes.length; at += ITEM_BYTES) bytes.writeUInt32LE(INV.block, at);
  return listOf(length, bytes);
}

/** The payload of an `addr`; nearly all addresses are IPv6. */
export function longAddresses(): Buffer {
  return listOf(MAX_ADDRESSES, randomBytes(MAX_ADDRESSES * ADDRESS_BYTES));
}

export function longHeaders(): Buffer {
  const bytes = randomBytes(MAX_HEADERS * HEADER_BYTES);
  for (let at = HEADER_BYTES - 1; at < bytes.length; at += HEADER_BYTES) bytes[at] = 0;
  return listOf(MAX_HEADERS, bytes);
}

function listOf(length: number, bytes: Buffer): Buffer {
  return new Writer().compactSize(length).bytes(bytes).finish();
}
