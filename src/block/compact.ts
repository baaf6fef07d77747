/**
 * A block as BIP 152 sends it: its header, six bytes for each transaction that the receiver is expected to have in its mempool, and
 * the others whole. What is prefilled costs bytes, what is missing costs a round trip: see {@link compactOf}.
 */
import { hash } from 'node:crypto';
import { type CmpctBlock, MAX_COMPACT_TRANSACTIONS, SHORT_ID_BYTES } from '../wire/cmpctblock.js';
import { Writer } from '../wire/writer.js';
import type { Transactions } from './scan.js';
import { type SipKey, sipHash } from './sip-hash.js';
import { HEADER_SIZE } from './x11.js';

/** DIP 27: of version 2 it is signed again without a new id, and mempools may hold another signature. */
const ASSET_UNLOCK = 9;

/** The version and type of a transaction; the count of its inputs follows. */
const VERSION_BYTES = 4;
/** The header, the nonce, and two counts, bytes. */
const FIXED_BYTES = HEADER_SIZE + 8 + 3 + 3;
/** The compact size of a position, bytes at most. */
const POSITION_BYTES = 3;

/**
 * Encodes a block. Prefilled are the coinbase, which no mempool has, and asset unlocks; then others while there is room, the smallest
 * first: any of them may be missing and cost a round trip, so the more of them the better. Never those without inputs and outputs: see
 * {@link hasCommitment}.
 * @param raw the block's bytes
 * @param transactions where each begins, and its id
 * @param nonce differs from block to block, so that nobody can prepare transactions whose short ids collide
 * @param room bytes that the message may take at no cost; it takes more where it must
 * @returns undefined for a block of more transactions than positions can count
 */
export function compactOf(raw: Buffer, transactions: Transactions, nonce: bigint, room = 0): CmpctBlock | undefined {
  const { txids } = transactions;
  if (txids.length > MAX_COMPACT_TRANSACTIONS) return undefined;
  const header = raw.subarray(0, HEADER_SIZE);
  const key = shortIdKey(header, nonce);
  const whole = wholeOnes(raw, transactions, room);
  const shortIds = Buffer.allocUnsafe(SHORT_ID_BYTES * txids.length);
  const prefilled = new Writer();
  let [written, count, next] = [0, 0, 0];
  for (const [index, txid] of txids.entries()) {
    if (whole[index] === 1) {
      prefilled.compactSize(index - next).bytes(transactionAt(raw, transactions, index));
      count += 1;
      next = index + 1;
    } else {
      const { low, high } = sipHash(key, txid);
      shortIds.writeUInt32LE(low, written);
      shortIds.writeUInt16LE(high & 0xffff, written + 4);
      written += SHORT_ID_BYTES;
    }
  }
  return {
    command: 'cmpctblock',
    header,
    nonce,
    shortIds: shortIds.subarray(0, written),
    prefilled: { count, bytes: prefilled.finish() },
  };
}

/** @returns 1 for each transaction that is prefilled, 0 for the others */
function wholeOnes(raw: Buffer, transactions: Transactions, room: number): Uint8Array {
  const whole = new Uint8Array(transactions.txids.length);
  const sizes = transactions.starts.map((start, index) => endOf(transactions, index) - start);
  let bytes = FIXED_BYTES;
  for (const [index, size] of sizes.entries()) {
    const isWhole = index === 0 || typeAt(raw, transactions, index) === ASSET_UNLOCK;
    whole[index] = isWhole ? 1 : 0;
    bytes += isWhole ? POSITION_BYTES + size : SHORT_ID_BYTES;
  }
  if (bytes >= room) return whole;
  const bySize = [...sizes.keys()].sort((one, other) => (sizes[one] ?? 0) - (sizes[other] ?? 0));
  for (const index of bySize) {
    if (whole[index] === 1 || isEmpty(raw, transactions, index)) continue;
    bytes += POSITION_BYTES + (sizes[index] ?? 0) - SHORT_ID_BYTES;
    if (bytes > room) break;
    whole[index] = 1;
  }
  return whole;
}

/** The bytes of a transaction: a view, not a copy. Empty for a position that the block does not have. */
export function transactionAt(raw: Buffer, { starts, end }: Omit<Transactions, 'txids'>, index: number): Buffer {
  const start = starts[index];
  return start === undefined ? Buffer.alloc(0) : raw.subarray(start, endOf({ starts, end }, index));
}

function endOf({ starts, end }: Omit<Transactions, 'txids'>, index: number): number {
  return starts[index + 1] ?? end;
}

/** The short id of a transaction: 48 bits. @param txid 32 bytes in wire order */
export function shortIdOf(key: SipKey, txid: Buffer): number {
  const { low, high } = sipHash(key, txid);
  return (high & 0xffff) * 2 ** 32 + low;
}

/** The key of a block's short ids: SHA-256 of header and nonce; its first two 64-bit numbers. */
export function shortIdKey(header: Buffer, nonce: bigint): SipKey {
  const salt = Buffer.alloc(8);
  salt.writeBigUInt64LE(nonce);
  const digest = hash('sha256', Buffer.concat([header, salt]), 'buffer');
  return [digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12)];
}

/**
 * Whether a block has transactions without inputs and outputs, such as quorum commitments (DIP 6), which miners make and no mempool has. A node
 * takes a prefilled one for a fault of the sender: 100 misbehaviour points (seen with dashd 23.1.2; Dash Core `blockencodings.cpp`,
 * InitData, and `primitives/transaction.h`, IsNull). So each peer has to ask for them: the compact form costs a round trip.
 */
export function hasCommitment(raw: Buffer, transactions: Omit<Transactions, 'txids'>): boolean {
  return transactions.starts.some((_, index) => isEmpty(raw, transactions, index));
}

function isEmpty(raw: Buffer, { starts }: Omit<Transactions, 'txids'>, index: number): boolean {
  const counts = (starts[index] ?? 0) + VERSION_BYTES;
  return raw[counts] === 0 && raw[counts + 1] === 0;
}

/** DIP 2: the high 16 bits of the version are the type. */
function typeAt(raw: Buffer, { starts }: Omit<Transactions, 'txids'>, index: number): number {
  return raw.readUInt16LE((starts[index] ?? 0) + 2);
}
