/** Blocks with transactions that a node can check, and compact forms of them. */
import assert from 'node:assert/strict';
import { shortIdKey, shortIdOf } from '../../src/block/compact.js';
import { type Scan, scanTransactions } from '../../src/block/scan.js';
import { hashHeader } from '../../src/block/x11.js';
import { type Funding, fillerTransactions } from '../../src/simulated/filler.js';
import { assemble, type Template } from '../../src/simulated/miner.js';
import type { CmpctBlock } from '../../src/wire/cmpctblock.js';
import { type Hash, hashFromWire } from '../../src/wire/reader.js';
import { Writer } from '../../src/wire/writer.js';
import { ask, following, mine, type NodeUnderTest, templateOn } from './node-under-test.js';
import type { TestPeer } from './test-peer.js';

/** Dash Core `consensus/consensus.h`: COINBASE_MATURITY. */
const MATURITY = 100;
/** So many more coinbases may be spent. */
const LEAD = MATURITY + 20;
const FILLER_BYTES = 400;
const HEADER_BYTES = 80;
const COIN = 100_000_000n;
const LEAD_REWARD = 500n * COIN;
const SHORT_ID_BYTES = 6;

/** A block, and what is in it. */
export interface Sample {
  readonly raw: Buffer;
  readonly hash: Hash;
  readonly parent: Hash;
  readonly header: Buffer;
  /** In the block's order. */
  readonly transactions: readonly Buffer[];
  readonly txids: readonly Buffer[];
}

export function sampleOf(raw: Buffer): Sample {
  const scan: Scan = scanTransactions(raw);
  assert.ok(scan.ok);
  const { starts, end, txids } = scan;
  const header = raw.subarray(0, HEADER_BYTES);
  return {
    raw,
    header,
    txids,
    hash: hashHeader(header),
    parent: hashFromWire(header.subarray(4, 36)),
    transactions: starts.map((start, index) => raw.subarray(start, starts[index + 1] ?? end)),
  };
}

/** The coinbases that may be spent, and blocks that spend them. */
export class Treasury {
  private readonly funds: Funding[] = [];

  constructor(private readonly node: () => NodeUnderTest) {}

  /** Extends the node's chain until there are coinbases that may be spent. */
  async fill(): Promise<void> {
    let template = await templateOn(this.node());
    for (let count = 0; count < LEAD; count += 1) {
      const raw = mine(template, { reward: LEAD_REWARD });
      assert.equal(await ask(this.node(), 'submitblock', raw.toString('hex')), null);
      const { hash, txids } = sampleOf(raw);
      const [coinbase] = txids;
      assert.ok(coinbase);
      if (count < LEAD - MATURITY) this.funds.push({ txid: hashFromWire(coinbase), index: 0, value: LEAD_REWARD });
      template = following(template, hash);
    }
  }

  /** A block on the tip with a coinbase and so many transactions, each of which spends the one before. */
  async block(transactions: number, on?: Template): Promise<Sample> {
    const template = on ?? (await templateOn(this.node()));
    const funding = this.funds.shift();
    assert.ok(funding, 'a coinbase that may be spent');
    const fillers = fillerTransactions(transactions * FILLER_BYTES, FILLER_BYTES, funding);
    assert.equal(fillers.length, transactions);
    const [coinbase] = sampleOf(mine(template, { reward: COIN })).transactions;
    assert.ok(coinbase);
    return sampleOf(assemble(template, [coinbase, ...fillers]));
  }
}

export interface CompactOptions {
  /** Positions that are prefilled; default the coinbase. */
  readonly prefill?: readonly number[];
  readonly nonce?: bigint;
}

/** The compact form of a block. */
export function compactForm(
  { header, transactions, txids }: Sample,
  { prefill = [0], nonce = 7n }: CompactOptions = {},
): CmpctBlock {
  const key = shortIdKey(header, nonce);
  const others = txids.filter((_, index) => !prefill.includes(index));
  const shortIds = Buffer.alloc(SHORT_ID_BYTES * others.length);
  for (const [place, txid] of others.entries()) {
    shortIds.writeUIntLE(shortIdOf(key, txid), place * SHORT_ID_BYTES, SHORT_ID_BYTES);
  }
  const writer = new Writer();
  let next = 0;
  for (const index of prefill) {
    writer.compactSize(index - next).bytes(transactions[index] ?? Buffer.alloc(0));
    next = index + 1;
  }
  return {
    command: 'cmpctblock',
    header,
    nonce,
    shortIds,
    prefilled: { count: prefill.length, bytes: writer.finish() },
  };
}

/** Has the node take transactions into its mempool. */
export async function relay(node: NodeUnderTest, peer: TestPeer, transactions: readonly Buffer[]): Promise<void> {
  const before = (await ask<Hash[]>(node, 'getrawmempool')).length;
  for (const raw of transactions) peer.send({ command: 'tx', raw });
  await peer.sync();
  assert.equal((await ask<Hash[]>(node, 'getrawmempool')).length, before + transactions.length);
}

/** Sends transactions of a block. */
export function sendTransactions(peer: TestPeer, { hash, transactions }: Sample, indexes: readonly number[]): void {
  const pieces = indexes.map((index) => transactions[index] ?? Buffer.alloc(0));
  peer.send({ command: 'blocktxn', hash, count: pieces.length, transactions: Buffer.concat(pieces) });
}

export async function tipHash(node: NodeUnderTest): Promise<Hash> {
  return ask(node, 'getbestblockhash');
}
