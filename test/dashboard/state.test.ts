import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RelayEvent } from '../../src/contracts/events.js';
import {
  type Action,
  findBlock,
  INITIAL,
  isUnderWay,
  type PageState,
  reduce,
  retryDelayMs,
  shownHash,
  staleAfter,
} from '../../src/dashboard/model/state.js';
import { block, hash, listed, NOW, peer, peerProof, proof, received, status, verdict } from './support.js';

const play = (actions: readonly Action[], from: PageState = INITIAL) => actions.reduce(reduce, from);
const events = (...reported: readonly RelayEvent[]): Action[] => [{ type: 'events', events: reported }];
const hashes = (state: PageState) => state.blocks.map((known) => known.hash);

describe('a block on its way', () => {
  test('is listed as soon as it was received, and ran its race when the verdict falls', () => {
    const a = play(events(received(7, { gateMs: 0.4, transactions: 3 })));
    assert.deepEqual(a.blocks, [block(7, { gateMs: 0.4, transactions: 3 })]);
    const b = play(events(proof(7, 'x:1', 'written', { writtenMs: 1 })), a);
    assert.deepEqual(b.races.get(hash(7))?.get('x:1'), peerProof('x:1', 'written', { writtenMs: 1 }));
    const peers = [peerProof('x:1', 'accepted', { writtenMs: 1, acknowledgedMs: 9, acceptedMs: 12 })];
    const c = play(events(verdict(7, peers)), b);
    assert.deepEqual(c.blocks[0]?.verdict, listed(7, { peersReached: 1, peersTried: 1 }));
    assert.deepEqual([...(c.races.get(hash(7)) ?? [])], [['x:1', peers[0]]]);
  });

  test('is read out when its verdict falls, once', () => {
    const first = play(events(received(7), verdict(7, [peerProof('x:1', 'accepted')])));
    assert.equal(first.announcement, 'Block 7 delivered: 1 of 1 peers have it');
    const again = play(events(verdict(7, [], { outcome: 'rejected', reason: 'bad' })), first);
    assert.equal(again.announcement, first.announcement);
    assert.equal(again.blocks[0]?.verdict?.outcome, 'rejected');
  });

  test('comes before those of before, and becomes the one that is shown', () => {
    const state = play([{ type: 'blocks', reply: { blocks: [block(6)] } }, ...events(received(7))]);
    assert.deepEqual(hashes(state), [hash(7), hash(6)]);
    assert.equal(shownHash(state), hash(7));
  });

  test('of the network is none of the pool’s', () => {
    const state = play(events(received(7, { source: 'dashd' }), proof(7, 'x:1', 'accepted'), verdict(7)));
    assert.deepEqual([state.blocks, state.races.size, state.announcement], [[], 0, '']);
  });

  test('is under way until its verdict, and for as long as one may take', () => {
    assert.equal(isUnderWay(block(1), NOW + 3_000), true);
    assert.equal(isUnderWay(block(1), NOW + 60_000), false);
    assert.equal(isUnderWay(block(1, { verdict: listed(1) }), NOW), false);
  });
});

describe('what is known of a block later', () => {
  const locks = { transactions: 3, locked: 2, delaying: 1, aged: 0, unchecked: 0, named: [] };
  const seen = { own: true, witnesses: 2, seen: 1, medianMs: 80 };
  const sights = [{ peer: 'w:1', state: 'counted', seenMs: 80 }] as const;
  const locksOf = (n: number): RelayEvent => ({ type: 'locks', at: NOW, hash: hash(n), height: n, ...locks });
  const propagationOf = (n: number, own = true): RelayEvent => ({
    ...{ type: 'propagation', at: NOW, hash: hash(n), ...seen, own, sights },
  });

  test('its locks and what the witnesses saw are shown, of a linked block too', () => {
    const linked = { ...block(3), race: [] };
    const state = play([
      ...events(received(7)),
      { type: 'block', reply: linked },
      ...events(locksOf(7), propagationOf(7), locksOf(3), propagationOf(3)),
    ]);
    for (const n of [7, 3]) {
      const found = findBlock(state, hash(n));
      assert.deepEqual([found?.locks, found?.propagation], [{ at: NOW, ...locks }, seen]);
      assert.deepEqual(state.sights.get(hash(n)), sights);
    }
  });

  test('what witnesses saw comes with a block’s reply, and goes with its race', () => {
    const state = play([{ type: 'block', reply: { ...block(3), race: [], sights } }]);
    assert.deepEqual(state.sights.get(hash(3)), sights);
    assert.equal('sights' in (findBlock(state, hash(3)) ?? {}), false);
    const more = Array.from({ length: 80 }, (_, n) => received(100 + n));
    assert.equal(play(events(...more, propagationOf(150)), state).sights.has(hash(3)), false);
  });

  test('blocks of others change no list; the status is fetched again', () => {
    const state = play(events(received(7)));
    assert.deepEqual(play(events(propagationOf(9, false), locksOf(9)), state), state);
    assert.deepEqual(staleAfter(propagationOf(9, false)), ['status']);
  });
});

