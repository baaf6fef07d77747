import { DOUBTS, REFUSAL_DETAILS, REFUSALS, type RefusalCode } from '../messages/blocks.js';
import { fill } from '../messages/fill.js';
import type { Network } from '../wire/network.js';
import { type Hash, hashFromWire } from '../wire/reader.js';
import { isBlank } from './blank.js';
import { parseHeader, proofOfWorkFault, targetFault } from './header.js';
import { merkleRoot } from './merkle.js';
import { type Scan, scanTransactions, type Transactions } from './scan.js';
import { HEADER_SIZE, hashHeader } from './x11.js';

/** The maximum size of a block, bytes. Source: Dash Core `src/consensus/consensus.h` MaxBlockSize. */
export const MAX_BLOCK_SIZE = 2_000_000;
/** A header and a transaction count, bytes. */
const MIN_BLOCK_SIZE = HEADER_SIZE + 1;
/** Bytes of white space and NULs (the end of a line or a string) that are cut off after a block. */
const MAX_TAIL = 16;
const NO_TAIL = Buffer.alloc(0);

/** A block to be sent. Its transactions are counted and hashed, never decoded. */
export interface Block {
  readonly hash: Hash;
  /** The first 80 bytes of `raw`: a view, not a copy. */
  readonly header: Buffer;
  readonly previous: Hash;
  /** From the header, seconds since the Unix epoch. */
  readonly time: number;
  /** The claimed target in compact form; the hash is not above it. */
  readonly bits: number;
  readonly raw: Buffer;
  /** Bytes. */
  readonly size: number;
  /** Absent when they could not be counted. */
  readonly transactions?: number;
  /** From the coinbase; absent when it has none. */
  readonly height?: number;
  /** Where they are; absent when they could not be counted. */
  readonly layout?: Transactions;
}

/** A reason to ask dashd before any peer: either the block is invalid, or the network has rules that blockcast does not know. */
export interface Doubt {
  readonly code: DoubtCode;
  readonly reason: string;
}

export type DoubtCode =
  | 'transactions'
  | 'coinbase'
  | 'merkle-root'
  | 'mutated'
  | 'target'
  | 'time'
  | 'version'
  | 'height'
  | 'parent';

export interface Refused {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly reason: string;
  /** Bytes. */
  readonly size: number;
  /** Absent when there was not even a header to hash. */
  readonly hash?: Hash;
}

/** A block of which only the header has been checked. */
export interface Identified {
  readonly kind: 'block';
  readonly block: Block;
}

export interface Inspected extends Identified {
  readonly doubts: readonly Doubt[];
  /** Bytes after the last transaction that were cut off; absent when there were none. dashd ignores such bytes. */
  readonly cutOff?: number;
}

export type Inspection = Refused | Inspected;

/**
 * The hard checks: refuses what cannot be a block under any rules, by its size and its proof of work. Costs at most one hash.
 * @param raw the block keeps it: it is not copied
 * @throws Error when `loadX11()` has not finished
 */
export function identify(raw: Buffer, network: Network): Refused | Identified {
  const size = raw.length;
  if (size === 0) return refused(size, 'empty', REFUSAL_DETAILS['no-bytes']);
  if (size < MIN_BLOCK_SIZE)
    return refused(size, 'too-small', fill(REFUSALS['too-small'], { size, min: MIN_BLOCK_SIZE }));
  if (size > MAX_BLOCK_SIZE + MAX_TAIL) {
    return refused(size, 'too-large', fill(REFUSALS['too-large'], { size, max: MAX_BLOCK_SIZE }));
  }
  const header = raw.subarray(0, HEADER_SIZE);
  const { previous, time, bits } = parseHeader(header);
  const hash = hashHeader(header);
  const fault = proofOfWorkFault(hash, bits, network);
  if (fault !== undefined) return { ...refused(size, 'bad-proof-of-work', fault), hash };
  return { kind: 'block', block: { hash, header, previous, time, bits, raw, size } };
}

/**
 * Whether 80 bytes are a header with proof of work. Most other bytes have an impossible target, and cost no hash.
 * @throws Error when `loadX11()` has not finished
 */
export function hasProofOfWork(header: Buffer, network: Network): boolean {
  const { bits } = parseHeader(header);
  return targetFault(bits, network) === undefined && proofOfWorkFault(hashHeader(header), bits, network) === undefined;
}

/**
 * The soft checks, of the body. A fault only raises a doubt, because an error of blockcast must never lose a found block. Takes up to 20
 * ms: bodies with more transactions than that allows are not checked.
 */
export function examine(block: Block): Inspection {
  const scan = scanTransactions(block.raw);
  const tail = scan.ok ? block.raw.subarray(scan.end) : NO_TAIL;
  const cutOff = tail.length <= MAX_TAIL && tail.every(isBlank) ? tail.length : 0;
  const size = block.size - cutOff;
  if (size > MAX_BLOCK_SIZE)
    return refused(size, 'too-large', fill(REFUSALS['too-large'], { size, max: MAX_BLOCK_SIZE }));
  if (!scan.ok) return { kind: 'block', block, doubts: [{ code: 'transactions', reason: scan.reason }] };
  const { count: transactions, height, txids, starts, end } = scan;
  const layout = { txids, starts, end };
  const whole = { ...block, transactions, layout, ...(height !== undefined && { height }) };
  return {
    kind: 'block',
    block: cutOff === 0 ? whole : { ...whole, raw: block.raw.subarray(0, end), size },
    doubts: [...tailDoubts(tail.length - cutOff), ...coinbaseDoubts(scan), ...merkleDoubts(scan, block.header)],
    ...(cutOff > 0 && { cutOff }),
  };
}

/** Hard and soft checks. @throws Error when `loadX11()` has not finished */
export function inspect(raw: Buffer, network: Network): Inspection {
  const identified = identify(raw, network);
  return identified.kind === 'refused' ? identified : examine(identified.block);
}

type Scanned = Extract<Scan, { ok: true }>;

function refused(size: number, code: RefusalCode, reason: string): Refused {
  return { kind: 'refused', code, reason, size };
}

/** dashd ignores bytes after a block, in P2P messages and in `submitblock`; a later version might not. */
function tailDoubts(size: number): Doubt[] {
  if (size === 0) return [];
  return [{ code: 'transactions', reason: fill(DOUBTS.transactions, { size }) }];
}

function coinbaseDoubts(scan: Scanned): Doubt[] {
  if (!scan.coinbaseFirst) return [{ code: 'coinbase', reason: DOUBTS['no-coinbase'] }];
  if (scan.coinbases > 1)
    return [{ code: 'coinbase', reason: fill(DOUBTS['several-coinbases'], { count: scan.coinbases }) }];
  return [];
}

function merkleDoubts(scan: Scanned, header: Buffer): Doubt[] {
  const claimed = parseHeader(header).merkleRoot;
  const { root, mutated } = merkleRoot(scan.txids);
  const found = hashFromWire(root);
  const doubts: Doubt[] = [];
  if (found !== claimed) {
    doubts.push({ code: 'merkle-root', reason: fill(DOUBTS['merkle-root'], { claimed, found }) });
  }
  if (mutated) doubts.push({ code: 'mutated', reason: DOUBTS.mutated });
  return doubts;
}
