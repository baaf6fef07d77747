import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { of, ReplaySubject } from 'rxjs';
import type { BlockProof, BlockVerdict, RpcResult } from '../../../src/contracts/events.js';
import { type Entry, openLedger } from '../../../src/delivery/ledger.js';
import { race } from '../../../src/streams/broadcast/race.js';
import { gather } from '../../support/gather.js';
import { marbles, Time } from '../../support/virtual-time.js';

const HASH = 'ab'.repeat(32);
const opened = openLedger({ hash: HASH, source: 'pool', size: 300, monotonicAt: 0 });
const rules = { fallback: true, deadlineMs: 10 };

const tried: Entry = {
  type: 'tried',
  peers: [
    { peer: 'a', protected: false },
    { peer: 'b', protected: false },
  ],
};
const proof = (
  peer: string,
  stage: 'written' | 'acknowledged' | 'accepted' | 'already-had' | 'failed',
  monotonicAt = 0,
): Entry => ({
  type: 'proof',
  peer,
  stage,
  monotonicAt,
});
const rpc = (outcome: RpcResult['outcome'], reason?: string): Entry => ({
  type: 'rpc',
  result: { outcome, ms: 1, ...(reason !== undefined && { reason }) },
});

/** Entries by the letter; capitals are stronger. */
const ENTRIES: Record<string, Entry> = {
  t: tried,
  w: proof('a', 'written', 1),
  k: proof('a', 'acknowledged', 2),
  A: proof('a', 'accepted', 3),
  B: proof('b', 'accepted', 4),
  h: proof('b', 'already-had', 4),
  f: proof('b', 'failed', 5),
  o: rpc('accepted'),
  d: rpc('duplicate'),
  u: rpc('unavailable', 'unreachable'),
  x: rpc('rejected', 'high-hash'),
  y: { type: 'twin', peer: 'a' },
};

const brief = (event: BlockProof | BlockVerdict): string =>
  event.type === 'proof'
    ? `${event.peer} ${event.status}`
    : `${event.outcome} ${event.peersReached}/${event.peersTried} ${event.rpc?.outcome ?? 'silent'}`;

/** The race over entries drawn as marbles, its events in brief, by frame. */
function reported(entries: string): [number, string][] {
  const events: [number, string][] = [];
  marbles(({ hot, scheduler, clock, flush }) => {
    race(opened, hot(entries, ENTRIES), rules, { clock, scheduler }).subscribe((event) => {
      assert.equal(event.at, scheduler.now());
      assert.equal(event.hash, HASH);
      events.push([scheduler.now(), brief(event)]);
    });
    flush();
  });
  return events;
}

