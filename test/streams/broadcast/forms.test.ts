import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import type { BlockProof } from '../../../src/contracts/events.js';
import { type PushPlan, planPush } from '../../../src/quorum/push-plan.js';
import type { Message } from '../../../src/wire/registry.js';
import { buildCoinbase, buildPayment, buildTx, mineBlock } from '../../block/support.js';
import { START } from '../../session/support.js';
import { BroadcasterUnderTest, hashOf, mine, PARENT } from './support.js';

before(() => loadX11());

const BITS = 0x207f_ffff;
const NOW = START / 1_000;
/** A coinbase and transactions of 500 bytes. */
const payments = (count: number): Buffer[] => [
  buildCoinbase(),
  ...Array.from({ length: count }, (_, salt) => buildPayment(500, salt)),
];
/** 20 KB, on the tip. */
const large = (time = NOW): Buffer => mineBlock({ previous: PARENT, time, transactions: payments(40) });
const SENDCMPCT = { command: 'sendcmpct', highBandwidth: true, version: 1n } as const;

/** A relay whose tip is so many seconds old, with peers that have chosen it for high bandwidth. */
function relayOn(ageSeconds: number, hosts: readonly string[] = ['a']): BroadcasterUnderTest {
  const relay = new BroadcasterUnderTest(hosts);
  relay.tip.see(PARENT, undefined, undefined, { time: NOW - ageSeconds, bits: BITS });
  for (const host of hosts) relay.peer(host).says(SENDCMPCT);
  return relay;
}

function sentTo(relay: BroadcasterUnderTest, host: string): string[] {
  return relay
    .peer(host)
    .heard.flatMap(({ command }) => (command === 'block' || command === 'cmpctblock' ? [command] : []));
}

describe('the form in which a block goes out', () => {
  it('is compact to peers that know it, whole to others and to the pool’s own dashd', () => {
    const relay = relayOn(60, ['a', 'b']);
    relay.peer('dashd').says(SENDCMPCT);
    relay.peer('b').says({ ...SENDCMPCT, version: 2n });
    const plain = new BroadcasterUnderTest(['c']);
    relay.fromPool(large());
    plain.fromPool(large());
    assert.deepEqual(sentTo(relay, 'a'), ['cmpctblock']);
    assert.deepEqual(sentTo(relay, 'dashd'), ['block']);
    assert.deepEqual(sentTo(plain, 'c'), ['block']);
  });

  it('is whole for a block that fits the first flight', () => {
    const relay = relayOn(60);
    relay.fromPool(mine());
    assert.deepEqual(sentTo(relay, 'a'), ['block']);
  });

  it('is whole up to three times that size for a block with quorum commitments: each peer would have to ask for them', () => {
    const commitment = buildTx({ version: 3, type: 6, payload: Buffer.alloc(330) });
    const withCommitment = (count: number): Buffer =>
      mineBlock({ previous: PARENT, time: NOW, transactions: [...payments(count), commitment] });
    const relay = relayOn(60, ['a', 'b']);
    relay.fromPool(withCommitment(80));
    assert.deepEqual(sentTo(relay, 'a'), ['block']);
    const other = relayOn(60);
    other.fromPool(withCommitment(90));
    assert.deepEqual(sentTo(other, 'a'), ['cmpctblock']);
  });

  it('is whole in a tie, and on a tip that is old: nodes drop compact blocks then', () => {
    const old = relayOn(46 * 60);
    old.fromPool(large());
    assert.deepEqual(sentTo(old, 'a'), ['block']);
    const tie = relayOn(60);
    const rival = mine();
    tie.tip.see(hashOf(rival), PARENT, 1_000, { time: NOW, bits: BITS });
    tie.tip.move(hashOf(rival));
    tie.fromPool(large());
    assert.deepEqual(sentTo(tie, 'a'), ['block']);
  });

  it('is whole for a block with quorum commitments, which every peer would ask for, up to TCP’s second flight', () => {
    const commitment = Buffer.from('0300060000000000000002aabb', 'hex');
    const formOf = (count: number): string[] => {
      const payments = Array.from({ length: count }, (_, salt) => buildPayment(500, salt));
      const relay = relayOn(60);
      relay.fromPool(
        mineBlock({ previous: PARENT, time: NOW, transactions: [buildCoinbase(), commitment, ...payments] }),
      );
      return sentTo(relay, 'a');
    };
    assert.deepEqual([formOf(80), formOf(90)], [['block'], ['cmpctblock']]);
  });

  it('has transactions whole while the plan has room for them, half of the block at most', () => {
    const countOf = (plan: PushPlan): number => {
      const relay = relayOn(60);
      relay.plan = plan;
      relay.fromPool(large());
      const message = relay
        .peer('a')
        .heard.find((one): one is Extract<Message, { command: 'cmpctblock' }> => one.command === 'cmpctblock');
      return message?.prefilled.count ?? 0;
    };
    const plan = planPush({ peers: [] });
    assert.deepEqual(
      [1_000, 4_000, 14_000].map((compactAbove) => countOf({ ...plan, compactAbove })),
      [2, 8, 20],
    );
  });

  it('is in the proofs, with what it took, and in the verdict', async () => {
    const relay = relayOn(60);
    const raw = large();
    relay.fromPool(raw);
    relay.peer('a').says({ command: 'getblocktxn', hash: hashOf(raw), indexes: [1, 2] });
    relay.peer('a').says({ command: 'headers', headers: [raw.subarray(0, 80)] });
    relay.peer('a').pongs();
    await relay.time.pass(0);
    const proofs = relay.events.filter((event): event is BlockProof => event.type === 'proof' && event.peer === 'a:1');
    const { form, bytes = 0, roundTrips } = proofs.at(-1) ?? {};
    assert.deepEqual([proofs.at(-1)?.status, form, roundTrips], ['accepted', 'compact', 1]);
    assert.ok(bytes > 1_000 && bytes < raw.length, `${bytes}`);
  });
});
