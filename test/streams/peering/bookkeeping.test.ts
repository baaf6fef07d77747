import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BlockEvent, PeerProof } from '../../../src/contracts/events.js';
import { PeerBook } from '../../../src/peers/book.js';
import type { PeerRecord } from '../../../src/peers/record.js';
import { publicAddress } from '../../../src/simulated/public-address.js';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';
import type { ConnectionEvent } from '../../../src/streams/connections/connection.js';
import { Bookkeeper } from '../../../src/streams/peering/bookkeeping.js';
import type { PeerAddress } from '../../../src/wire/addr.js';
import { address, seeded } from '../../peers/support.js';
import { hashOf } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { START, Time } from '../../support/virtual-time.js';

const A = '1.1.0.1:9999';
const B = '2.2.0.1:9999';
const C = '3.3.0.1:9999';
const DASHD = '9.9.9.9:9999';
const BASE = 1_000;

const verdictOf = { source: 'pool', size: 300, outcome: 'delivered', success: true } as const;
const counts = { peersReached: 0, peersTried: 0, accepted: 0, alreadyHad: 0, failed: 0 } as const;

/** A bookkeeper over a book of three peers and a dashd, and a chain whose block n has height 1,000 + n. */
class Kept {
  readonly time = new Time();
  readonly book = new PeerBook('mainnet', seeded(1));
  readonly tip = new ChainTip();
  readonly keeper: Bookkeeper;
  isIsolated = false;
  readonly tallies;

  constructor() {
    const { book, tip, time } = this;
    for (const key of [A, B, C]) book.hear(address(key), 'dashd', START);
    book.protect(address(DASHD), START);
    this.keeper = new Bookkeeper({
      isIsolated: () => this.isIsolated,
      book,
      tip,
      clock: time.clock,
      scheduler: time.scheduler,
    });
    this.tallies = gather(this.keeper.tallies$);
  }

  record(peer: string): PeerRecord {
    const record = this.book.get(peer);
    assert.ok(record, `${peer} is not in the book`);
    return record;
  }

  /** Something comes from a peer, now or so much after the start. */
  shows(peer: string, event: ConnectionEvent, atMs = this.time.now): void {
    const { host, port } = address(peer);
    this.keeper.onPeer({
      target: { peer, host, port, protected: peer === DASHD },
      at: START + atMs,
      monotonicAt: atMs,
      event,
    });
  }

  announces(peer: string, block: number, atMs?: number): void {
    this.shows(peer, { type: 'announced', hash: hashOf(block) }, atMs);
  }

  loses(peer: string, more: Partial<Extract<ConnectionEvent, { type: 'lost' }>> = {}): void {
    const fault = { code: 'closed-by-peer', detail: '' } as const;
    const lost = { fault, ours: false, wasReady: true, uptimeMs: 5_000, bytesIn: 0, bytesOut: 0 };
    this.shows(peer, { type: 'lost', ...lost, ...more });
  }

  /** A block turns out to be of the chain, without a report to the bookkeeper. */
  isMined(block: number): void {
    this.tip.see(hashOf(block), hashOf(block - 1), BASE + block);
  }

  /** A block comes in, as the broadcaster reports it. */
  receives(block: number, more: Partial<Extract<BlockEvent, { type: 'received' }>> = {}): void {
    const hash = hashOf(block);
    this.keeper.onBlock({ type: 'received', at: 0, hash, source: 'dashd', size: 300, height: BASE + block, ...more });
  }

  judges(block: number, ...peers: readonly PeerProof[]): void {
    this.keeper.onBlock({ type: 'verdict', at: 0, hash: hashOf(block), ...verdictOf, ...counts, peers });
  }

  proves(block: number, proof: PeerProof): void {
    this.keeper.onBlock({ type: 'proof', at: 0, hash: hashOf(block), ...proof });
  }

  /** How many announcements count for each of the three, and how many of them as the first. */
  get credits(): string[] {
    return [A, B, C].map((peer) => {
      const { count, first } = this.record(peer).announcements;
      return `${count}/${first}`;
    });
  }
}

