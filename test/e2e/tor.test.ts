/** Peers through Tor, for which a SOCKS server of the tests stands: it takes onion names and others to nodes on loopback. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import dns from 'node:dns';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { onionName } from '../../src/wire/hidden.js';
import { NETWORKS } from '../../src/wire/network.js';
import { InProcessNetwork } from '../support/in-process-network.js';
import { hashOf } from '../support/relay-under-test.js';
import { type SocksAsked, type SocksRoute, SocksServer } from '../support/socks-server.js';

const PORT = NETWORKS.regtest.p2pPort;
const onion = (number: number): string => `${onionName(Buffer.alloc(32, number))}:${PORT}`;

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

/** A proxy that takes every request to a node of the network, in turn, unless `refuse` has another answer. */
async function proxy(
  nodes: () => readonly number[],
  refuse: (asked: SocksAsked) => SocksRoute | undefined = () => undefined,
) {
  let turn = 0;
  const server = await new SocksServer((asked) => {
    const refused = refuse(asked);
    if (refused !== undefined) return refused;
    const ports = nodes();
    turn += 1;
    return { to: ports[turn % ports.length] ?? 0 };
  }).start();
  ending.push(() => server.stop());
  return server;
}

async function start(options: Parameters<typeof InProcessNetwork.start>[0]): Promise<InProcessNetwork> {
  const net = await InProcessNetwork.start(options);
  ending.unshift(() => net.stop());
  return net;
}

describe('onion peers', () => {
  test('of which a peer tells (addrv2) are dialled through Tor, each over a circuit of its own, and get the block; no name server is asked about one', async () => {
    const asked = resolved();
    let hidden: readonly number[] = [];
    const tor = await proxy(() => hidden);
    const { relay, nodes, mine } = bound(
      await start({
        peers: [{}, {}, {}],
        flags: { 'tor-mode': 'onion', 'tor-proxy': tor.address, 'broadcast-refresh-interval': '1' },
        prepare(_dashd, [teller, ...others]) {
          hidden = others.map(({ port }) => port);
          const services = 1n;
          const time = Math.floor(Date.now() / 1000);
          const known = Array.from({ length: 13 }, (_, n) => onion(n + 1).split(':')[0] ?? '');
          teller?.addressBook.add(
            known.map((host) => ({ host, port: PORT, services, time, network: 'torv3' as const })),
          );
        },
        only: 1,
      }),
    );
    // Its own dashd, the teller, and of thirteen addresses the 23 % that a node tells.
    await relay.connected(4);
    const users = new Set(tor.asked.map(({ user }) => user));
    assert.deepEqual([tor.asked.length, users.size], [2, 2]);
    for (const { host } of tor.asked) assert.match(host, /\.onion$/);
    assert.deepEqual([relay.relay.view.counts().tor, asked()], [2, []]);
    const raw = mine();
    await relay.push(raw);
    await relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.accepted], ['delivered', 4]);
    for (const { chain } of nodes) assert.equal(chain.tip.hash, hashOf(raw));
  });

  test('that Tor never reaches delay nobody else: more of them than are dialled at once', async () => {
    const onions = Array.from({ length: 12 }, (_, n) => onion(n + 1));
    const tor = await proxy(
      () => [],
      () => 'silence',
    );
    const { relay, nodes, mine, net } = bound(
      await start({
        peers: [{}, {}, {}],
        flags: { 'tor-mode': 'onion', 'tor-proxy': tor.address },
        alsoPeers: onions,
      }),
    );
    await net.service('tor', 'up');
    await relay.connected(4);
    await relay.until('eight dials through Tor', () => (tor.asked.length >= 8 ? true : undefined));
    const raw = mine();
    await relay.push(raw);
    await relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.accepted, verdict.peersTried], [
      'delivered',
      4,
      4,
    ]);
    for (const { chain } of nodes) assert.equal(chain.tip.hash, hashOf(raw));
    assert.equal(tor.asked.length, 8, 'the budget of Tor');
  });
});

describe('with Tor for everything', () => {
  test("names and addresses go to the proxy, and a listener for DNS and one for TCP see nothing; the pool's own dashd stays direct", async () => {
    const asked = resolved();
    const seen: string[] = [];
    const listener = createServer((socket) => {
      seen.push('a dial');
      socket.destroy();
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    ending.push(() => listener.close());
    const direct = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
    let hidden: readonly number[] = [];
    const tor = await proxy(
      () => hidden,
      ({ host, port }) => (`${host}:${port}` === direct ? { reply: 2 } : undefined),
    );
    const { relay, mine } = bound(
      await start({
        peers: [{}, {}],
        flags: { 'tor-mode': 'all', 'tor-proxy': tor.address },
        prepare: (_dashd, nodes) => {
          hidden = nodes.map(({ port }) => port);
        },
        only: 0,
        alsoPeers: ['one.example:9999', 'two.example.:9999', direct],
      }),
    );
    await relay.connected(3);
    const raw = mine();
    await relay.push(raw);
    await relay.verdictSays(raw, ({ accepted, outcome }) => [accepted, outcome], [3, 'delivered']);
    await relay.until('a dial to the address', (events) =>
      events.find((event) => event.type === 'peer-lost' && event.peer === direct && event.code === 'tor-not-allowed'),
    );
    const hosts = new Set(tor.asked.map(({ host, port }) => `${host}:${port}`));
    assert.deepEqual([...hosts].sort(), [direct, 'one.example:9999', 'two.example:9999'].sort());
    assert.equal(new Set(tor.asked.map(({ user }) => user)).size, tor.asked.length);
    assert.deepEqual([seen, asked()], [[], []]);
  });
});

/** Listens as a name server, and at Node's resolver. @returns what has been asked by now */
function resolved(): () => string[] {
  const asked: string[] = [];
  const before = { lookup: dns.lookup, servers: dns.getServers() };
  const server = createSocket('udp4').on('message', () => asked.push('a query'));
  server.bind(0, '127.0.0.1', () => dns.setServers([`127.0.0.1:${server.address().port}`]));
  dns.lookup = ((name: string, ...more: never[]) => {
    if (!/^[\d.:]+$/.test(name)) asked.push(name);
    return Reflect.apply(before.lookup, dns, [name, ...more]);
  }) as typeof dns.lookup;
  syncBuiltinESMExports();
  ending.push(() => {
    dns.lookup = before.lookup;
    dns.setServers(before.servers);
    syncBuiltinESMExports();
    server.close();
  });
  return () => asked;
}

function bound(net: InProcessNetwork) {
  return { net, relay: net.relay, nodes: net.nodes, mine: () => net.mine() };
}
