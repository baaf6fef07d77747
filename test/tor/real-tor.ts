/** Peers through a real Tor, in a Tor network of its own: `npm run test:tor`. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RelayEvent } from '../../src/contracts/events.js';
import { InProcessNetwork } from '../support/in-process-network.js';
import { hashOf } from '../support/relay-under-test.js';
import { NO_TOR, TorNetwork } from './tor-network.js';

const PORT = 19_899;
/** The example of BIP 155: the key is valid, and nobody has it. */
const GONE = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

describe('with a real Tor for everything', { skip: NO_TOR }, () => {
  let tor: TorNetwork;
  let net: InProcessNetwork;
  /** One node is an onion service, two are reached through exits. */
  let onion: string;
  let strangers: { readonly peer: string; readonly code: string }[];

  before(async () => {
    tor = await TorNetwork.start();
    const extra: string[] = [];
    net = await InProcessNetwork.start({
      peers: [{}, {}, {}],
      only: 2,
      alsoPeers: extra,
      flags: { 'tor-mode': 'all', 'tor-proxy': tor.address, 'broadcast-refresh-interval': '1' },
      async prepare(_dashd, nodes) {
        onion = await tor.offer(PORT, nodes[2]?.port ?? 0);
        strangers = [
          { peer: `${GONE}:${PORT}`, code: 'tor-onion' },
          { peer: onion.replace(String(PORT), '19900'), code: 'tor-refused' },
          { peer: 'nobody.invalid:9999', code: 'tor-unreachable' },
        ];
        extra.push(onion, ...strangers.map(({ peer }) => peer));
      },
    });
  });
  after(async () => {
    await net?.stop();
    await tor?.stop();
  });

  it('an onion service and nodes behind exits are reached, pushed a block, and prove it', async (t) => {
    await net.service('tor', 'up');
    await net.relay.connected(4);
    const raw = net.mine({ size: 300_000 });
    await net.relay.push(raw);
    const verdict = await net.relay.verdict(raw, ({ accepted }) => accepted === 4);
    assert.equal(verdict.outcome, 'delivered');
    for (const { chain } of net.nodes) assert.equal(chain.tip.hash, hashOf(raw));
    for (const { peer, acknowledgedMs = 0, form } of verdict.peers) {
      t.diagnostic(`${peer}: ${form}, acknowledged after ${acknowledgedMs.toFixed(1)} ms`);
    }
    const view = net.relay.relay.view;
    assert.equal(view.counts().tor, 3);
    for (const { peer, pingMs } of view.peers()) t.diagnostic(`${peer}: ping ${pingMs?.toFixed(1)} ms`);
  });

  it('each peer has a circuit of its own, as Tor says', async (t) => {
    const streams = await tor.streams();
    for (const { circuit, target } of streams) t.diagnostic(`circuit ${circuit}: ${target}`);
    const peers = [onion, ...net.nodes.slice(0, 2).map(({ address }) => address)];
    const own = streams.filter(({ target }) => peers.includes(target));
    assert.deepEqual(own.map(({ target }) => target).sort(), peers.sort());
    assert.equal(new Set(own.map(({ circuit }) => circuit)).size, 3);
  });

  it('what cannot be reached fails with the code that Tor gives', async (t) => {
    for (const { peer, code } of strangers) {
      const lost = await net.relay.until(`${peer} to fail`, (events) => events.find(failed(peer, code)));
      t.diagnostic(`${peer}: ${lost.type === 'peer-lost' && `${lost.code}: ${lost.reason}`}`);
    }
  });

  it('a Tor that ends is told; blocks go to dashd; all peers are back once it runs again', async () => {
    await tor.stopClient();
    // A dial that was half-way then says first that the proxy closed it; the next one finds nobody there.
    assert.equal((await net.service('tor', 'proxy-unreachable')).state, 'down');
    await net.relay.connected(1);
    const raw = net.mine();
    await net.relay.push(raw);
    assert.equal((await net.relay.verdict(raw)).outcome, 'local-only');
    tor.startClient();
    await net.relay.until('Tor to be back', (events) => {
      const last = events.findLast((event) => event.type === 'service' && event.service === 'tor');
      return last?.type === 'service' && last.state === 'up' ? true : undefined;
    });
    // Its onion service ended with it.
    await net.relay.connected(3);
    for (const { chain } of net.nodes.slice(0, 2)) {
      await net.relay.until('the block', () => (chain.tip.hash === hashOf(raw) ? true : undefined));
    }
  });
});

function failed(peer: string, code: string): (event: RelayEvent) => boolean {
  return (event) => event.type === 'peer-lost' && event.peer === peer && event.code === code;
}
