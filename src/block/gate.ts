import type { Network } from '../wire/network.js';
import { type Hash, hashFromWire } from '../wire/reader.js';
import { parseHeader, proofOfWorkFault } from './header.js';
import { merkleRoot } from './merkle.js';
import { type Scan, scanTransactions } from './scan.js';
import { HEADER_SIZE, hashHeader } from './x11.js';

/** The largest block there can be, in bytes. Source: Dash Core `src/consensus/consensus.h` MaxBlockSize. */
export const MAX_BLOCK_SIZE = 2_000_000;
/** A header and a count of transactions, in bytes. */
const MIN_BLOCK_SIZE = HEADER_SIZE + 1;

/** A block ready to be sent. Its transactions are opaque: counted, hashed, never decoded. */
export interface Block {
  readonly hash: Hash;
  /** The first 80 bytes of `raw`: a view, not a copy. */
  readonly header: Buffer;
  readonly previous: Hash;
  readonly raw: Buffer;
  /** Bytes. */
  readonly size: number;
  /** Absent when they could not be counted. */
  readonly transactions?: number;
  /** What the coinbase claims; absent when it claims none. */
  readonly height?: number;
}

/**
 * A reason to ask dashd before any peer: either the block is broken, or the network has learned something we have not.
 * That the parent is unknown is a doubt too, but takes a look at the chain, not at the block.
 */
export interface Doubt {
  readonly code: 'transactions' | 'coinbase' | 'merkle root' | 'mutated';
  readonly reason: string;
}

export type RefusalCode = 'empty' | 'too small' | 'too large' | 'bad proof of work';

export interface Refused {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly reason: string;
  /** Absent when there was not even a header to hash. */
  readonly hash?: Hash;
}

export interface Inspected {
  readonly kind: 'block';
  readonly block: Block;
  readonly doubts: readonly Doubt[];
}

export type Inspection = Refused | Inspected;

/**
 * The gate before any send. Refused is what cannot be a block under any rules: its size, its proof of work. All else is a
 * doubt that goes with the block, because a misunderstanding of ours must never lose a found block.
 * @param raw kept, not copied: the block shares its memory
 * @throws Error when `loadX11()` has not finished
 */
export function inspect(raw: Buffer, network: Network): Inspection {
  const size = raw.length;
  if (size === 0) return refused('empty', 'there are no bytes');
  if (size < MIN_BLOCK_SIZE) return refused('too small', `${size} bytes; a block has ${MIN_BLOCK_SIZE} or more`);
  if (size > MAX_BLOCK_SIZE) return refused('too large', `${size} bytes; a block has ${MAX_BLOCK_SIZE} or fewer`);

  const header = raw.subarray(0, HEADER_SIZE);
  const { previous, merkleRoot: claimedRoot, bits } = parseHeader(header);
  const hash = hashHeader(header);
  const fault = proofOfWorkFault(hash, bits, network);
  if (fault !== undefined) return { ...refused('bad proof of work', fault), hash };

  const scan = scanTransactions(raw);
  const block = { hash, header, previous, raw, size };
  if (!scan.ok) return { kind: 'block', block, doubts: [{ code: 'transactions', reason: scan.reason }] };
  const { count: transactions, height } = scan;
  return {
    kind: 'block',
    block: { ...block, transactions, ...(height === undefined ? {} : { height }) },
    doubts: [...coinbaseDoubts(scan), ...merkleDoubts(scan, claimedRoot)],
  };
}

type Scanned = Extract<Scan, { ok: true }>;

function refused(code: RefusalCode, reason: string): Refused {
  return { kind: 'refused', code, reason };
}

function coinbaseDoubts(scan: Scanned): Doubt[] {
  if (!scan.coinbaseFirst) return [{ code: 'coinbase', reason: 'the first transaction is not a coinbase' }];
  if (scan.coinbases > 1) return [{ code: 'coinbase', reason: `${scan.coinbases} transactions are coinbases` }];
  return [];
}

function merkleDoubts(scan: Scanned, claimed: Hash): Doubt[] {
  const { root, mutated } = merkleRoot(scan.txids);
  const found = hashFromWire(root);
  const doubts: Doubt[] = [];
  if (found !== claimed) {
    doubts.push({ code: 'merkle root', reason: `the header claims ${claimed}, the transactions give ${found}` });
  }
  if (mutated) doubts.push({ code: 'mutated', reason: 'transactions are repeated without a trace in the merkle root' });
  return doubts;
}
