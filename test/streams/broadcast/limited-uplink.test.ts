import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { type PushPeer, planPush } from '../../../src/quorum/push-plan.js';
import { buildCoinbase, buildPayment, mineBlock } from '../../block/support.js';
import { BroadcasterUnderTest, hashOf, mine, PARENT, target } from './support.js';

before(() => loadX11());

const HOSTS = ['a', 'b', 'c', 'd', 'e'];

/** A block of a coinbase takes about 33 ms. */
const SLOW = 6_000;

function planned(hosts: readonly string[], uplinkBytesPerSecond?: number) {
  const peers = ['dashd', ...hosts].map(
    (host): PushPeer => ({ peer: target(host).peer, protected: host === 'dashd', role: 'member', compact: 'taken' }),
  );
  return planPush({ peers, uplinkBytesPerSecond });
}

function sentTo(relay: BroadcasterUnderTest): string[] {
  const commands = ['block', 'cmpctblock'];
  return relay.log.flatMap((line) => {
    const [command = '', , host = ''] = line.split(' ');
    return commands.includes(command) ? [host] : [];
  });
}

describe('a block over a limited uplink', () => {
  it('goes to the first of the plan at once, and to the others as the uplink carries it', async () => {
    const relay = new BroadcasterUnderTest(HOSTS);
    relay.plan = planned(['c', 'b', 'a', 'd', 'e'], SLOW);
    const raw = mine();
    const shares = 1_000 * ((raw.length + 24) / (0.8 * SLOW));
    assert.equal(relay.fromPool(raw), 6);
    assert.deepEqual(sentTo(relay), ['dashd', 'c']);
    await relay.time.pass(shares);
    assert.deepEqual(sentTo(relay), ['dashd', 'c', 'b']);
    await relay.time.pass(5 * shares);
    assert.deepEqual(sentTo(relay), ['dashd', 'c', 'b', 'a', 'd', 'e']);
    // Behind each comes what proves it.
    for (const host of HOSTS)
      assert.deepEqual(
        relay
          .peer(host)
          .heard.slice(-2)
          .map(({ command }) => command),
        ['getheaders', 'ping'],
      );
  });

  it('is not sent to those who announce it before their turn, which counts as delivered', async () => {
    const relay = new BroadcasterUnderTest(HOSTS);
    relay.plan = planned(HOSTS, SLOW);
    const raw = mine();
    relay.fromPool(raw);
    for (const host of ['d', 'e']) relay.announces(host, raw);
    await relay.time.pass(1_000);
    assert.deepEqual(sentTo(relay), ['dashd', 'a', 'b', 'c']);
    assert.deepEqual(relay.proofs('e'), ['already-had']);
    for (const host of ['dashd', 'a', 'b', 'c']) relay.announces(host, raw);
    await relay.time.pass(0);
    assert.deepEqual(relay.verdicts(raw), ['delivered 6/6 accepted']);
  });

  it('goes to peers that have connected since the plan was made after the others', async () => {
    const relay = new BroadcasterUnderTest(HOSTS);
    relay.plan = planned(HOSTS.slice(1), SLOW);
    relay.fromPool(mine());
    await relay.time.pass(1_000);
    assert.deepEqual(sentTo(relay).at(-1), 'a');
    assert.equal(sentTo(relay).length, 6);
  });

  it('follows its parent to each peer', async () => {
    const relay = new BroadcasterUnderTest(HOSTS);
    relay.plan = planned(HOSTS, SLOW);
    const parent = mine();
    const child = mine(hashOf(parent), 1_001);
    relay.fromPool(parent);
    relay.fromPool(child);
    await relay.time.pass(2_000);
    for (const host of HOSTS) assert.deepEqual(relay.peer(host).blocks.slice(0, 2), [parent, child]);
  });

  it('is not sent on once dashd has rejected it', async () => {
    const relay = new BroadcasterUnderTest(HOSTS);
    relay.plan = planned(HOSTS, SLOW);
    relay.submission = () => ({ ok: true, result: 'bad-cb-amount' });
    relay.fromPool(mine());
    await relay.time.pass(2_000);
    assert.deepEqual(sentTo(relay), ['dashd', 'a']);
  });

  it('waits for nothing once the relay stops', async () => {
    const relay = new BroadcasterUnderTest(HOSTS);
    relay.plan = planned(HOSTS, SLOW);
    relay.fromPool(mine());
    const stopped = relay.broadcaster.stop();
    await relay.time.pass(3_000);
    await stopped;
    assert.equal(relay.pending, 0);
  });
});

describe('a block that competes with the tip', () => {
  for (const uplink of [undefined, SLOW]) {
    it(`goes to its own signers first, who are not those of the next block${uplink === undefined ? '' : ', over a limited uplink as well'}`, async () => {
      const relay = new BroadcasterUnderTest(HOSTS);
      relay.plan = planned(HOSTS, uplink);
      relay.signers.set(PARENT, new Set(['d', 'b'].map((host) => target(host).peer)));
      relay.fromPool(mine());
      await relay.time.pass(1_000);
      const sent = sentTo(relay);
      assert.deepEqual(sent.toSorted(), ['a', 'b', 'c', 'd', 'dashd', 'e']);
      assert.deepEqual(sent.slice(0, 3), ['dashd', 'b', 'd']);
      for (const host of HOSTS) assert.equal(relay.peer(host).heard.at(-1)?.command, 'ping', host);
    });
  }
});

describe('the size from which on a block is sent in compact form', () => {
  it('is the one that the plan says', () => {
    const transactions = [buildCoinbase(), ...Array.from({ length: 9 }, (_, salt) => buildPayment(300, salt))];
    const raw = mineBlock({ previous: PARENT, time: 1_790_000_000, transactions });
    for (const [uplink, expected] of [
      [undefined, 'block'],
      [100_000, 'cmpctblock'],
    ] as const) {
      const relay = new BroadcasterUnderTest(['a']);
      relay.peer('a').says({ command: 'sendcmpct', highBandwidth: true, version: 1n });
      relay.plan = planned(['a'], uplink);
      relay.fromPool(raw);
      assert.ok(relay.log.includes(`${expected} to a`), `${uplink}: ${relay.log}`);
    }
  });
});