test('a proof of a race that was never fetched is not shown as if it were all of it', () => {
  const state = play([{ type: 'blocks', reply: { blocks: [block(6)] } }, ...events(proof(6, 'x:1', 'accepted'))]);
  assert.equal(state.races.has(hash(6)), false);
});

test('events that are reported twice, or after a reply that counted them, change nothing more', () => {
  const peers = ['a:1', 'b:2', 'c:3'];
  const story: RelayEvent[] = [
    received(7),
    ...peers.map((name) => proof(7, name, 'written', { writtenMs: 1 })),
    ...peers.map((name) => proof(7, name, 'acknowledged', { writtenMs: 1, acknowledgedMs: 9 })),
    verdict(
      7,
      peers.map((name) => peerProof(name, 'acknowledged', { writtenMs: 1, acknowledgedMs: 9 })),
    ),
    { type: 'finality', at: NOW, hash: hash(7), state: 'chainlocked', confirmations: 2 },
  ];
  const whole = play(events(...story));
  fc.assert(
    fc.property(fc.nat(story.length - 1), (from) => {
      assert.deepEqual(play(events(...story.slice(from)), whole), whole);
    }),
  );
});

describe('replies', () => {
  test('the clock of the relay is the one that ages are counted by', () => {
    assert.equal(play([{ type: 'status', reply: status({ now: NOW + 500 }), now: NOW }]).skewMs, 500);
  });

  test('a fresh list of blocks forgets what might have gaps', () => {
    const before = play([
      ...events(received(7)),
      { type: 'no-such-block', hash: hash(1) },
      { type: 'block', reply: { ...block(2), race: [] } },
    ]);
    const { races, linked, missing, blocks } = play([{ type: 'blocks', reply: { blocks: [block(9)] } }], before);
    assert.deepEqual([races.size, linked.size, missing.size, blocks.length], [0, 0, 0, 1]);
  });

  test('older blocks follow those that are known, each once, until there are no more', () => {
    const first = play([{ type: 'blocks', reply: { blocks: [block(9), block(8)], next: hash(8) } }]);
    const state = play([{ type: 'older-blocks', reply: { blocks: [block(8), block(7)] } }], first);
    assert.deepEqual(hashes(state), [9, 8, 7].map(hash));
    assert.equal(state.next, undefined);
  });

  test('a block that was linked to is found though it is too old to be listed', () => {
    const race = [peerProof('x:1', 'accepted')];
    const state = play([
      { type: 'select', hash: hash(2) },
      { type: 'block', reply: { ...block(2), race } },
    ]);
    assert.deepEqual(findBlock(state, shownHash(state)), block(2));
    assert.deepEqual(state.races.get(hash(2)), new Map([['x:1', race[0]]]));
    const orphaned = { at: NOW, state: 'orphaned', by: hash(99) } as const;
    const after = play(events({ type: 'finality', hash: hash(2), height: 2, ...orphaned }), state);
    assert.deepEqual(findBlock(after, hash(2))?.finality, orphaned);
  });

  test('the choice is kept when a block comes, and given back when it is unmade', () => {
    const state = play([
      { type: 'blocks', reply: { blocks: [block(6)] } },
      { type: 'select', hash: hash(6) },
    ]);
    const later = play(events(received(7)), state);
    assert.equal(shownHash(later), hash(6));
    assert.equal(shownHash(play([{ type: 'select', hash: undefined }], later)), hash(7));
  });
});

