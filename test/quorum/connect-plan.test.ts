import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type ConnectPlan, planConnections, type Reachable } from '../../src/quorum/connect-plan.js';
import { reachable, situation } from './support.js';

function peersOf(plan: ConnectPlan): string[] {
  return plan.connect.map(({ peer }) => peer);
}

function codesOf(entries: readonly { readonly peer: string; readonly code: string }[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ peer, code }) => [peer, code]));
}

/** How many of the peers are members of each quorum. */
function coverage(members: readonly Reachable[], peers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { peer, quorums } of members) {
    if (peers.includes(peer)) for (const quorum of quorums) counts[quorum] = (counts[quorum] ?? 0) + 1;
  }
  return counts;
}

function many(count: number, quorums: readonly string[], from: number): Reachable[] {
  return Array.from({ length: count }, (_, n) => reachable(from + n, quorums));
}

describe('a plan of quorum connections', () => {
  test('members of several quorums come first', () => {
    const members = [...many(5, ['a'], 0), ...many(2, ['a', 'b', 'c'], 5), ...many(3, ['b', 'c'], 7)];
    const plan = planConnections(situation(members, { max: 5 }));
    assert.deepEqual(
      plan.connect.map(({ code }) => code),
      Array(5).fill('several-quorums'),
    );
    assert.deepEqual(
      peersOf(plan).sort(),
      members
        .slice(5)
        .map(({ peer }) => peer)
        .sort(),
    );
  });

  test('among members of one quorum each, all quorums get as many connections', () => {
    const members = [...many(40, ['a'], 0), ...many(20, ['b'], 40), ...many(10, ['c'], 60)];
    const plan = planConnections(situation(members, { max: 24 }));
    assert.deepEqual(coverage(members, peersOf(plan)), { a: 8, b: 8, c: 8 });
  });

  test('says of each member why it has no connection', () => {
    const members = [...many(3, ['a'], 0), ...many(2, ['b'], 3)];
    const [first, second, third, fourth] = members.map(({ peer }) => peer);
    const plan = planConnections(
      situation(members, { max: 2, elsewhere: new Set([first ?? '']), waiting: new Set([second ?? '']) }),
    );
    assert.deepEqual(
      [first, second].map((peer) => plan.whyNot(peer ?? '')),
      ['connected-elsewhere', 'waiting'],
    );
    const served = new Set(peersOf(plan));
    const rest = [third, fourth, members[4]?.peer].map((peer) => peer ?? '');
    for (const peer of rest) assert.equal(plan.whyNot(peer), served.has(peer) ? undefined : 'over-max');
    assert.equal(served.size, 2);
    assert.equal(plan.whyNot('198.51.100.1:9999'), undefined, 'it is no member');
  });

  test('a member that is connected for another reason counts for its quorum, and is not connected twice', () => {
    const members = [...many(4, ['a'], 0), ...many(4, ['b'], 4)];
    const elsewhere = new Set([reachable(0, []).peer, reachable(1, []).peer]);
    const plan = planConnections(situation(members, { max: 2, elsewhere }));
    assert.deepEqual(coverage(members, peersOf(plan)), { b: 2 });
    assert.equal(plan.skipped['connected-elsewhere'], 2);
  });

  test('equals are chosen by lot', () => {
    const members = many(3, ['a'], 0);
    const lot = (peer: string) => (peer === reachable(2, []).peer ? 0 : 1);
    assert.deepEqual(peersOf(planConnections(situation(members, { max: 1, lot }))), [reachable(2, []).peer]);
  });

  describe('where round trips are known', () => {
    // The first 70 are near, and those of several quorums are far.
    const members = [...many(75, ['a'], 0), ...many(25, ['a', 'b'], 75)];
    const way = new Map(members.map(({ peer }, place) => [peer, place]));
    const roundTripMs = (peer: string) => way.get(peer);
    const nearest = (count: number) => new Set(members.slice(0, count).map(({ peer }) => peer));

    test('near members come before far ones, be these of more quorums', () => {
      const chosen = planConnections(situation(members, { max: 71, roundTripMs }));
      assert.deepEqual(new Set(peersOf(chosen)), nearest(71));
      const more = planConnections(situation(members, { max: 72, roundTripMs }));
      assert.equal(peersOf(more).filter((peer) => !nearest(71).has(peer)).length, 1);
      assert.equal(more.connect.at(-1)?.code, 'several-quorums');
    });

    test('those of unknown distance count as near', () => {
      const unknown = (peer: string) => (nearest(5).has(peer) ? undefined : way.get(peer));
      const plan = planConnections(situation(members, { max: 60, roundTripMs: unknown }));
      for (const peer of nearest(5)) assert.ok(peersOf(plan).includes(peer));
    });

    test('few known ones say nothing', () => {
      const few = (peer: string) => (nearest(49).has(peer) ? way.get(peer) : undefined);
      const plan = planConnections(situation(members, { max: 25, roundTripMs: few }));
      assert.deepEqual(new Set(plan.connect.map(({ code }) => code)), new Set(['several-quorums']));
    });

    test('a near one gets the slot of a far one, no more often than allowed', () => {
      const connected = new Set(members.slice(70).map(({ peer }) => peer));
      const plan = planConnections(situation(members, { max: 30, connected, maxSwaps: 2, roundTripMs }));
      assert.deepEqual(codesOf(plan.connect), codesOf(peersOf(plan).map((peer) => ({ peer, code: 'swap' }))));
      assert.equal(plan.connect.length, 2);
      for (const peer of peersOf(plan)) assert.ok(nearest(66).has(peer));
    });
  });

  test('one masternode counts at an address, the one in the most quorums', () => {
    const one = reachable(1, []).peer;
    const members = [reachable(0, ['a'], { peer: one }), reachable(1, ['a', 'b']), reachable(2, ['a'], { peer: one })];
    const plan = planConnections(situation(members));
    assert.deepEqual(codesOf(plan.connect), { [one]: 'several-quorums' });
    assert.equal(plan.skipped['same-address'], 2);
  });

  test('1,350 members with one address are one connection', () => {
    const members = Array.from({ length: 1_350 }, (_, n) => reachable(n, ['a'], { peer: '77.0.0.1:9999' }));
    assert.equal(planConnections(situation(members)).connect.length, 1);
  });

  test('a network group gets no more than its share', () => {
    const members = many(10, ['a'], 0).map((member) => ({ ...member, group: 'one' }));
    const plan = planConnections(situation([...members, reachable(10, ['a'])], { maxPerGroup: 3 }));
    assert.equal(plan.connect.length, 4);
    assert.equal(plan.skipped['group-share'], 7);
  });

  test('begins no more connections than the ramp-up allows, and counts what is left for later', () => {
    const plan = planConnections(situation(many(10, ['a'], 0), { max: 6, maxNew: 2 }));
    assert.equal(plan.connect.length, 2);
    assert.deepEqual([plan.skipped['ramp-up'], plan.skipped['over-max']], [4, 4]);
  });

  test('a peer that has to wait leaves its slot to another', () => {
    const members = many(3, ['a'], 0);
    const waiting = new Set([reachable(0, []).peer]);
    const plan = planConnections(situation(members, { max: 2, waiting }));
    assert.deepEqual(peersOf(plan).sort(), [reachable(1, []).peer, reachable(2, []).peer]);
    assert.equal(plan.skipped.waiting, 1);
  });

  test('no slots: all connections are given up', () => {
    const members = many(2, ['a'], 0);
    const plan = planConnections(situation(members, { max: 0, connected: new Set(members.map(({ peer }) => peer)) }));
    assert.deepEqual([plan.connect, plan.keep], [[], []]);
    assert.deepEqual(new Set(plan.disconnect.map(({ code }) => code)), new Set(['over-max']));
  });
});