const proof = (peer: string, status: PeerProof['status'], more: Partial<PeerProof> = {}): PeerProof => ({
  peer,
  protected: false,
  status,
  ...more,
});

describe('a connection, in the book', () => {
  it('that ended in a flood is not forgiven: the peer is not dialled again at once, however long it had behaved', () => {
    const kept = new Kept();
    kept.loses(A, { fault: { code: 'inv-flood', detail: '' }, uptimeMs: 3_600_000 });
    kept.loses(B, { fault: { code: 'closed-by-peer', detail: '' }, uptimeMs: 3_600_000 });
    assert.equal(kept.record(A).backoff.state, 'open');
    assert.ok(kept.record(A).backoff.retryAt - START >= 7.5 * 60_000);
    assert.ok(kept.record(B).backoff.retryAt - START <= 10_000);
  });

  it('that could not be made while none could counts against nobody', () => {
    const kept = new Kept();
    kept.isIsolated = true;
    const unreached = { fault: { code: 'dial-timeout', detail: '' }, wasReady: false } as const;
    for (let dial = 0; dial < 20; dial += 1) kept.loses(A, unreached);
    assert.deepEqual([kept.record(A).connections.failed, kept.record(A).backoff.failures], [0, 0]);
    assert.equal(kept.record(A).connections.lastFailure?.code, 'dial-timeout');
    kept.loses(A, { ...unreached, fault: { code: 'wrong-magic', detail: '' } });
    assert.equal(kept.record(A).connections.failed, 1, 'it was reached');
    kept.isIsolated = false;
    kept.loses(A, unreached);
    assert.equal(kept.record(A).connections.failed, 2);
  });

  it("that ended for the proxy's fault counts against nobody, whoever else is connected", () => {
    const kept = new Kept();
    const codes = ['proxy-unreachable', 'proxy-timeout', 'proxy-closed', 'proxy-not-socks', 'proxy-auth'] as const;
    for (const code of codes) kept.loses(A, { fault: { code, detail: '' }, wasReady: false });
    assert.deepEqual([kept.record(A).connections.failed, kept.record(A).backoff.failures], [0, 0]);
    kept.loses(A, { fault: { code: 'tor-onion', detail: '' }, wasReady: false });
    assert.equal(kept.record(A).connections.failed, 1, 'this service is gone, others are not');
  });

  it('is noted from the dial to the end', async () => {
    const under = new Kept();
    under.shows(A, { type: 'dialling' });
    await under.time.pass(100);
    const remote = { nonce: 1n, services: 5n, protocolVersion: 70_240, userAgent: '/Dash Core:23.1.2/', height: 1_234 };
    under.shows(A, { type: 'ready', remote });
    under.shows(A, { type: 'round-trip', ms: 40 });
    under.shows(A, { type: 'round-trip', ms: 20 });
    const { services, protocolVersion, height, lastConnected, ping, connections } = under.record(A);
    assert.deepEqual([services, protocolVersion, height, lastConnected], [5n, 70_240, 1_234, START + 100]);
    assert.deepEqual([ping?.minMs, ping?.smoothedMs], [20, 35]);
    assert.deepEqual(connections, { succeeded: 1, failed: 0 });
    under.loses(A);
    assert.deepEqual(under.record(A).connections, {
      succeeded: 1,
      failed: 1,
      lastFailure: { at: START + 100, code: 'closed-by-peer' },
    });
    assert.ok(under.record(A).backoff.retryAt > START + 100, 'it is not dialled again at once');
  });

  it('that could not be made is a failed one', () => {
    const under = new Kept();
    under.shows(A, { type: 'dialling' });
    under.loses(A, { wasReady: false, fault: { code: 'unreachable', detail: '' } });
    assert.deepEqual(under.record(A).connections, {
      succeeded: 0,
      failed: 1,
      lastFailure: { at: START, code: 'unreachable' },
    });
  });

  it('that we end is nobody to blame for, whether it was made or not', () => {
    for (const wasReady of [true, false]) {
      const under = new Kept();
      under.shows(A, { type: 'dialling' });
      under.loses(A, { wasReady, ours: true, fault: { code: 'rotated-out', detail: '' } });
      assert.equal(under.record(A).connections.failed, 0);
      assert.deepEqual(under.record(A).backoff.failures, 0);
    }
  });

  it('of a peer that the book does not have changes nothing', () => {
    const under = new Kept();
    const { size } = under.book;
    under.shows('8.8.8.8:9999', { type: 'dialling' });
    under.announces('8.8.8.8:9999', 1);
    under.receives(1);
    assert.deepEqual([under.book.size, under.book.get('8.8.8.8:9999')], [size, undefined]);
  });
});