describe('peers and services', () => {
  test('a peer that is lost is gone at once', () => {
    const state = play([{ type: 'peers', reply: { peers: [peer('a:1'), peer('b:2')] } }]);
    const lost = { type: 'peer-lost', at: NOW, peer: 'a:1', protected: false, code: 'closed', reason: '' } as const;
    const after = play(events({ ...lost, wasReady: true, bytesIn: 0, bytesOut: 0 }), state);
    assert.deepEqual(
      after.peers.map((known) => known.peer),
      ['b:2'],
    );
  });

  test('where a peer was is remembered when it is gone, for the races it ran', () => {
    const state = play([
      { type: 'peers', reply: { peers: [peer('a:1', { country: 'DE' }), peer('b:2')] } },
      { type: 'peers', reply: { peers: [peer('c:3', { country: 'FR' })] } },
    ]);
    assert.deepEqual(Object.fromEntries(state.countries), { 'a:1': 'DE', 'c:3': 'FR' });
    const crowd = Array.from({ length: 3_200 }, (_, i) => peer(`x:${i}`, { country: 'US' }));
    const many = play([{ type: 'peers', reply: { peers: crowd } }], state);
    assert.equal(play([{ type: 'peers', reply: { peers: [] } }], many).countries.size, 0);
  });

  test('a peer that was being connected to is connected', () => {
    const state = play([{ type: 'peers', reply: { peers: [peer('a:1', { state: 'connecting' })] } }]);
    const reported = { type: 'peer-connected', peer: 'a:1', protected: false, protocolVersion: 70_240 } as const;
    const after = play(events({ ...reported, at: NOW + 9, userAgent: '/x/', height: 5 }), state);
    assert.deepEqual(after.peers[0], peer('a:1', { since: NOW + 9, userAgent: '/x/', height: 5 }));
  });

  test('a service that goes down is down; a fault leaves it as it was', () => {
    const state = play([{ type: 'status', reply: status(), now: NOW }]);
    const reported = { type: 'service', at: NOW + 1, service: 'dashd-rpc', code: 'refused', detail: 'no' } as const;
    const fault = play(events({ ...reported, state: 'fault' }), state);
    assert.deepEqual(fault.status?.services, state.status?.services);
    const down = play(events({ ...reported, state: 'down' }), state);
    const rpc = down.status?.services.find(({ service }) => service === 'dashd-rpc');
    assert.deepEqual(rpc, {
      service: 'dashd-rpc',
      state: 'down',
      since: NOW + 1,
      code: 'refused',
      detail: 'no',
      faults: 0,
    });
    assert.equal(down.status?.services.length, 3);
  });

  test('what an event does not report in full is asked for again', () => {
    assert.deepEqual(staleAfter(verdict(1)), ['status', 'peers']);
    assert.deepEqual(staleAfter(proof(1, 'x:1', 'written')), []);
  });
});

describe('the connection', () => {
  test('losing it and having it back is read out, trying in vain is not', () => {
    const lost: Action = { type: 'connection', link: { state: 'lost', since: NOW, retryAt: NOW, reason: 'x' } };
    const gone = play([{ type: 'connection', link: { state: 'live' } }, lost]);
    assert.equal(gone.announcement, 'Connection to the relay lost');
    const back = play([lost, { type: 'connection', link: { state: 'live' } }], gone);
    assert.equal(back.announcement, 'Connected to the relay again');
  });

  test('is tried again ever more slowly, up to a bound', () => {
    const delays = Array.from({ length: 20 }, (_, i) => retryDelayMs(i + 1));
    assert.deepEqual(delays.slice(0, 4), [500, 1_000, 2_000, 4_000]);
    assert.equal(Math.max(...delays), 15_000);
  });
});

test('a page that stays open does not grow without end', () => {
  const state = play(events(...Array.from({ length: 700 }, (_, n) => received(n))));
  assert.equal(state.blocks.length, 500);
  assert.equal(state.races.size, 60);
  assert.ok(state.races.has(hash(699)));
});
