/** The main job over real sockets, in an embedded network. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { curveKeyPair, Push, Subscriber } from 'zeromq';
import type { BlockEvent, BlockVerdict } from '../../src/contracts/events.js';
import { DASH_CORE_24 } from '../../src/simulated/dash-core.js';
import { freePort } from '../../src/simulated/free-port.js';
import type { Hash } from '../../src/wire/reader.js';
import { eventually } from '../contract/node-under-test.js';
import { InProcessNetwork, type InProcessNetworkOptions } from '../support/in-process-network.js';
import { hashOf } from '../support/relay-under-test.js';

let net: InProcessNetwork | undefined;
async function start(options: InProcessNetworkOptions): Promise<InProcessNetwork> {
  net = await InProcessNetwork.start(options);
  return net;
}
afterEach(async () => {
  await net?.stop();
  net = undefined;
});

/** `duplicate` when the push was there before the request, which is a matter of chance. */
const isAtDashd = ({ rpc }: BlockVerdict): boolean => rpc?.outcome === 'duplicate' || rpc?.outcome === 'accepted';

test('a pushed block is accepted by all, each proof in its order, and reported on the events socket', async () => {
  const { relay, nodes, mine } = await bound({ peers: [{}, {}, {}] });
  await relay.connected(4);
  await relay.tipKnown();
  const subscriber = new Subscriber({ linger: 0 });
  const joined = new Promise<void>((resolve) => subscriber.events.on('handshake', () => resolve()));
  subscriber.connect(relay.eventsBind);
  subscriber.subscribe();
  await joined;

  const reported: BlockEvent[] = [];
  const raw = mine();
  // A subscription takes effect a moment after the handshake: refused frames are reported until one comes through.
  const heard = (async () => {
    for await (const [frame] of subscriber) {
      const event: BlockEvent = JSON.parse(String(frame));
      if (event.type === 'refused') continue;
      reported.push(event);
      if (event.type === 'verdict') return;
    }
  })();
  await relay.push(raw);
  const verdict = await relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.accepted, verdict.peersTried], [
    'delivered',
    4,
    4,
  ]);
  assert.ok(isAtDashd(verdict));
  for (const { address, chain } of nodes) {
    assert.equal(chain.tip.hash, hashOf(raw));
    const stages = relay.proofs(raw).flatMap(({ peer, status }) => (peer === address ? [status] : []));
    assert.deepEqual(stages, ['written', 'acknowledged', 'accepted']);
  }
  await heard;
  subscriber.close();
  assert.equal(reported[0]?.type, 'received');
  assert.deepEqual(reported.at(-1), JSON.parse(JSON.stringify(verdict)));
});

test('nodes of Dash Core 24, with protocol 70242 and asset unlock announcements, accept a block as those of 23 do', async () => {
  const { relay, nodes, mine } = await bound({ peers: [{}, {}], release: DASH_CORE_24 });
  await relay.connected(3);
  for (const node of nodes) node.announceAssetUnlock('ab'.repeat(32));
  const raw = mine();
  await relay.push(raw);
  await relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.accepted, verdict.peersTried], [
    'delivered',
    3,
    3,
  ]);
  for (const { peers } of nodes) {
    const [peer] = peers;
    assert.equal(peer?.version?.version, 70240, 'the relay speaks its own protocol');
    assert.equal(peer?.received.get('getdata'), undefined, 'the relay requests no asset unlock');
  }
  const remote = relay.events.find((event) => event.type === 'peer-connected' && event.peer === nodes[0]?.address);
  assert.ok(remote?.type === 'peer-connected');
  assert.deepEqual([remote.protocolVersion, remote.userAgent], [70242, '/Dash Core:24.0.3/']);
});