describe('an announcement', () => {
  it('counts at once when the height is known, with the time behind the first', () => {
    const under = new Kept();
    under.isMined(1);
    under.announces(A, 1, 100);
    under.announces(B, 1, 130);
    assert.deepEqual(under.credits, ['1/1', '1/0', '0/0']);
    assert.deepEqual([under.record(A).announcements.lagMs, under.record(B).announcements.lagMs], [0, 30]);
    assert.deepEqual([under.record(A).height, under.record(C).height], [1_001, undefined]);
  });

  it('waits until the height is known, and the time behind the first is that of then', () => {
    const under = new Kept();
    under.announces(B, 1, 100);
    under.announces(A, 1, 120);
    assert.deepEqual(under.credits, ['0/0', '0/0', '0/0']);
    under.isMined(1);
    under.receives(1);
    under.announces(C, 1, 150);
    assert.deepEqual(under.credits, ['1/0', '1/1', '1/0']);
    assert.deepEqual(
      [A, B, C].map((peer) => under.record(peer).announcements.lagMs),
      [20, 0, 50],
    );
  });

  it('teaches how early the peer is, unless the pool found the block, and never of a block that dashd does not have', () => {
    const under = new Kept();
    under.isMined(1);
    under.announces(A, 1, 100);
    under.announces(B, 1, 130);
    under.announces(C, 99, 90);
    assert.deepEqual(
      [A, B, C].map((peer) => under.record(peer).learned),
      [{ blocks: 1, lagMs: 0 }, { blocks: 1, lagMs: 30 }, undefined],
    );
    under.isMined(2);
    under.receives(2, { source: 'pool' });
    under.announces(B, 2, 210);
    assert.deepEqual(under.record(B).learned, { blocks: 1, lagMs: 30 });
    assert.equal(under.record(B).announcements.count, 2);
  });

  it('counts, too, when only dashd was asked for the height: that is looked up at each refresh', () => {
    const under = new Kept();
    under.announces(A, 1);
    under.announces(A, 2);
    under.isMined(1);
    under.keeper.catchUp();
    under.keeper.catchUp();
    assert.deepEqual([under.credits[0], under.record(A).height], ['1/1', 1_001]);
    under.isMined(2);
    under.keeper.catchUp();
    assert.deepEqual([under.credits[0], under.record(A).height], ['2/2', 1_002]);
  });

  it('counts once for each block and peer, even over a new connection', () => {
    const under = new Kept();
    under.announces(A, 1);
    under.announces(A, 1);
    under.isMined(1);
    under.receives(1);
    under.announces(A, 1);
    under.loses(A);
    under.announces(A, 1);
    under.keeper.catchUp();
    assert.deepEqual(under.credits, ['1/1', '0/0', '0/0']);
  });

  it('of a block that is none of the chain gives nothing, ever', () => {
    const under = new Kept();
    under.announces(A, 666);
    under.receives(1);
    under.judges(666, proof(A, 'pending'));
    under.keeper.catchUp();
    assert.deepEqual(under.credits, ['0/0', '0/0', '0/0']);
    assert.equal(under.record(A).height, undefined);
  });

  it('of a block that is held back gives nothing, whatever height its coinbase claims', () => {
    const under = new Kept();
    under.announces(A, 1);
    under.receives(1, { source: 'pool', height: 1_000_000_000, held: ['merkle-root'] });
    assert.deepEqual([under.credits[0], under.record(A).height], ['0/0', undefined]);
  });

  it('of old blocks, known to everybody, gives nothing', () => {
    const under = new Kept();
    for (let block = 1; block <= 600; block += 1) under.isMined(block);
    for (let block = 1; block <= 594; block += 1) under.announces(A, block);
    assert.deepEqual(under.credits[0], '0/0');
    for (let block = 595; block <= 600; block += 1) under.announces(A, block);
    assert.deepEqual(under.credits[0], '6/6');
  });

  it('is not forgotten for a flood of hashes that another peer sends', () => {
    const under = new Kept();
    under.announces(A, 1, 10);
    for (let i = 0; i < 10_000; i += 1) under.announces(B, 1_000_000 + i, 20);
    under.announces(B, 1, 30);
    under.isMined(1);
    under.receives(1);
    assert.deepEqual(under.credits, ['1/1', '1/0', '0/0']);
  });

  it('is forgotten for a flood by the same peer, who then was not the first', () => {
    const under = new Kept();
    under.announces(A, 1, 10);
    under.announces(B, 1, 20);
    for (let i = 0; i < 32; i += 1) under.announces(A, 1_000_000 + i, 30);
    under.isMined(1);
    under.receives(1);
    assert.deepEqual(under.credits, ['0/0', '1/1', '0/0']);
  });

  it('cannot be credited anew by having old blocks push the newest ones out', () => {
    const under = new Kept();
    for (let block = 1; block <= 500; block += 1) under.isMined(block);
    under.announces(A, 500);
    for (let block = 1; block < 495; block += 1) under.announces(A, block);
    under.announces(A, 500);
    assert.deepEqual(under.credits[0], '1/1');
  });

  it('of a peer that is gone is dropped', () => {
    const under = new Kept();
    under.announces(A, 1);
    under.announces(B, 1);
    under.loses(A);
    under.isMined(1);
    under.receives(1);
    assert.deepEqual(under.credits, ['0/0', '1/1', '0/0']);
  });

  it('costs no memory beyond its bounds', () => {
    const under = new Kept();
    for (const peer of [A, B, C]) {
      for (let i = 0; i < 1_000; i += 1) under.announces(peer, 1_000_000 + i);
    }
    // What is remembered shows in what is credited later: of each peer, the last 32.
    for (let i = 0; i < 1_000; i += 1) under.tip.see(hashOf(1_000_000 + i), hashOf(0), BASE);
    for (let i = 0; i < 1_000; i += 1) under.receives(1_000_000 + i);
    assert.deepEqual(under.credits, ['32/32', '32/32', '32/32']);
  });
});

