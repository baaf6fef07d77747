import { proofOfWorkFault } from '../block/header.js';
import { merkleRoot } from '../block/merkle.js';
import { hashHeader } from '../block/x11.js';
import { NETWORKS } from '../wire/network.js';
import { type Hash, hashToWire } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { encodeCoinbase } from './build-coinbase.js';
import { type Funding, fillerTransactions } from './filler.js';
import { txidOf } from './transaction.js';

/** Regtest's only difficulty: every second header will do. Source: Dash Core `chainparams.cpp`. */
export const REGTEST_BITS = 0x207fffff;

/** What a miner needs to know of the chain it extends. */
export interface Template {
  readonly parent: Hash;
  readonly height: number;
  /** Seconds since the Unix epoch. */
  readonly time: number;
  /** Whether the coinbase must be a special transaction (DIP 4). */
  readonly special: boolean;
}

export interface MineOptions {
  /** Fills the block with transactions to this many bytes, or two less; under 1,000 it may be left at the coinbase alone. */
  readonly size?: number;
  /** How long a filler transaction is, in bytes; 2,000 unless told. */
  readonly transactionSize?: number;
  /** A spendable output, for a chain that checks; without it the fillers spend what does not exist. */
  readonly funding?: Funding;
  /** Makes blocks on the same parent differ. */
  readonly extraNonce?: number;
  /** Duffs; Core's regtest allows 500 DASH for the first 150 blocks. */
  readonly reward?: bigint;
}

const BLOCK_VERSION = 0x2000_0000;
const HEADER_BYTES = 80;
const NONCE_AT = 76;
const COIN = 100_000_000n;
const REGTEST_REWARD = 500n * COIN;
const NO_FUNDING: Funding = { txid: 'f1'.repeat(32), index: 0, value: COIN };
/** Above this many transactions their count takes three bytes. */
const ONE_BYTE_COUNT = 252;

/** Builds a block on the template and searches a nonce for it. `loadX11()` must have been awaited. */
export function mineBlock(template: Template, options: MineOptions = {}): Buffer {
  const coinbase = encodeCoinbase({
    height: template.height,
    value: options.reward ?? REGTEST_REWARD,
    extraNonce: options.extraNonce ?? 0,
    special: template.special,
  });
  return assemble(template, [coinbase, ...filling(coinbase, options)]);
}

/** Puts transactions under a header with their merkle root and proof of work. */
export function assemble(template: Pick<Template, 'parent' | 'time'>, transactions: readonly Buffer[]): Buffer {
  const { root } = merkleRoot(transactions.map((raw) => hashToWire(txidOf(raw))));
  const header = solve(template, root);
  return new Writer()
    .bytes(header)
    .compactSize(transactions.length)
    .bytes(Buffer.concat([...transactions]))
    .finish();
}

function filling(coinbase: Buffer, options: MineOptions): Buffer[] {
  const { size, transactionSize = 2_000, funding = NO_FUNDING } = options;
  if (size === undefined) return [];
  const room = size - HEADER_BYTES - coinbase.length;
  const few = fillerTransactions(room - 1, transactionSize, funding);
  return few.length < ONE_BYTE_COUNT ? few : fillerTransactions(room - 3, transactionSize, funding);
}

function solve(template: Pick<Template, 'parent' | 'time'>, root: Buffer): Buffer {
  const header = new Writer()
    .i32(BLOCK_VERSION)
    .hash(template.parent)
    .bytes(root)
    .u32(template.time)
    .u32(REGTEST_BITS)
    .u32(0)
    .finish();
  for (let nonce = 1; proofOfWorkFault(hashHeader(header), REGTEST_BITS, NETWORKS.regtest) !== undefined; nonce += 1) {
    header.writeUInt32LE(nonce, NONCE_AT);
  }
  return header;
}