describe('when a quorum retires and another becomes active', () => {
  const before = [...many(10, ['a'], 0), ...many(10, ['b'], 10), ...many(4, ['a', 'b'], 20)];
  const connected = new Set(before.map(({ peer }) => peer));

  test('only the members of no other quorum are given up', () => {
    const after = [...many(10, ['b'], 10), ...many(4, ['b', 'c'], 20), ...many(10, ['c'], 30)];
    const plan = planConnections(situation(after, { max: 24, connected }));
    assert.deepEqual(
      codesOf(plan.disconnect),
      codesOf(many(10, [], 0).map(({ peer }) => ({ peer, code: 'not-a-member' }))),
    );
    assert.equal(plan.keep.length, 14);
    assert.deepEqual(new Set(peersOf(plan)), new Set(many(10, [], 30).map(({ peer }) => peer)));
  });

  test('a member of more quorums gets the slot of a member of fewer, no more often than allowed', () => {
    const after = [...before, ...many(5, ['a', 'b', 'c'], 40)];
    const plan = planConnections(situation(after, { max: 24, connected, maxSwaps: 3 }));
    assert.deepEqual(
      [plan.connect.map(({ code }) => code), plan.disconnect.map(({ code }) => code)],
      [Array(3).fill('swap'), Array(3).fill('outweighed')],
    );
    assert.equal(plan.keep.length, 21);
  });

  test('no slot is given to an equal', () => {
    const plan = planConnections(
      situation([...before, ...many(9, ['a', 'b'], 50)], { max: 24, connected, maxSwaps: 30 }),
    );
    // The 20 members of one quorum are outweighed by 9 members of two, and by no more.
    assert.equal(plan.disconnect.length, 9);
  });
});

