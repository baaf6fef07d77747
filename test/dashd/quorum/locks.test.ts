/** ChainLocks and InstantSend locks of real quorums: their times, who is sent them, and what delays them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { BlockFinality } from '../../../src/contracts/events.js';
import type { BlockLocks, LocksRelayed } from '../../../src/contracts/locks.js';
import { type DashdProcess, startDashd } from '../../../src/simulated/dashd-process.js';
import { type Funding, fillerTransactions } from '../../../src/simulated/filler.js';
import { isLockOf } from '../../../src/streams/locks/ask-locks.js';
import { frameOf } from '../../../src/wire/frame.js';
import { NETWORKS } from '../../../src/wire/network.js';
import type { Hash } from '../../../src/wire/reader.js';
import { eventually, pointsIn } from '../../contract/node-under-test.js';
import { TestPeer } from '../../contract/test-peer.js';
import { hashOf, RelayUnderTest } from '../../support/relay-under-test.js';
import { describeWithDashd } from '../describe-with-dashd.js';
import { chainLockOf } from './chain-locks.js';
import { LLMQ_TEST, LLMQ_TEST_DIP0024 } from './dkg.js';
import { LockPeer } from './lock-peer.js';
import { MasternodeNetwork } from './masternode-network.js';
import { CONSENSUS, finishSync } from './registration.js';
import { type BlockTemplate, blockOn } from './template-block.js';

const MASTERNODES = 5;
/** Quorums with rotation form in the fourth cycle. */
const CYCLES_WITHOUT_ROTATION = 3;
const FOUND_BLOCKS = 5;
/** Of a transaction. */
const BYTES = 2_000;
const SIGNS_IN_MEMPOOL = 0;
/** Active, and transactions are locked once they are in a block. Source: Dash Core `instantsend/signing.cpp`, IsInstantSendMempoolSigningEnabled. */
const SIGNS_IN_BLOCKS = 1;
const FLOOD = 300;
/** Transactions of a block that are not locked. */
const COUNTS = [0, 1, 10];