test('a peer that dies in the middle of the block fails alone', async () => {
  const { relay, nodes, mine, lost } = await bound({ peers: [{}, { diesMidBlock: true }, {}] });
  await relay.connected(4);
  const raw = mine({ size: 300_000 });
  await relay.push(raw);
  const code = await lost(nodes[1]);
  assert.ok(code === 'closed-by-peer' || code === 'connection-error', code);
  const read = ({ outcome, accepted, failed }: BlockVerdict) => [outcome, accepted, failed];
  const verdict = await relay.verdictSays(raw, read, ['delivered', 3, 1]);
  const dead = verdict.peers.find(({ peer }) => peer === nodes[1]?.address);
  assert.deepEqual([dead?.status, dead?.reason], ['failed', code]);
});

test('a peer that never reads costs nobody else the block, nor dashd', async () => {
  const { relay, nodes, mineChain } = await bound({ peers: [{}, { neverReads: true }, {}] });
  await relay.connected(4);
  const blocks = mineChain(4, { size: 1_500_000 });
  for (const raw of blocks) await relay.push(raw);
  for (const raw of blocks) {
    const verdict = await relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.accepted, isAtDashd(verdict)], [
      'delivered',
      3,
      true,
    ]);
    const stuck = verdict.peers.find(({ peer }) => peer === nodes[1]?.address);
    assert.ok(stuck?.status === 'pending' || stuck?.status === 'written', stuck?.status);
  }
});

test('a peer that comes late is given the newest block', async () => {
  const { relay, nodes, mine } = await bound({
    peers: [{}, {}],
    links: [undefined, { latencyMs: 400 }],
  });
  await relay.connected(2);
  const raw = mine();
  await relay.push(raw);
  // Once the late peer has it, too, that is reported.
  await relay.verdict(raw, ({ accepted }) => accepted >= 2);
  await relay.until('the late peer to accept the block', () =>
    relay.proofs(raw).find(({ peer, status }) => peer === nodes[1]?.address && status === 'accepted'),
  );
});

test('peers that come late are given the two blocks that waited, in order, at no cost to us, and the verdicts say late', async () => {
  const { relay, nodes, mineChain } = await bound({
    peers: [{}, {}],
    links: [{ latencyMs: 400 }, { latencyMs: 400 }],
  });
  await relay.connected(1);
  const blocks = mineChain(2);
  for (const raw of blocks) await relay.push(raw);
  for (const raw of blocks) {
    const verdict = await relay.verdict(raw, ({ accepted }) => accepted === 3);
    assert.deepEqual([verdict.outcome, verdict.late, verdict.peersReached], ['delivered', 'no-peers', 3]);
  }
  for (const node of nodes) {
    assert.equal(node.chain.tip.hash, hashOf(blocks[1] ?? assert.fail()));
    assert.deepEqual(node.misbehaviour, []);
  }
});

test('a pong is no delivery where the chain of the peer does not take the block', async () => {
  const { relay, nodes, mine } = await bound({ peers: [{ stuck: true }] });
  await relay.connected(2);
  const raw = mine();
  await relay.push(raw);
  const read = ({ outcome, peers }: BlockVerdict) => {
    const stuck = peers.find(({ peer }) => peer === nodes[0]?.address);
    return [outcome, stuck?.status, stuck?.reason];
  };
  await relay.verdictSays(raw, read, ['local-only', 'failed', 'not-in-chain']);
});

test("a block of the network's goes from dashd's feed to those who lack it, and not back to dashd", async () => {
  const { relay, dashd, nodes } = await bound({ peers: [{}, {}] });
  await relay.connected(3);
  await relay.until('the feed', (events) =>
    events.find((event) => event.type === 'service' && event.service === 'dashd-feed' && event.state === 'up'),
  );
  // The subscription reaches a publisher a moment after the connection: whichever of these comes through first is as good, but not one from
  // before the peers were connected.
  const mined = new Set<Hash>();
  const verdict = await eventually(() => {
    for (const raw of dashd.generate(1)) mined.add(hashOf(raw));
    return relay.events.find((event) => event.type === 'verdict' && event.source === 'dashd' && mined.has(event.hash));
  }, 'a verdict on a block of the feed');
  assert.ok(verdict.type === 'verdict');
  assert.deepEqual([verdict.peersTried, verdict.accepted + verdict.alreadyHad], [2, 2]);
  assert.ok(nodes.every(({ chain }) => chain.get(verdict.hash) !== undefined));
});