test('any plan: limits hold, everybody is accounted for once, and carried out it needs no further change', () => {
  const anyMember = fc.record({
    n: fc.integer({ min: 0, max: 60 }),
    at: fc.integer({ min: 0, max: 60 }),
    group: fc.constantFrom('x', 'y', 'z'),
    quorums: fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }),
    is: fc.constantFrom('new', 'new', 'connected', 'elsewhere', 'waiting'),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(anyMember, { selector: ({ n }) => n, maxLength: 50 }),
      fc.record({
        max: fc.integer({ min: 0, max: 30 }),
        maxPerGroup: fc.integer({ min: 1, max: 20 }),
        maxNew: fc.integer({ min: 0, max: 20 }),
        maxSwaps: fc.integer({ min: 0, max: 5 }),
      }),
      (all, limits) => {
        const members = all.map(({ n, at, group, quorums }) =>
          reachable(n, quorums, { peer: reachable(at, []).peer, group }),
        );
        const are = (what: string) =>
          new Set(all.filter(({ is }) => is === what).map(({ at }) => reachable(at, []).peer));
        const [connected, elsewhere, waiting] = [are('connected'), are('elsewhere'), are('waiting')];
        for (const peer of connected) elsewhere.delete(peer);
        const plan = planConnections(situation(members, { connected, elsewhere, waiting, ...limits }));
        const kept = new Set([...plan.keep, ...peersOf(plan)]);
        assert.equal(kept.size, plan.keep.length + plan.connect.length);
        assert.ok(kept.size <= limits.max);
        assert.ok(plan.connect.length <= limits.maxNew);
        for (const peer of peersOf(plan)) assert.ok(!connected.has(peer) && !elsewhere.has(peer) && !waiting.has(peer));
        assert.deepEqual([...plan.keep, ...plan.disconnect.map(({ peer }) => peer)].sort(), [...connected].sort());
        const counted = Object.values(plan.skipped).reduce((sum, count) => sum + count, 0);
        assert.equal(counted + plan.connect.length + connected.size, members.length);
        const again = planConnections(
          situation(members, { connected: kept, elsewhere, waiting, ...limits, maxNew: 0, maxSwaps: 0 }),
        );
        assert.deepEqual([again.connect, again.disconnect], [[], []]);
      },
    ),
  );
});
