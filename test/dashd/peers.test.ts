/**
 * The relay among real dashds that know one another: it knows one of them and finds the others by `getaddr`.
 *
 * dashd remembers no loopback addresses. So each node is known to the others under one that dashd would report (a private one,
 * which `-allowprivatenet` admits), and the relay dials through a table that leads from it to the node. Nobody else dials any.
 */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { dial } from '../../src/adapters/tcp.js';
import { loadX11 } from '../../src/block/x11.js';
import type { GossipEvent } from '../../src/contracts/events.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { mineBlock } from '../../src/simulated/miner.js';
import type { Dial } from '../../src/streams/ports.js';
import { eventually, pointsIn, templateOn } from '../contract/node-under-test.js';
import { TestPeer } from '../contract/test-peer.js';
import { hashOf, RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

const NODES = 8;
/**
 * dashd shares 23 % of what it knows, which of seven nodes is one. What it has not heard of for a month it does not report, but counts.
 */
const FORGOTTEN = 40;
const FORGOTTEN_SECONDS = 40 * 24 * 60 * 60;

describeWithDashd('eight dashds that know one another, and a relay that knows one of them', () => {
  let local: DashdProcess;
  let nodes: readonly DashdProcess[] = [];
  let relay: RelayUnderTest;
  before(async () => {
    await loadX11();
    const options = { arguments: ['-allowprivatenet=1', '-whitelist=addr@127.0.0.1'] };
    [local, ...nodes] = await Promise.all([startDashd(), ...Array.from({ length: NODES }, () => startDashd(options))]);
    await Promise.all(nodes.map((_node, place) => acquaint(nodes, place)));
    // A chain of connections, so that they have a chain of blocks.
    const inARow = [local, ...nodes];
    await Promise.all(inARow.slice(1).map((node, place) => node.rpc('addnode', inARow[place]?.address, 'onetry')));
    const [hash] = await local.generate(1);
    const raw = await local.rpc<string>('getblock', hash, 0);
    // `onetry` promises nothing: who is not connected yet has the block from us, all others may have it twice.
    await Promise.all(nodes.map((node) => node.rpc('submitblock', raw)));
    await eventually(() => allOnOneTip(inARow), 'one tip');
    const routes = new Map(nodes.map((node, place) => [nameOf(node, place), node]));
    const routed: Dial = ({ host, port }, timeoutMs, handlers) =>
      dial(routes.get(`${host}:${port}`) ?? { host, port }, timeoutMs, handlers);
    relay = await RelayUnderTest.start(
      {
        'dashd-rpc-url': local.rpcUrl,
        'dashd-rpc-cookie-file': local.cookieFile,
        'dashd-p2p-port': String(local.port),
        'dashd-zmq-url': local.zmqUrl,
        'broadcast-skip-bootstrap': 'true',
        'broadcast-refresh-interval': '1',
        peers: nodes.slice(0, 1).map(nameOf).join(','),
      },
      { dial: routed },
    );
  });
  after(async () => {
    await relay?.stop();
    await Promise.all([local, ...nodes].map((node) => node?.remove()));
  });

  it('finds them all by getaddr', async (t) => {
    const from = performance.now();
    await relay.connected(1 + NODES);
    const tookMs = performance.now() - from;
    const names = nodes.map(nameOf);
    for (const name of names) assert.ok(relay.relay.peers.has(name), name);
    const reported = relay.events.filter((event): event is GossipEvent => event.type === 'gossip');
    const added = reported.reduce((sum, event) => sum + event.added, 0);
    assert.equal(added, NODES - 1);
    assert.ok(reported.every(({ peer }) => names.includes(peer)));
    t.diagnostic(`${NODES} nodes connected after ${tookMs.toFixed(0)} ms; ${added} heard of by gossip`);
  });

  it('pushes a block to all of them, without a misbehaviour point', async () => {
    await relay.tipKnown();
    const raw = mineBlock(await templateOn(local));
    await relay.push(raw);
    const verdict = await relay.verdict(raw, ({ peersReached }) => peersReached === 1 + NODES);
    assert.deepEqual([verdict.outcome, verdict.peersTried, verdict.failed], ['delivered', 1 + NODES, 0]);
    const tips = await Promise.all(nodes.map((node) => node.rpc('getbestblockhash')));
    assert.deepEqual(
      tips,
      tips.map(() => hashOf(raw)),
    );
    assert.deepEqual(
      [local, ...nodes].flatMap((node) => pointsIn(node.log())),
      [],
    );
  });
});

/** Where the others look for a node: each in a network of its own. */
function hostOf(place: number): string {
  return `10.${1 + place}.0.1`;
}

function nameOf(node: DashdProcess, place: number): string {
  return `${hostOf(place)}:${node.port}`;
}

/** Fills a node's address manager with the others, and with many that nobody has heard of for long. */
async function acquaint(nodes: readonly DashdProcess[], place: number): Promise<void> {
  const node = nodes[place];
  if (node === undefined) return;
  const peer = await TestPeer.ready(node);
  const time = Math.floor(Date.now() / 1000) - FORGOTTEN_SECONDS;
  const addresses = Array.from({ length: FORGOTTEN }, (_, index) => {
    return { time, services: 1n, network: 'ipv4' as const, host: `10.${100 + index}.0.1`, port: 19_899 };
  });
  peer.send({ command: 'addr', addresses });
  await peer.sync();
  await peer.hangUp();
  for (const [other, { port }] of nodes.entries()) {
    if (other === place) continue;
    assert.deepEqual(await node.rpc('addpeeraddress', hostOf(other), port), { success: true });
  }
}

async function allOnOneTip(nodes: readonly DashdProcess[]): Promise<true | undefined> {
  const tips = await Promise.all(nodes.map((node) => node.rpc('getbestblockhash')));
  return new Set(tips).size === 1 ? true : undefined;
}