describe('an outcome', () => {
  const broadcasts = (under: Kept, peer: string) => {
    const { acknowledged, accepted, alreadyHad, failed, failuresInARow } = under.record(peer).broadcasts;
    return { acknowledged, accepted, alreadyHad, failed, failuresInARow };
  };
  const none = { acknowledged: 0, accepted: 0, alreadyHad: 0, failed: {}, failuresInARow: 0 };

  it('is noted at the verdict, and not before', () => {
    const under = new Kept();
    under.receives(1);
    under.proves(1, proof(A, 'acknowledged', { acknowledgedMs: 40 }));
    assert.deepEqual(broadcasts(under, A), none);
    under.judges(
      1,
      proof(A, 'acknowledged', { acknowledgedMs: 40 }),
      proof(B, 'already-had'),
      proof(C, 'failed', { reason: 'backlog' }),
      proof(DASHD, 'accepted', { acknowledgedMs: 5, acceptedMs: 9 }),
    );
    assert.deepEqual(broadcasts(under, A), { ...none, acknowledged: 1 });
    assert.deepEqual(broadcasts(under, B), { ...none, alreadyHad: 1 });
    assert.deepEqual(broadcasts(under, C), { ...none, failed: { backlog: 1 }, failuresInARow: 1 });
    assert.deepEqual(broadcasts(under, DASHD), { ...none, accepted: 1 });
    assert.deepEqual(
      [A, B, C, DASHD].map((peer) => under.record(peer).broadcasts.proofMs),
      [40, undefined, undefined, 5],
    );
  });

  it('is noted late when it comes late, be it good or bad', () => {
    const under = new Kept();
    under.judges(1, proof(A, 'pending'), proof(B, 'written'), proof(C, 'pending'));
    assert.deepEqual(
      [A, B, C].map((peer) => broadcasts(under, peer)),
      [none, none, none],
    );
    under.proves(1, proof(A, 'written'));
    under.proves(1, proof(A, 'acknowledged', { acknowledgedMs: 4_000 }));
    under.proves(1, proof(B, 'failed', { reason: 'block-not-acknowledged' }));
    assert.deepEqual(broadcasts(under, A), { ...none, acknowledged: 1 });
    assert.deepEqual(broadcasts(under, B), { ...none, failed: { 'block-not-acknowledged': 1 }, failuresInARow: 1 });
    assert.deepEqual(broadcasts(under, C), none);
  });

  it('is one for each block and peer, whatever follows', () => {
    const under = new Kept();
    under.judges(1, proof(A, 'acknowledged'), proof(B, 'failed', { reason: 'backlog' }));
    under.proves(1, proof(A, 'accepted'));
    under.proves(1, proof(A, 'failed', { reason: 'closed-by-peer' }));
    under.proves(1, proof(B, 'accepted'));
    // A body that was in doubt came again: the same block is judged a second time.
    under.judges(1, proof(A, 'accepted'), proof(B, 'acknowledged'), proof(C, 'acknowledged'));
    assert.deepEqual(broadcasts(under, A), { ...none, acknowledged: 1 });
    assert.deepEqual(broadcasts(under, B), { ...none, failed: { backlog: 1 }, failuresInARow: 1 });
    assert.deepEqual(broadcasts(under, C), { ...none, acknowledged: 1 });
    under.judges(2, proof(A, 'accepted'));
    assert.deepEqual(broadcasts(under, A), { ...none, acknowledged: 1, accepted: 1 });
  });

  it('is none when it was us who hung up', () => {
    const under = new Kept();
    under.judges(1, proof(A, 'failed', { reason: 'rotated-out' }), proof(B, 'pending'));
    under.proves(1, proof(B, 'failed', { reason: 'rotated-out' }));
    assert.deepEqual([broadcasts(under, A), broadcasts(under, B)], [none, none]);
  });

  it('has a code even when none was given', () => {
    const under = new Kept();
    under.judges(1, proof(A, 'failed'));
    assert.deepEqual(broadcasts(under, A).failed, { unknown: 1 });
  });

  it('is taken for the last 256 blocks', () => {
    const under = new Kept();
    for (let block = 0; block < 257; block += 1) under.judges(block, proof(A, 'pending'));
    for (let block = 0; block < 257; block += 1) under.proves(block, proof(A, 'acknowledged'));
    assert.equal(broadcasts(under, A).acknowledged, 256);
  });

  it('changes nothing for repeated and refused blocks', () => {
    const under = new Kept();
    under.keeper.onBlock({ type: 'repeated', at: 0, hash: hashOf(1), source: 'pool' });
    under.keeper.onBlock({ type: 'refused', at: 0, source: 'pool', size: 1, code: 'x', reason: 'y', sha256: '' });
    under.proves(1, proof(A, 'acknowledged'));
    assert.deepEqual(broadcasts(under, A), none);
  });
});

