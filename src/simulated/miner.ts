import { proofOfWorkFault } from '../block/header.js';
import { merkleRoot } from '../block/merkle.js';
import { hashHeader } from '../block/x11.js';
import { NETWORKS } from '../wire/network.js';
import { type Hash, hashToWire } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { type CoinbaseParts, encodeCoinbase } from './build-coinbase.js';
import { type Funding, fillerTransactions } from './filler.js';
import { txidOf } from './transaction.js';

/** Regtest's difficulty: every second hash on average meets it. Source: Dash Core `chainparams.cpp`. */
export const REGTEST_BITS = 0x207fffff;

/** A block template. */
export interface Template {
  readonly parent: Hash;
  readonly height: number;
  /** Seconds since the Unix epoch. */
  readonly time: number;
  /** Whether the coinbase must be a special transaction (DIP 4). */
  readonly special: boolean;
}

export interface MineOptions {
  /** Target size of the block, bytes; the result may be two bytes smaller. Below 1,000 the block may have only a coinbase. */
  readonly size?: number;
  /** Size of a filler transaction, bytes; default 2,000. */
  readonly transactionSize?: number;
  /** A spendable output, for nodes that check inputs; without it the fillers spend outputs that do not exist. */
  readonly funding?: Funding;
  /** Distinguishes blocks on the same parent. */
  readonly extraNonce?: number;
  /** Duffs; Core's regtest allows 500 DASH for the first 150 blocks. */
  readonly reward?: bigint;
  /** What its coinbase says, and whom it pays. */
  readonly coinbase?: Pick<CoinbaseParts, 'text' | 'payees'>;
}

const BLOCK_VERSION = 0x2000_0000;
const HEADER_BYTES = 80;
const NONCE_AT = 76;
const COIN = 100_000_000n;
const REGTEST_REWARD = 500n * COIN;
const NO_FUNDING: Funding = { txid: 'f1'.repeat(32), index: 0, value: COIN };
/** The transaction count of larger blocks takes three bytes. */
const ONE_BYTE_COUNT = 252;

/** Builds a block on the template and finds its nonce. @throws Error when `loadX11()` has not finished */
export function mineBlock(template: Template, options: MineOptions = {}): Buffer {
  const coinbase = encodeCoinbase({
    height: template.height,
    value: options.reward ?? REGTEST_REWARD,
    extraNonce: options.extraNonce ?? 0,
    special: template.special,
    ...options.coinbase,
  });
  return assemble(template, [coinbase, ...filling(coinbase, options)]);
}

/** Builds a block of the transactions, with merkle root and proof of work. */
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