describe('a race', () => {
  it('with many peers, counts those that have the block late together, once no more of them come', async () => {
    const time = new Time();
    const entries$ = new ReplaySubject<Entry>();
    const names = Array.from({ length: 60 }, (_, n) => `p${n}`);
    const { values: events } = gather(race(opened, entries$, rules, time));
    const counts = () => events.flatMap((event) => (event.type === 'verdict' ? [event.peersReached] : []));
    const join = (peer: string) => {
      entries$.next({ type: 'tried', peers: [{ peer, protected: false, late: true }] });
      entries$.next(proof(peer, 'accepted', 2));
    };
    entries$.next(tried);
    for (const peer of ['a', 'b']) entries$.next(proof(peer, 'accepted', 1));
    entries$.next(rpc('accepted'));
    assert.deepEqual(counts(), [2]);
    for (const peer of names.slice(0, 38)) join(peer);
    assert.equal(counts().length, 39, 'few amend it at once');
    for (const peer of names.slice(38)) join(peer);
    assert.equal(counts().length, 39);
    await time.pass(9_999);
    assert.equal(counts().length, 39);
    await time.pass(1);
    assert.deepEqual(counts().slice(-2), [40, 62]);
  });

  it('takes back what a peer proved that is a node which counts already', () => {
    const events = reported('(to)A-B-y-------------');
    assert.deepEqual(events.at(-1), [8, 'delivered 1/1 accepted'], 'another has it all the same');
    assert.deepEqual(reported('(to)A-f-y-------------').slice(-2), [
      [6, 'delivered 1/2 accepted'],
      [8, 'local-only 0/1 accepted'],
    ]);
  });

  it('reports each proof as it comes, and the verdict at once when all has come to an end', () => {
    assert.deepEqual(reported('(to)wk-A-B-------------'), [
      [4, 'a written'],
      [5, 'a acknowledged'],
      [7, 'a accepted'],
      [9, 'b accepted'],
      [9, 'delivered 2/2 accepted'],
    ]);
  });

  it('has its verdict at the deadline when a peer is silent', () => {
    assert.deepEqual(reported('(to)-k--------------'), [
      [5, 'a acknowledged'],
      [10, 'delivered 1/2 accepted'],
    ]);
  });

  it('has its verdict at the deadline when dashd is silent, or not there', () => {
    assert.deepEqual(reported('t-Ah-----------------').at(-1), [10, 'delivered 2/2 silent']);
    assert.deepEqual(reported('t-Ahu----------------').at(-1), [10, 'delivered 2/2 unavailable']);
  });

  it('waits for the deadline although a peer that only acknowledged may yet say more', () => {
    assert.deepEqual(reported('(tof)k---------------------').at(-1), [10, 'delivered 1/2 accepted']);
  });

  it('has another verdict when a late entry changes the outcome, and none when it does not', () => {
    assert.deepEqual(reported('(tf)u------------A--B-uu----o--d-'), [
      [0, 'b failed'],
      [10, 'failed 0/2 unavailable'],
      [17, 'a accepted'],
      [17, 'delivered 1/2 unavailable'],
      [20, 'b accepted'],
      [28, 'delivered 2/2 accepted'],
      [31, 'delivered 2/2 duplicate'],
    ]);
  });

  it('takes a rejection for settled, and the word of two networks against it, with dashd asked again, for news', () => {
    assert.deepEqual(reported('x-t-A---------'), [
      [0, 'rejected 0/0 rejected'],
      [4, 'a accepted'],
    ]);
    const networks: number[] = [];
    const entries: Entry[] = [
      { type: 'rpc', result: { outcome: 'rejected', ms: 0 } },
      proof('a', 'accepted'),
      proof('b', 'accepted'),
      { type: 'rpc', result: { outcome: 'rejected', ms: 0 }, again: true },
    ];
    const contested = () => networks.push(2);
    const time = new Time();
    const { values } = gather(race(opened, of(tried, ...entries), { ...rules, contested }, time));
    assert.deepEqual(values.map(brief).slice(-1), ['delivered 2/2 rejected']);
    assert.deepEqual(networks, [2], 'dashd is asked again, once');
  });

  it('says nothing of an entry that adds nothing', () => {
    assert.deepEqual(reported('(to)AAwk---'), [
      [4, 'a accepted'],
      [10, 'delivered 1/2 accepted'],
    ]);
  });

  it('counts the entries that were made before anybody listened, though no other follows', async () => {
    const time = new Time();
    const entries$ = new ReplaySubject<Entry>();
    for (const entry of [tried, proof('a', 'already-had'), proof('b', 'already-had')]) entries$.next(entry);
    const { values, stop } = gather(race({ ...opened, source: 'dashd' }, entries$, rules, time));
    await time.pass(10);
    assert.deepEqual(values.map(brief), ['a already-had', 'b already-had', 'delivered 2/2 silent']);
    stop();
    assert.equal(time.pending, 0);
  });

  it('settles on them in the same turn, the proofs first', () => {
    const entries$ = new ReplaySubject<Entry>();
    for (const entry of [tried, proof('a', 'already-had'), proof('b', 'failed'), rpc('duplicate')])
      entries$.next(entry);
    const time = new Time();
    const { values, stop } = gather(race(opened, entries$, rules, time));
    assert.deepEqual(values.map(brief), ['a already-had', 'b failed', 'delivered 1/2 duplicate']);
    stop();
    assert.equal(time.pending, 0);
  });

  it('reads its entries once, and leaves no timer behind', () => {
    marbles(({ hot, expectObservable, expectSubscriptions, scheduler, clock }) => {
      const entries$ = hot('t---', ENTRIES);
      expectObservable(race(opened, entries$, rules, { clock, scheduler }), '^--!').toBe('');
      expectSubscriptions(entries$.subscriptions).toBe('^--!');
    });
  });
});