describe('gossip', () => {
  const entries = (from: number, count: number): PeerAddress[] =>
    Array.from({ length: count }, (_, i) => ({
      time: START / 1_000 - 60,
      services: 1n,
      network: 'ipv4',
      host: publicAddress(from + i),
      port: 9_999,
    }));

  it('goes into the book, and what became of it is reported', async () => {
    const under = new Kept();
    const unroutable = entries(0, 1).map((entry) => ({ ...entry, host: '10.0.0.1' }));
    under.shows(A, { type: 'addresses', addresses: [...entries(1_000, 3), ...unroutable] });
    await under.time.pass(0);
    assert.deepEqual(
      under.tallies.values.map(({ from, tally }) => [from, tally.added, tally.refused.unroutable]),
      [[A, 3, 1]],
    );
    const record = under.record(`${publicAddress(1_000)}:9999`);
    assert.deepEqual([record.sources, record.via], [['p2p_discovery'], '1.1.0.0/16']);
    assert.equal(record.lastSeen, START - 60_000 - 7_200_000);
  });

  it('of nothing is nothing', async () => {
    const under = new Kept();
    under.shows(A, { type: 'addresses', addresses: [] });
    await under.time.pass(0);
    assert.deepEqual([under.tallies.values, under.time.pending], [[], 0]);
  });

  it('of one peer is taken in while that of another waits, all of it', async () => {
    const under = new Kept();
    under.shows(A, { type: 'addresses', addresses: entries(1_000, 900) });
    under.shows(B, { type: 'addresses', addresses: entries(2_000, 900) });
    under.shows(C, { type: 'addresses', addresses: entries(3_000, 5) });
    await under.time.pass(10);
    const reported = under.tallies.values.map(({ from, tally }) => [from, tally.added]);
    assert.deepEqual(Object.fromEntries(reported), { [A]: 900, [B]: 900, [C]: 5 });
  });

  it('in a flood is gone at once, beyond what a peer may announce, and nothing of it waits', async () => {
    const under = new Kept();
    const before = under.time.pending;
    let begun = 0;
    for (let i = 0; i < 500; i += 1) {
      under.shows(A, { type: 'addresses', addresses: entries(1_000 * (i % 30), 1_000) });
      begun = Math.max(begun, under.time.pending - before);
    }
    // One timer at most: the calculation under way. All other messages are answered already.
    assert.ok(begun <= 1, `${begun} timers`);
    assert.equal(under.tallies.values.length, 499);
    await under.time.pass(10);
    assert.equal(under.tallies.values.length, 500);
    const added = under.tallies.values.reduce((sum, { tally }) => sum + tally.added + tally.known, 0);
    assert.ok(added <= 1_000, `${added} entries got through`);
    const refused = under.tallies.values.reduce((sum, { tally }) => sum + tally.refused['peer-rate'], 0);
    assert.equal(refused, 499_000);
  });
});