test('a block that was pushed before is answered as repeated, whatever its source', async () => {
  const { relay, mine } = await bound({ peers: [{}] });
  await relay.connected(2);
  const raw = mine();
  await relay.push(raw);
  await relay.verdict(raw);
  await relay.push(raw.toString('hex'));
  await relay.until('repeated', (events) => events.find(({ type }) => type === 'repeated'));
  const received = relay.events.filter((event) => event.type === 'received' && event.hash === hashOf(raw));
  assert.equal(received.length, 1);
});

test('broadcast.enabled=false reaches the local dashd alone, over P2P and RPC', async () => {
  const { relay, dashd, mine, nodes } = await bound({ peers: [{}], flags: { 'broadcast-peers': 'false' } });
  await relay.connected(1);
  const raw = mine();
  await relay.push(raw);
  await relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.success, verdict.peersTried], [
    'local-only',
    true,
    1,
  ]);
  assert.equal(dashd.node.chain.tip.hash, hashOf(raw));
  assert.equal(nodes[0]?.peers.size, 0);
});

test('broadcast.fallback=false makes a broadcast failed that reached the local dashd alone', async () => {
  const { relay, mine } = await bound({ flags: { 'broadcast-no-fallback': 'true' } });
  await relay.connected(1);
  const raw = mine();
  await relay.push(raw);
  const verdict = await relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.success, verdict.accepted], [
    'failed',
    false,
    1,
  ]);
  assert.match(verdict.reason ?? '', /broadcast\.fallback/);
});

test('peers from getpeerinfo are connected to; inbound ones, whose ports are not theirs, are not', async () => {
  const { relay, nodes } = await bound({
    peers: [{}, {}],
    flags: { peers: '', 'broadcast-skip-bootstrap': 'false', 'broadcast-min-peers': '1' },
    prepare: async (dashd, [known, inbound]) => {
      assert.ok(known && inbound);
      await dashd.node.connect(known);
      await inbound.connect(dashd.node);
    },
  });
  await relay.connected(2);
  assert.ok(relay.relay.peers.has(nodes[0]?.address ?? ''));
});

test('CURVE admits the listed client, and turns away another and one without', async () => {
  const [server, client, stranger] = [curveKeyPair(), curveKeyPair(), curveKeyPair()];
  const port = await freePort();
  const bind = `tcp://127.0.0.1:${port}`;
  const { relay, mine, service } = await bound({
    flags: {
      'pool-bind': bind,
      'pool-curve-enabled': 'true',
      'pool-curve-public-key': server.publicKey,
      'pool-curve-secret-key': server.secretKey,
      'pool-curve-allowed-clients': client.publicKey,
    },
  });
  await relay.connected(1);
  const keys = (pair: typeof client) => ({
    curveServerKey: server.publicKey,
    curvePublicKey: pair.publicKey,
    curveSecretKey: pair.secretKey,
    linger: 0,
  });
  const [wrong, right] = [new Push(keys(stranger)), new Push(keys(client))];
  const refusedKey = new Promise<void>((resolve) => wrong.events.on('handshake:error:auth', () => resolve()));
  wrong.connect(bind);
  await refusedKey;
  await service('pool-socket', 'refused');
  right.connect(bind);
  const raw = mine();
  await right.send(raw);
  await relay.verdictSays(raw, ({ success }) => success, true);
  wrong.close();
  right.close();
});

/** The parts of a network that most tests use, its methods bound to it. */
async function bound(options: InProcessNetworkOptions) {
  const embedded = await start(options);
  return {
    relay: embedded.relay,
    dashd: embedded.dashd,
    nodes: embedded.nodes,
    mine: embedded.mine.bind(embedded),
    mineChain: embedded.mineChain.bind(embedded),
    lost: embedded.lost.bind(embedded),
    service: embedded.service.bind(embedded),
  };
}
