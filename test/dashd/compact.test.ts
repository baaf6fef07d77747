/** Our compact blocks, as a real dashd takes them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { compactOf, transactionAt } from '../../src/block/compact.js';
import { type Scan, scanTransactions } from '../../src/block/scan.js';
import { hashHeader } from '../../src/block/x11.js';
import type { DashdProcess } from '../../src/simulated/dashd-process.js';
import type { GetBlockTxn } from '../../src/wire/getblocktxn.js';
import { hashFromWire } from '../../src/wire/reader.js';
import { TestPeer } from '../contract/test-peer.js';
import { DashdTestNetwork } from './dashd-test-network.js';
import { describeWithDashd } from './describe-with-dashd.js';

const SIZE = 20_000;
/** Blocks until a coinbase may be spent, and some. */
const LEAD = 120;
const BAD_SHORT_ID = 1n;

describeWithDashd('a compact block of ours', () => {
  const network = new DashdTestNetwork(['-acceptnonstdtxn=1', '-minrelaytxfee=0']);
  before(async () => {
    await network.open();
    for (const raw of await network.mine(LEAD)) await submit(node(), raw);
    // A node whose tip is older than 50 minutes takes no compact block that it did not ask for.
    await node().generate(1);
  });
  after(() => network.remove());

  const node = (): DashdProcess => {
    const [first] = network.nodes;
    assert.ok(first);
    return first;
  };

  it('is accepted when the node has asked for what it lacks and was given it, without a point', async () => {
    const [raw] = await network.mine(1, SIZE);
    assert.ok(raw);
    const { hash, scan } = read(raw);
    const peer = await TestPeer.ready(node());
    sendCompact(peer, raw, scan);
    const asked = await peer.next('getblocktxn', (one) => one.hash === hash);
    assert.deepEqual(
      asked.indexes,
      Array.from({ length: scan.count - 1 }, (_, place) => place + 1),
    );
    assert.deepEqual(await chainBehind(peer, raw), []);
    answer(peer, raw, scan, asked);
    assert.deepEqual(await chainBehind(peer, raw), [hash]);
    assert.equal(await node().rpc('getbestblockhash'), hash);
    assert.doesNotMatch(node().log(), /Misbehaving/);
  });

  it('is accepted at once when the node has all its transactions', async () => {
    const [raw] = await network.mine(1, SIZE);
    assert.ok(raw);
    const { hash, scan } = read(raw);
    for (const index of scan.txids.keys()) {
      if (index > 0) await node().rpc('sendrawtransaction', transactionAt(raw, scan, index).toString('hex'), 0);
    }
    const peer = await TestPeer.ready(node());
    sendCompact(peer, raw, scan);
    assert.deepEqual(await chainBehind(peer, raw), [hash]);
    assert.deepEqual(peer.all('getblocktxn'), []);
  });

  it('with wrong short ids gets the whole block asked for piece by piece, which is accepted as well', async () => {
    const [raw] = await network.mine(1, SIZE);
    assert.ok(raw);
    const { hash, scan } = read(raw);
    const peer = await TestPeer.ready(node());
    const compact = compactOf(raw, scan, BAD_SHORT_ID);
    assert.ok(compact);
    peer.send({ ...compact, nonce: BAD_SHORT_ID + 1n });
    const asked = await peer.next('getblocktxn', (one) => one.hash === hash);
    answer(peer, raw, scan, asked);
    assert.deepEqual(await chainBehind(peer, raw), [hash]);
  });
});

type Scanned = Extract<Scan, { ok: true }>;

function read(raw: Buffer): { hash: string; scan: Scanned } {
  const scan = scanTransactions(raw);
  assert.ok(scan.ok && scan.count > 1);
  return { hash: hashHeader(raw.subarray(0, 80)), scan };
}

function sendCompact(peer: TestPeer, raw: Buffer, scan: Scanned): void {
  const compact = compactOf(raw, scan, 7n);
  assert.ok(compact);
  peer.send(compact);
}

function answer(peer: TestPeer, raw: Buffer, scan: Scanned, { hash, indexes }: GetBlockTxn): void {
  const transactions = Buffer.concat(indexes.map((index) => transactionAt(raw, scan, index)));
  peer.send({ command: 'blocktxn', hash, count: indexes.length, transactions });
}

/** The hashes of the headers that the node gives behind the block's parent. */
async function chainBehind(peer: TestPeer, raw: Buffer): Promise<string[]> {
  const parent = hashFromWire(raw.subarray(4, 36));
  peer.send({ command: 'getheaders', version: 70240, locator: [parent], stop: '0'.repeat(64) });
  const { headers } = await peer.next('headers');
  return headers.map((header) => hashHeader(header));
}

async function submit(node: DashdProcess, raw: Buffer): Promise<void> {
  assert.equal(await node.rpc('submitblock', raw.toString('hex')), null);
}
