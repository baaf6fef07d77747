import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type BlockBytes,
  FIRST_FLIGHT_BYTES,
  type PushPeer,
  type PushPlan,
  type PushPlanInput,
  planPush,
  reasonsOf,
  writesOf,
} from '../../src/quorum/push-plan.js';

const MBIT = 1_000_000 / 8;

function peerOf(peer: string, more: Partial<PushPeer> = {}): PushPeer {
  return { peer, role: 'other', protected: false, compact: 'taken', ...more };
}

function many(count: number, more: Partial<PushPeer> = {}): PushPeer[] {
  return Array.from({ length: count }, (_, n) => peerOf(`${more.role ?? 'other'}-${n}`, more));
}

function namesOf({ order }: PushPlan): string[] {
  return order.map(({ peer }) => peer);
}

const anyPeers = fc
  .array(
    fc.record({
      role: fc.constantFrom('signer' as const, 'member' as const, 'other' as const),
      compact: fc.constantFrom('chosen' as const, 'taken' as const, 'refused' as const),
      quorums: fc.integer({ min: 1, max: 4 }),
    }),
    { maxLength: 60 },
  )
  .map((some) => some.map((more, n) => peerOf(`${n}`, more)));

describe('the order in which peers are written a block', () => {
  test("is: the pool's own dashd, the next block's signers, other members, the rest", () => {
    const peers = [
      peerOf('other'),
      peerOf('member', { role: 'member' }),
      peerOf('signer', { role: 'signer' }),
      peerOf('dashd', { protected: true }),
    ];
    assert.deepEqual(namesOf(planPush({ peers })), ['dashd', 'signer', 'member', 'other']);
  });

  test('has members of several quorums first within a rank', () => {
    const peers = [
      peerOf('of one', { role: 'member', quorums: 1 }),
      peerOf('of three', { role: 'member', quorums: 3 }),
      peerOf('signer of two', { role: 'signer', quorums: 2 }),
      peerOf('signer of four', { role: 'signer', quorums: 4 }),
    ];
    assert.deepEqual(namesOf(planPush({ peers })), ['signer of four', 'signer of two', 'of three', 'of one']);
  });

  test('has the nearest of equals first, and those whose round trip is not known last', () => {
    const peers = [
      peerOf('unknown', { role: 'signer' }),
      peerOf('far', { role: 'signer', roundTripMs: 250 }),
      peerOf('near', { role: 'signer', roundTripMs: 12 }),
      peerOf('near, no member', { roundTripMs: 1 }),
    ];
    assert.deepEqual(namesOf(planPush({ peers })), ['near', 'far', 'unknown', 'near, no member']);
  });

  test('has each peer once, whatever the peers are', () => {
    fc.assert(
      fc.property(anyPeers, fc.option(fc.integer({ min: 1, max: 1e9 })), (peers, uplink) => {
        const plan = planPush({ peers, uplinkBytesPerSecond: uplink ?? undefined });
        const writes = writesOf(plan, { full: 300_000, compact: 5_500 });
        for (const names of [namesOf(plan), writes.map(({ peer }) => peer)])
          assert.deepEqual(names.toSorted(), peers.map(({ peer }) => peer).toSorted());
      }),
    );
  });

  test('keeps the order of the input among equals', () => {
    const peers = many(30, { role: 'signer' });
    assert.deepEqual(
      namesOf(planPush({ peers })),
      peers.map(({ peer }) => peer),
    );
  });

  test('has a reason for each peer', () => {
    const peers = [
      peerOf('a', { role: 'signer', quorums: 2, compact: 'chosen' }),
      peerOf('b', { role: 'member', compact: 'refused' }),
    ];
    assert.deepEqual(planPush({ peers }).order.map(reasonsOf), [
      {
        order: { code: 'signer', text: 'it is a member of the quorum that signs the next block' },
        form: { code: 'chosen', text: 'compact: the peer asked for our blocks in this form' },
      },
      {
        order: { code: 'member', text: 'it is a member of an active ChainLock quorum' },
        form: { code: 'refused', text: 'whole: it does not take compact blocks from us' },
      },
    ]);
  });
});

describe('the form of a block', () => {
  const peers = [peerOf('takes', { compact: 'taken' }), peerOf('refuses', { compact: 'refused' })];

  test('is whole for all up to the size that fits the first flight, with few peers', () => {
    const plan = planPush({ peers });
    assert.equal(plan.compactAbove, FIRST_FLIGHT_BYTES);
    const forms = writesOf(plan, { full: FIRST_FLIGHT_BYTES, compact: 700 }).map(({ form }) => form);
    assert.deepEqual(forms, ['full', 'full']);
  });

  test('is compact beyond it, for those who take it', () => {
    const writes = writesOf(planPush({ peers }), { full: FIRST_FLIGHT_BYTES + 1, compact: 700 });
    assert.deepEqual(
      writes.map(({ peer, form }) => [peer, form]),
      [
        ['takes', 'compact'],
        ['refuses', 'full'],
      ],
    );
  });

  test('is not made where nobody takes it, and made as long as nobody is known', () => {
    const refusing = many(20, { compact: 'refused' });
    assert.equal(planPush({ peers: [peerOf('dashd', { protected: true }), ...refusing] }).compactAbove, Infinity);
    assert.equal(planPush({ peers: [] }).compactAbove, FIRST_FLIGHT_BYTES);
  });

  test('is whole for all when the block has no compact form', () => {
    const writes = writesOf(planPush({ peers, uplinkBytesPerSecond: 20 * MBIT }), { full: 300_000 });
    assert.deepEqual(
      writes.map(({ form }) => form),
      ['full', 'full'],
    );
  });

  test('is compact for smaller blocks when there are many peers, or the uplink is slow', () => {
    assert.equal(planPush({ peers: many(400) }).compactAbove, 1_562);
    assert.equal(planPush({ peers: many(20), uplinkBytesPerSecond: 100 * MBIT }).compactAbove, 3_125);
    assert.equal(planPush({ peers: many(20), uplinkBytesPerSecond: 1_000 * MBIT }).compactAbove, FIRST_FLIGHT_BYTES);
  });
});

