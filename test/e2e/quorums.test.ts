/** The relay among simulated masternodes that form quorums: whom it connects to, and what it knows of them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { askRelay } from '../../src/cli/ask-relay.js';
import { LLMQ_TEST } from '../../src/simulated/masternodes.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { type NetworkOptions, type SimulatedNetwork, startNetwork } from '../../src/simulated/simulated-network.js';
import { eventually } from '../contract/node-under-test.js';
import { InProcessNetwork } from '../support/in-process-network.js';
import { PATIENCE_MS } from '../support/patience.js';
import { RelayUnderTest } from '../support/relay-under-test.js';

interface Under {
  readonly network: SimulatedNetwork;
  readonly relay: RelayUnderTest;
}

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop();
});

/** A relay that connects to no peers of the book, so that all but dashd are members of quorums. */
async function start(flags: Readonly<Record<string, string>>, options: NetworkOptions = {}): Promise<Under> {
  const network = await startNetwork({ nodes: 8, quorums: LLMQ_TEST, latency: false, ...options });
  open.push(network);
  const { dashd } = network;
  const relay = await RelayUnderTest.start({
    'dashd-rpc-url': dashd.rpcUrl,
    'dashd-rpc-user': dashd.user,
    'dashd-rpc-password': dashd.password,
    'dashd-p2p-port': String(dashd.node.port),
    'dashd-zmq-url': dashd.zmqUrl,
    'broadcast-max-peers': '1',
    ...flags,
  });
  open.push(relay);
  return { network, relay };
}

/** The addresses of the members of the active quorums, as dashd has them at its tip. */
function membersAt({ network: { dashd } }: Under): Set<string> {
  const { chain } = dashd.node;
  const active = dashd.masternodes.activeAt(chain, chain.tip.height);
  return new Set(active.flatMap(({ members }) => members.map(({ address }) => address)));
}

function connectedMembers({ relay }: Under): Set<string> {
  const live = [...relay.relay.peers.values()];
  return new Set(live.filter(({ target }) => target.quorum === true).map(({ target }) => target.peer));
}

/** The ranks of the first peers in the plan of the next push, as the running relay says. */
async function ranksOf({ relay }: Under, count: number): Promise<string[]> {
  const ranks: string[] = [];
  for (const peer of relay.relay.peers.keys()) {
    const { push } = (await askRelay(join(relay.folder, 'broadcast_peers.json'), peer)) ?? {};
    if (push !== undefined) ranks[push.place - 1] = push.order.code;
  }
  return ranks.slice(0, count);
}

async function eventuallyEqual(read: () => Promise<string[]>, expected: readonly string[]): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  let found = await read();
  while (!isDeepStrictEqual(found, expected) && Date.now() < until) found = await read();
  assert.deepEqual(found, expected);
}

const same = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>) => a.size === b.size && [...a].every((one) => b.has(one));

describe('a relay among masternodes', () => {
  test('connects to the members of the active quorums, and knows who they are and who signs the next block', async () => {
    const under = await start({});
    const { relay, network } = under;
    await relay.until('all members', () => (same(connectedMembers(under), membersAt(under)) ? true : undefined));
    const masternodes = new Map(network.nodes.map(({ address, masternode }) => [address, masternode]));
    await relay.until('their names', () =>
      [...relay.relay.peers.values()].every(
        ({ target, masternode }) => target.protected || masternode === masternodes.get(target.peer),
      )
        ? true
        : undefined,
    );
    const report = relay.relay.view.quorums?.();
    assert.equal(report?.quorums.length, LLMQ_TEST.active);
    assert.equal(report.quorums.filter(({ signing }) => signing).length, 1);
    assert.equal(report.connected, membersAt(under).size);
    const signers = relay.relay.view.peers().filter(({ role }) => role === 'signer');
    assert.equal(signers.length, LLMQ_TEST.size);
    assert.equal(relay.events.filter((event) => event.type === 'service' && event.service === 'quorums').length, 1);
  });

  test("has the pool's own dashd first in the plan of the next block, then its signers, after each tip", async () => {
    const under = await start({});
    const { relay, network } = under;
    await relay.until('all members', () => (same(connectedMembers(under), membersAt(under)) ? true : undefined));
    for (let tip = 0; tip < 2; tip += 1) {
      const signers = relay.relay.view.peers().filter(({ role }) => role === 'signer');
      assert.equal(signers.length, LLMQ_TEST.size);
      const expected = ['dashd', ...signers.map(() => 'signer')];
      await eventuallyEqual(() => ranksOf(under, expected.length), expected);
      network.dashd.generate(1);
      const height = network.dashd.node.chain.tip.height;
      await relay.until('the tip', () => (relay.relay.view.quorums?.()?.height === height ? true : undefined));
    }
  });

  test('keeps to quorum.maxPeers', async () => {
    const under = await start({ 'quorum-max-peers': '2' });
    await under.relay.connected(3);
    assert.equal(connectedMembers(under).size, 2);
  });

  test('follows a rotation of quorums, and stays connected to who is a member still', async () => {
    const under = await start({}, { nodes: 12 });
    const { relay, network } = under;
    const before = membersAt(under);
    await relay.until('all members', () => (same(connectedMembers(under), before) ? true : undefined));
    const from = relay.events.length;
    network.dashd.generate(LLMQ_TEST.interval);
    const after = membersAt(under);
    assert.ok(!same(before, after), 'another quorum is active');
    await relay.until('the new members', () => (same(connectedMembers(under), after) ? true : undefined));
    const lost = relay.events.slice(from).flatMap((event) => (event.type === 'peer-lost' ? [event.peer] : []));
    assert.deepEqual(lost.sort(), [...before].filter((peer) => !after.has(peer)).sort(), 'nobody else was hung up on');
  });

  test("knows the signers of the next block after a block of the pool's own, which dashd announces as a tip that is known already", async () => {
    const under = await start({});
    const { relay, network } = under;
    await relay.until('all members', () => (same(connectedMembers(under), membersAt(under)) ? true : undefined));
    const heights: number[] = [];
    for (let count = 0; count < 2; count += 1) {
      const raw = mineBlock(network.dashd.node.chain.template());
      await relay.push(raw);
      const { peers, height = 0 } = await relay.verdict(raw);
      assert.equal(peers.filter(({ role }) => role === 'signer').length, LLMQ_TEST.size);
      heights.push(height);
      await eventually(
        () => (relay.relay.view.quorums?.()?.height === height ? true : undefined),
        'the quorums of the tip',
      );
    }
    assert.equal(heights[1], (heights[0] ?? 0) + 1);
  });

  test('asks for no quorums where quorum.maxPeers is 0', async () => {
    const under = await start({ 'quorum-max-peers': '0' });
    await under.relay.connected(1);
    await under.relay.tipKnown();
    assert.equal(under.relay.relay.view.quorums, undefined);
    assert.equal(
      under.relay.events.filter((event) => event.type === 'service' && event.service === 'quorums').length,
      0,
    );
  });
});

test('a relay whose dashd has no quorums says so, and is not degraded by that', async () => {
  const net = await InProcessNetwork.start({ peers: [{}] });
  open.push(net);
  const { state, detail } = await net.service('quorums', 'none');
  assert.equal(state, 'up');
  assert.match(detail, /no active ChainLock quorum \(llmq_test\)/);
  await net.relay.connected(2);
  assert.equal(net.relay.relay.view.quorums?.(), undefined);
});