describe('the heights of the chain', () => {
  it('are those that dashd reported, for as long as the blocks are of the chain', () => {
    const tip = new ChainTip();
    tip.see('no parent', undefined, 5);
    tip.see('a', '0', 1);
    tip.see('b', 'a', 2);
    tip.move('b');
    assert.deepEqual(
      ['no parent', 'a', 'b', 'c'].map((hash) => tip.heightOf(hash)),
      [5, 1, 2, undefined],
    );
    tip.see('b');
    assert.equal(tip.heightOf('b'), 2, 'a report without one removes nothing');
    tip.retract('b');
    assert.deepEqual([tip.heightOf('a'), tip.heightOf('b')], [1, undefined]);
  });

  it('are learned after the block itself', () => {
    const tip = new ChainTip();
    tip.move('a');
    assert.equal(tip.heightOf('a'), undefined);
    tip.see('a', '0');
    assert.equal(tip.heightOf('a'), undefined);
    tip.see('a', '0', 7);
    assert.equal(tip.heightOf('a'), 7);
  });

  it('are remembered for 600 blocks', () => {
    const tip = new ChainTip();
    for (let i = 1; i <= 601; i += 1) tip.see(`${i}`, `${i - 1}`, i);
    assert.deepEqual([tip.heightOf('1'), tip.heightOf('2'), tip.heightOf('601')], [undefined, 2, 601]);
  });
});
