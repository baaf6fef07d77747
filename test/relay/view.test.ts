import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HistoryView } from '../../src/contracts/view.js';
import { keyOf, toAddress } from '../../src/peers/address.js';
import { PeerBook } from '../../src/peers/book.js';
import { WEIGHTS } from '../../src/peers/score.js';
import type { QuorumView } from '../../src/quorum/active-quorums.js';
import { createView } from '../../src/relay/view.js';
import { NO_COMPACT_USE } from '../../src/session/form.js';
import { ChainTip } from '../../src/streams/broadcast/tip.js';
import type { ConnectedPeer, ConnectionSlot } from '../../src/streams/connections/connections.js';
import { clockAt } from '../support/clock.js';

const NOW = 1_700_000_000_000;
const HASH = 'ab'.repeat(32);

const history: HistoryView = {
  size: 0,
  latest: () => [],
  get: () => undefined,
  kpis: () => ({ blocks: 0, finality: { pending: 0, chainlocked: 0, buried: 0, orphaned: 0 } }),
};

const momentAt = (at: number) => ({ at, monotonicAt: at });

function setUp() {
  const book = new PeerBook('mainnet', { float: () => 0.5, u64: () => 1n });
  const slots = new Map<string, ConnectionSlot>();
  const live = new Map<string, ConnectedPeer>();
  const tip = new ChainTip();
  const quorums: { now?: QuorumView } = {};
  const view = createView({
    network: 'mainnet',
    wanted: { min: 5, max: 20 },
    tip,
    book,
    connections: { slots, live },
    weights: () => WEIGHTS,
    country: (host, port) => (port === 9999 && host === '8.8.8.8' ? 'US' : undefined),
    history,
    quorums: { view: () => quorums.now, wanted: 400 },
    clock: clockAt(NOW),
  });
  const seat = (host: string, isProtected = false): string => {
    const address = toAddress(host, 9999);
    assert.ok(address);
    const peer = keyOf(address);
    if (isProtected) book.protect(address, NOW);
    else book.hear(address, 'dashd', NOW);
    slots.set(peer, { target: { peer, host, port: 9999, protected: isProtected }, since: momentAt(NOW - 10) });
    return peer;
  };
  const ready = (peer: string, compact = NO_COMPACT_USE) => {
    const target = slots.get(peer)?.target;
    assert.ok(target);
    const remote = { nonce: 1n, protocolVersion: 70_235, services: 0n, userAgent: '/Dash Core:23.1.2/', height: 7 };
    live.set(peer, { target, remote, since: momentAt(NOW - 5), compact });
  };
  return { book, slots, tip, view, seat, ready, quorums };
}

describe('the view of a relay', () => {
  test('has the protected first, the others by score, connected or about to be', () => {
    const { book, view, seat, ready } = setUp();
    const plain = seat('1.2.3.4');
    const good = seat('8.8.8.8');
    const own = seat('127.0.0.1', true);
    ready(good);
    book.observe(good, { kind: 'ping', rttMs: 12 }, NOW);
    book.observe(good, { kind: 'broadcast', status: 'acknowledged', proofMs: 30 }, NOW);
    const peers = view.peers();
    assert.deepEqual(
      peers.map(({ peer, state }) => [peer, state]),
      [
        [own, 'connecting'],
        [good, 'connected'],
        [plain, 'connecting'],
      ],
    );
    const [, first, second] = peers;
    assert.equal(first?.userAgent, '/Dash Core:23.1.2/');
    assert.equal(first.since, NOW - 5);
    assert.equal(first.height, 7);
    assert.equal(first.country, 'US');
    assert.equal(first.pingMs, 12);
    assert.equal(first.blocks.acknowledged, 1);
    const total = first.score.terms.reduce((sum, { value }) => sum + value, 0);
    assert.ok(Math.abs(total - first.score.total) < 1e-9, 'the terms add up');
    assert.equal(second?.since, NOW - 10);
    for (const key of ['userAgent', 'height', 'country', 'pingMs']) assert.ok(!(key in (second ?? {})), key);
  });

  test('has a peer that left the book as long as it is connected', () => {
    const { book, view, seat } = setUp();
    const peer = seat('1.2.3.4');
    book.remove(peer);
    assert.deepEqual(view.peers()[0]?.score, { total: 0, terms: [] });
    assert.equal(view.known(), 0);
  });

  test("has the tip, and its height once that is known: not another block's", () => {
    const { tip, view } = setUp();
    assert.equal(view.tip(), undefined);
    tip.move(HASH);
    tip.see('cd'.repeat(32), undefined, 99);
    assert.deepEqual(view.tip(), { hash: HASH });
    tip.see(HASH, undefined, 5);
    assert.deepEqual(view.tip(), { hash: HASH, height: 5 });
  });

  test('counts its peers, and says of each what it is as a masternode', () => {
    const { view, seat, ready, quorums } = setUp();
    const [dashd, member] = [seat('10.0.0.1', true), seat('8.8.8.8')];
    seat('9.9.9.9');
    ready(dashd);
    ready(member, { ...NO_COMPACT_USE, chosen: true });
    assert.deepEqual(view.counts(), { connected: 2, connecting: 1, dashd: true, highBandwidth: 1, tor: 0 });
    assert.equal(view.quorums?.(), undefined);
    quorums.now = {
      tip: HASH,
      height: 7,
      quorums: [{ hash: HASH, type: 2, members: [{ masternode: HASH, peer: member }] }],
      signing: HASH,
      // dashd may be a masternode itself; it is the pool's own dashd all the same.
      masternodeOf: () => HASH,
      roleOf: () => 'signer',
    };
    const { role, quorums: memberships, masternode } = view.peer(member) ?? {};
    assert.deepEqual({ role, memberships, masternode }, { role: 'signer', memberships: 1, masternode: HASH });
    assert.equal(view.peer(dashd)?.role, undefined);
    assert.equal(view.peer('203.0.113.1:9999'), undefined);
    assert.deepEqual([view.quorums?.()?.connected, view.quorums?.()?.wanted], [1, 400]);
  });
});
