/**
 * The part of Dash Core's block validation that a simulated node implements, in Core's order and with Core's reject reasons. It does
 * not check scripts, amounts or unspent outputs.
 */
import { type BlockHeader, parseHeader, proofOfWorkFault } from '../block/header.js';
import { merkleRoot } from '../block/merkle.js';
import { type Scan, scanTransactions } from '../block/scan.js';
import { HEADER_SIZE, hashHeader } from '../block/x11.js';
import { NETWORKS } from '../wire/network.js';
import { type Hash, hashFromWire, Reader } from '../wire/reader.js';
import { COINBASE_TYPE, pushNumber } from './build-coinbase.js';
import { REGTEST_BITS } from './miner.js';
import { readHead, type TxHead } from './transaction.js';

/** Core's `BlockValidationResult`. Source: `consensus/validation.h`. */
export type FaultKind =
  | 'undecodable'
  | 'invalid-header'
  | 'missing-parent'
  | 'invalid-parent'
  | 'mutated'
  | 'consensus'
  | 'known-invalid'
  | 'from-the-future'
  | 'conflicting'
  | 'not-continuous';

export interface BlockFault {
  readonly kind: FaultKind;
  /** Core's reject reason, as in the answer to `submitblock`. */
  readonly reason: string;
}

export interface Header extends BlockHeader {
  readonly hash: Hash;
  readonly bytes: Buffer;
}

const MAX_BLOCK_BYTES = 2_000_000;
/** A header and a transaction count of 0, bytes. */
export const MIN_BLOCK_BYTES = HEADER_SIZE + 1;
const MAX_FUTURE_SECONDS = 2 * 60 * 60;
const LEAST_VERSION = 4;
const MIN_COINBASE_SCRIPT = 2;
const MAX_COINBASE_SCRIPT = 100;

/** Decodes the first 80 bytes of a block. They are copied, so that a header does not keep the whole block in memory. */
export function readHeader(raw: Buffer): Header {
  const bytes = Buffer.from(raw.subarray(0, HEADER_SIZE));
  return { ...parseHeader(bytes), hash: hashHeader(bytes), bytes };
}

/** The parts of a block that the rules check. */
export interface Body {
  readonly header: Header;
  /** Bytes. */
  readonly size: number;
  readonly scan: Extract<Scan, { ok: true }>;
  /** `undefined` when the first transaction is not a coinbase. */
  readonly coinbase: TxHead | undefined;
}

/** Decodes a block; `undefined` when the bytes are not a block. */
export function readBody(raw: Buffer): Body | undefined {
  const scan = scanTransactions(raw);
  if (!scan.ok) return undefined;
  const reader = new Reader(raw, HEADER_SIZE);
  reader.compactSize('block.transactions');
  const coinbase = scan.coinbaseFirst ? readHead(reader) : undefined;
  return { header: readHeader(raw), size: raw.length, scan, coinbase };
}

/** Context-free checks of a header. Source: Core `validation.cpp`, `CheckBlockHeader`. */
export function checkHeader(header: Header): BlockFault | undefined {
  if (proofOfWorkFault(header.hash, header.bits, NETWORKS.regtest) === undefined) return undefined;
  return { kind: 'invalid-header', reason: 'high-hash' };
}

/** Context-free checks of a block. Source: Core `validation.cpp`, `CheckBlock`. */
export function checkBody(body: Body): BlockFault | undefined {
  return checkHeader(body.header) ?? checkMerkleRoot(body) ?? checkShape(body);
}

function checkMerkleRoot({ header, scan }: Body): BlockFault | undefined {
  const { root, mutated } = merkleRoot(scan.txids);
  if (hashFromWire(root) !== header.merkleRoot) return { kind: 'mutated', reason: 'bad-txnmrklroot' };
  return mutated ? { kind: 'mutated', reason: 'bad-txns-duplicate' } : undefined;
}

function checkShape({ size, scan, coinbase }: Body): BlockFault | undefined {
  const refuse = (reason: string): BlockFault => ({ kind: 'consensus', reason });
  if (size > MAX_BLOCK_BYTES || scan.count === 0) return refuse('bad-blk-length');
  if (coinbase === undefined) return refuse('bad-cb-missing');
  if (scan.coinbases > 1) return refuse('bad-cb-multiple');
  const { length } = coinbase.script;
  return length < MIN_COINBASE_SCRIPT || length > MAX_COINBASE_SCRIPT ? refuse('bad-cb-length') : undefined;
}

export interface HeaderContext {
  /** The median time of the parent and its ten predecessors, seconds. */
  readonly medianTime: number;
  /** Seconds since the Unix epoch. */
  readonly now: number;
}

/** Checks of a header against its parent. Source: Core `validation.cpp`, `ContextualCheckBlockHeader`. */
export function checkHeaderInContext(header: Header, { medianTime, now }: HeaderContext): BlockFault | undefined {
  if (header.bits !== REGTEST_BITS) return { kind: 'invalid-header', reason: 'bad-diffbits' };
  if (header.time <= medianTime) return { kind: 'invalid-header', reason: 'time-too-old' };
  if (header.time > now + MAX_FUTURE_SECONDS) return { kind: 'from-the-future', reason: 'time-too-new' };
  if (header.version >= LEAST_VERSION) return undefined;
  const hex = (header.version >>> 0).toString(16).padStart(8, '0');
  return { kind: 'invalid-header', reason: `bad-version(0x${hex})` };
}

/** The coinbase must contain its height (BIP 34), or be a special transaction (DIP 4). Source: `ContextualCheckBlock`. */
export function checkCoinbaseInContext({ coinbase }: Body, height: number, special: boolean): BlockFault | undefined {
  if (special) return coinbase?.type === COINBASE_TYPE ? undefined : { kind: 'consensus', reason: 'bad-cb-type' };
  const expected = pushNumber(height);
  const named = coinbase?.script.subarray(0, expected.length).equals(expected) === true;
  return named ? undefined : { kind: 'consensus', reason: 'bad-cb-height' };
}