describeWithDashd('the locks of real quorums', () => {
  let network: MasternodeNetwork;
  let relay: RelayUnderTest;
  let peer: LockPeer;
  let funds: Funding[];
  before(async () => {
    network = await MasternodeNetwork.start(MASTERNODES);
    for (let cycle = 0; cycle < CYCLES_WITHOUT_ROTATION; cycle += 1) await network.mineQuorum();
    await network.mineQuorum([LLMQ_TEST, LLMQ_TEST_DIP0024]);
    funds = await network.split(COUNTS.reduce((sum, count) => sum + count));
    await network.turnOn(['SPORK_3_INSTANTSEND_BLOCK_FILTERING']);
    await network.turnOn(['SPORK_2_INSTANTSEND_ENABLED'], SIGNS_IN_BLOCKS);
    peer = await LockPeer.open();
    const { dashd } = network;
    relay = await RelayUnderTest.start({
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-cookie-file': dashd.cookieFile,
      'dashd-p2p-port': String(dashd.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'broadcast-skip-bootstrap': 'true',
      'locks-forecast': '1',
      peers: peer.address,
    });
    const masternodes = await network.members();
    await relay.connected(1 + 1 + masternodes.length);
    await relay.until('the feed', (events) =>
      events.find((event) => event.type === 'service' && event.service === 'dashd-feed' && event.state === 'up'),
    );
  });
  after(async () => {
    await relay?.stop();
    await peer?.close();
    await network?.remove();
  });

  const template = () => network.dashd.rpc<BlockTemplate>('getblocktemplate');

  /** Pushes a block, and waits for its ChainLock. @param more transactions that the template leaves out */
  async function found(more: readonly Buffer[] = []) {
    const on = await template();
    const transactions = [...on.transactions, ...more.map((raw) => ({ data: raw.toString('hex') }))];
    await eventually(() => relay.relay.view.quorums?.()?.height === on.height - 1 || undefined, 'the quorums');
    const raw = blockOn({ ...on, transactions });
    const hash = hashOf(raw);
    const pushedAt = performance.now();
    await relay.push(raw);
    const lock = await chainLockOf(network.dashd, hash, WAIT_MS);
    const asked = performance.now() - pushedAt;
    const of = <T extends { readonly type: string; readonly hash: Hash }>(type: T['type']): Promise<T> =>
      relay.until(`${type} of ${hash}`, (events) =>
        events.find(
          (event): event is Extract<typeof event, T> => event.type === type && 'hash' in event && event.hash === hash,
        ),
      );
    const end = await of<BlockFinality>('finality');
    return { raw, hash, lock, asked, end, of };
  }

  it('come for each block of the pool, and when they came is in the event and the history, beside what dashd says', async (t) => {
    for (let block = 0; block < FOUND_BLOCKS; block += 1) {
      const { hash, end, asked } = await found();
      assert.equal(end.state, 'chainlocked');
      assert.equal(
        end.chainLock?.seen,
        'feed',
        JSON.stringify([end, asked, relay.events.filter(({ type }) => type === 'service').slice(-5)]),
      );
      assert.ok(end.chainLock.sinceTipMs !== undefined);
      assert.deepEqual(relay.relay.view.history.get(hash)?.finality.chainLock, end.chainLock);
      t.diagnostic(
        `ChainLock after ${end.chainLock.ms.toFixed(0)} ms, ${end.chainLock.sinceTipMs.toFixed(0)} ms after dashd had the block; getbestchainlock had it after ${asked.toFixed(0)} ms`,
      );
    }
    assert.ok(relay.relay.view.history.kpis().chainLockMs !== undefined);
  });

  it('are relayed as dashd has verified them: a false one, a malformed one, an old one and a flood go to nobody', async (t) => {
    const { height } = await template();
    const good = Buffer.from((await bestLock(network.dashd)).hex, 'hex');
    const before = peer.locks.length;
    for (const payload of [
      Buffer.concat([intOf(height), good.subarray(4, 36), Buffer.alloc(96, 0xc0)]),
      Buffer.concat([intOf(height + 1_000), good.subarray(4)]),
      Buffer.concat([good.subarray(0, 4), Buffer.alloc(32, 7), good.subarray(36)]),
      good,
      good.subarray(0, 40),
    ]) {
      peer.send('clsig', payload);
    }
    peer.send('isdlock', Buffer.alloc(200, 0xee));
    for (let sent = 0; sent < FLOOD; sent += 1) peer.send('isdlock', Buffer.from([1, 0, sent & 0xff, sent >> 8]));
    await eventually(() => {
      const { clsig = 0, isdlock = 0 } = relay.relay.view.ignoredLocks?.() ?? {};
      return (clsig >= 5 && isdlock >= FLOOD + 1) || undefined;
    }, 'the count of what came');
    const { hash, lock, of } = await found();
    const relayed = await of<LocksRelayed>('locks-relayed');
    await eventually(() => peer.locks.length > before || undefined, 'the ChainLock');
    assert.deepEqual(
      peer.locks.slice(before).map(({ command, payload }) => [command, payload.toString('hex')]),
      [['clsig', lock.hex]],
    );
    assert.equal(lock.blockhash, hash);
    assert.ok(relayed.sent >= 1);
    t.diagnostic(
      `sent to ${relayed.sent} of ${relayed.sent + relayed.had + relayed.unproven} peers; ${relayed.had} had it`,
    );
    for (const node of [network.dashd, ...network.nodes]) assert.deepEqual(await pointsGiven(node), []);
  });

  for (const count of COUNTS) {
    it(`are foreseen for a block with ${count} transactions that are not locked: counted, named, and left out by dashd`, async (t) => {
      const payments = funds.splice(0, count).flatMap((funding) => fillerTransactions(BYTES, BYTES, funding));
      const txids = await network.spread(payments);
      const forecast = await eventually(() => {
        const shown = relay.relay.view.lockForecast?.();
        return shown?.unknown === undefined && shown?.delaying === count && shown.transactions === count
          ? shown
          : undefined;
      }, `a forecast of ${count}`);
      assert.deepEqual(sorted(forecast.named), [...txids].sort());
      assert.equal((await template()).transactions.length, 0, 'as dashd would mine it');
      const { hash, end, of } = await found(payments);
      const locks = await of<BlockLocks>('locks');
      assert.deepEqual(
        [locks.transactions, locks.locked, locks.delaying, locks.aged, locks.unchecked, locks.unknown],
        [count, 0, count, 0, 0, undefined],
      );
      assert.deepEqual(sorted(locks.named), [...txids].sort());
      assert.equal(locks.clearAt === undefined, count === 0);
      assert.equal(relay.relay.view.history.get(hash)?.locks?.delaying, count);
      t.diagnostic(`${count} not locked: ChainLock after ${end.chainLock?.ms.toFixed(0)} ms`);
    });
  }

  it('of transactions are counted as such once they are there, and a node that lacks one takes it from us without a point', async () => {
    const other = await startDashd({ arguments: CONSENSUS });
    try {
      await other.rpc('addnode', network.dashd.address, 'onetry');
      await finishSync(other);
      const tip = await network.dashd.rpc<Hash>('getbestblockhash');
      await eventually(async () => (await other.rpc<Hash>('getbestblockhash')) === tip || undefined, 'its chain');
      // A node is told of a spork that changes, and asks for the others in a while.
      await network.turnOn(['SPORK_2_INSTANTSEND_ENABLED'], SIGNS_IN_MEMPOOL);
      await eventually(async () => {
        const { SPORK_2_INSTANTSEND_ENABLED: value } = await other.rpc<Record<string, number>>('spork', 'show');
        return value === SIGNS_IN_MEMPOOL || undefined;
      }, 'its sporks');
      await other.rpc('disconnectnode', network.dashd.address);
      const payments = network.transactions(BYTES);
      const [txid = ''] = await network.spread(payments);
      await other.rpc('sendrawtransaction', payments[0]?.toString('hex') ?? '', 0);
      const hex = await eventually(async () => {
        const [lock] = await network.dashd.rpc<(string | { hex: string })[]>('getislocks', [txid]);
        return typeof lock === 'object' ? lock.hex : undefined;
      }, 'the lock');
      assert.ok(isLockOf(txid, Buffer.from(hex, 'hex')), 'as it is checked before it is relayed');
      await eventually(() => relay.relay.view.lockForecast?.()?.locked === 1 || undefined, 'its being counted');
      const isLocked = async () =>
        (await other.rpc<{ instantlock: boolean }>('getrawtransaction', txid, true)).instantlock;
      assert.equal(await isLocked(), false);
      const sender = await TestPeer.ready(other);
      sender.write(frameOf(NETWORKS.regtest.magic, 'isdlock', Buffer.from(hex, 'hex')));
      await eventually(async () => (await isLocked()) || undefined, 'its lock at the other node');
      assert.deepEqual(pointsIn(other.log()), []);
      await sender.hangUp();
      const { of } = await found();
      const locks = await of<BlockLocks>('locks');
      assert.deepEqual([locks.transactions, locks.locked, locks.delaying], [1, 1, 0]);
    } finally {
      await other.remove();
    }
  });
});

/** Ten minutes is what a block waits at most. */
const WAIT_MS = 11 * 60_000;

function sorted(named: BlockLocks['named']): Hash[] {
  return named.map(({ txid }) => txid).sort();
}

function intOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function bestLock(node: DashdProcess): Promise<{ hex: string }> {
  return node.rpc('getbestchainlock');
}

/** The misbehaviour points that a node gave to the relay; masternodes may give each other some. */
async function pointsGiven(node: DashdProcess): Promise<number[]> {
  const peers = await node.rpc<{ id: number; subver: string }[]>('getpeerinfo');
  const ours = peers.filter(({ subver }) => subver.includes('blockcast')).map(({ id }) => id);
  return pointsIn(node.log()).flatMap(({ peer, points }) => (ours.includes(peer) ? [points] : []));
}