describe('a limited uplink', () => {
  const slow = { uplinkBytesPerSecond: 20 * MBIT };

  test('paces the writes at four fifths of its speed, the first ones at once', () => {
    const plan = planPush({ peers: many(400, { role: 'signer' }), ...slow });
    const writes = writesOf(plan, { full: 300_000, compact: 5_500 });
    assert.equal(writes[0]?.afterMs, 0);
    // 5,500 bytes take 2.75 ms; the first 5 ms of them are written in one turn.
    assert.equal(writes.filter(({ afterMs }) => afterMs === 0).length, 2);
    assert.ok(Math.abs((writes.at(-1)?.afterMs ?? 0) - (399 * 2.75 - 5)) < 0.01);
  });

  test('does not pace an uplink that nothing is known of', () => {
    const writes = writesOf(planPush({ peers: many(400) }), { full: 2_000_000, compact: 33_500 });
    assert.ok(writes.every(({ afterMs }) => afterMs === 0));
  });

  test('has peers that get a large block whole come last, signers first among them', () => {
    const peers = [
      peerOf('whole signer', { role: 'signer', compact: 'refused' }),
      peerOf('signer', { role: 'signer' }),
      peerOf('whole other', { compact: 'refused' }),
      peerOf('other'),
      peerOf('dashd', { protected: true }),
    ];
    const writes = writesOf(planPush({ peers, ...slow }), { full: 2_000_000, compact: 33_500 });
    assert.deepEqual(
      writes.map(({ peer }) => peer),
      ['dashd', 'signer', 'other', 'whole signer', 'whole other'],
    );
    // Two compact blocks take 34 ms, a whole one a second.
    assert.ok((writes[3]?.afterMs ?? Infinity) < 30);
    assert.ok((writes[4]?.afterMs ?? 0) > 800);
  });

  test("does not count the bytes to the pool's own dashd", () => {
    const peers = [peerOf('dashd', { protected: true }), peerOf('signer', { role: 'signer' })];
    const writes = writesOf(planPush({ peers, ...slow }), { full: 2_000_000, compact: 33_500 });
    assert.deepEqual(writes.at(-1), { peer: 'signer', form: 'compact', bytes: 33_500, afterMs: 0, heldMs: 0 });
  });

  test('that is no positive number is refused', () => {
    for (const uplinkBytesPerSecond of [0, -1, Number.NaN])
      assert.throws(() => planPush({ peers: [], uplinkBytesPerSecond }), RangeError);
  });
});

describe('holding a block back from those who do not sign it', () => {
  const LARGE = { full: 300_000, compact: 14_000 };
  const SIGNERS = 400;
  const planOf = (signers: number, others: number, more: Partial<PushPlanInput> = {}): PushPlan =>
    planPush({
      peers: [
        peerOf('dashd', { protected: true }),
        ...many(signers, { role: 'signer' }),
        ...many(others, { role: 'member' }),
      ],
      signers: SIGNERS,
      ...more,
    });
  const heldIn = (plan: PushPlan, bytes: BlockBytes) => writesOf(plan, bytes).filter(({ heldMs }) => heldMs > 0);

  test('is for large blocks with most of the signers connected, whose questions are answered meanwhile', () => {
    const held = heldIn(planOf(390, 900), LARGE);
    assert.equal(held.length, 900);
    assert.ok(held.every(({ peer, heldMs, afterMs }) => peer.startsWith('member') && heldMs === 80 && afterMs === 80));
  });

  test('is not done where they could not lock the block by themselves, or where that is not known', () => {
    assert.equal(heldIn(planOf(300, 900), LARGE).length, 0);
    assert.equal(heldIn(planOf(390, 900, { signers: undefined }), LARGE).length, 0);
    assert.equal(heldIn(planOf(0, 900, { signers: 0 }), LARGE).length, 0);
  });

  test('is not done for what the uplink carries in a moment: few others, or a small block', () => {
    assert.equal(heldIn(planOf(390, 100), LARGE).length, 0);
    assert.equal(heldIn(planOf(390, 900), { full: 15_000, compact: 1_500 }).length, 0);
    assert.equal(heldIn(planOf(390, 900), { full: 300_000 }).length, 0);
  });

  test('is not done over a limited uplink, where they wait their turn anyway', () => {
    assert.equal(heldIn(planOf(390, 900, { uplinkBytesPerSecond: 20 * MBIT }), LARGE).length, 0);
  });
});
