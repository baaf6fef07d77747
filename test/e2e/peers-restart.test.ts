/** A relay that is started again connects to the peers it knew, whether or not dashd knows any of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { parse, serialise } from '../../src/peers/format.js';
import { delivered, type PeerRecord } from '../../src/peers/record.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { type SimulatedNetwork, startNetwork } from '../../src/simulated/simulated-network.js';
import { RelayUnderTest } from '../support/relay-under-test.js';

const NODES = 6;

let folder = '';
let net: SimulatedNetwork;
let relay: RelayUnderTest | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'blockcast-restart-'));
  net = await startNetwork({ nodes: NODES, dashdPeers: NODES, latency: false });
});
afterEach(async () => {
  await relay?.stop();
  relay = undefined;
  await net.stop();
  rmSync(folder, { recursive: true, force: true });
});

const peerDb = () => join(folder, 'broadcast_peers.json');
const addresses = () => net.nodes.map(({ address }) => address).toSorted();

async function start(flags: Readonly<Record<string, string>> = {}): Promise<RelayUnderTest> {
  const { dashd } = net;
  relay = await RelayUnderTest.start({
    'dashd-rpc-url': dashd.rpcUrl,
    'dashd-rpc-user': dashd.user,
    'dashd-rpc-password': dashd.password,
    'dashd-p2p-port': String(dashd.node.port),
    'broadcast-peer-db': peerDb(),
    'broadcast-refresh-interval': '1',
    ...flags,
  });
  return relay;
}

/** Lets a relay learn all nodes from dashd and prove a block at each of them, and stops it. */
async function firstLife(): Promise<void> {
  const first = await start();
  await first.connected(1 + NODES);
  const raw = mineBlock(net.dashd.node.chain.template());
  await first.push(raw);
  await first.verdictSays(raw, ({ accepted }) => accepted, 1 + NODES);
  await first.stop();
  relay = undefined;
  const saved = parse(readFileSync(peerDb(), 'utf8'));
  assert.ok(saved.ok);
  assert.deepEqual(
    saved.records
      .filter((record) => delivered(record) === 1)
      .map(({ key }) => key)
      .toSorted(),
    [...addresses(), net.dashd.node.address].toSorted(),
  );
  forgetPings(saved.records);
}

/** A busy machine answers pings as late as a peer that is too slow to be connected to. */
function forgetPings(records: readonly PeerRecord[]): void {
  const unmeasured = records.map(({ ping: _ping, ...record }) => record);
  writeFileSync(peerDb(), [...serialise(unmeasured, Date.now(), net.dashd.node.address)].join(''));
}

async function loaded(from: RelayUnderTest): Promise<string> {
  const event = await from.until('the book', (events) =>
    events.find((event) => event.type === 'service' && event.service === 'peer-file' && event.code === 'loaded'),
  );
  assert.ok(event.type === 'service');
  return event.detail;
}

test('without dashd, and gets a block out', async () => {
  await firstLife();
  const template = net.dashd.node.chain.template();
  await net.dashd.stop();
  const second = await start();
  assert.match(await loaded(second), new RegExp(`^${1 + NODES} peers from `));
  await second.connected(NODES);
  assert.deepEqual([...second.relay.peers.keys()].toSorted(), addresses());
  const raw = mineBlock(template);
  await second.push(raw);
  await second.verdictSays(raw, (verdict) => [verdict.outcome, verdict.accepted, verdict.rpc?.outcome], [
    'delivered',
    NODES,
    'unavailable',
  ]);
});

test('with --broadcast-skip-bootstrap, and does not ask dashd for any other', async (t) => {
  await firstLife();
  // From now on dashd could report one more.
  const stranger = await startNetwork({ nodes: 1, dashdPeers: 0, latency: false });
  t.after(() => stranger.stop());
  await net.dashd.node.connect(stranger.nodes[0] ?? net.dashd.node);
  const second = await start({ 'broadcast-skip-bootstrap': 'true' });
  assert.match(await loaded(second), new RegExp(`^${1 + NODES} peers from `));
  await second.connected(1 + NODES);
  assert.deepEqual([...second.relay.peers.keys()].toSorted(), [...addresses(), net.dashd.node.address].toSorted());
  const later = await second.until('two more plans', (events) => events.filter((event) => event.type === 'plan')[3]);
  assert.equal(later.known, 1 + NODES);
  await second.stop();
  relay = undefined;

  // The same without the flag: it does hear of the stranger.
  const third = await start();
  await third.connected(2 + NODES);
});
