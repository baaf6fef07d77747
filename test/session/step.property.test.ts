/** Whatever a peer says, in whatever order and at whatever time: what always holds of a session. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { MAX_KNOWN_BLOCKS } from '../../src/session/known-blocks.js';
import { ACKNOWLEDGE_TIMEOUT_MS } from '../../src/session/limits.js';
import type { Output, ProofStage, SessionState } from '../../src/session/types.js';
import type { WireFault } from '../../src/wire/decoder.js';
import { INV } from '../../src/wire/inventory.js';
import type { Hash } from '../../src/wire/reader.js';
import type { Message } from '../../src/wire/registry.js';
import { MESSAGES } from '../wire/arbitraries.js';
import { block, compactBlock, Hand, theirVersion } from './support.js';

type Act = (hand: Hand) => Output[];

const BLOCKS = 6;
const TRANSACTIONS = 4;
const number = fc.integer({ min: 1, max: BLOCKS });
/** Every second block has a compact form. */
const pushable = (n: number) => (n % 2 === 0 ? block(n) : compactBlock(n, TRANSACTIONS));
const wait = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: -5_000, max: 90_000 }));

const act =
  (ms: number, input: (hand: Hand) => Output[]): Act =>
  (hand) => {
    hand.after(ms);
    return input(hand);
  };

const anyMessage: fc.Arbitrary<Message> = fc.oneof(...Object.values<fc.Arbitrary<Message>>(MESSAGES));
const code = fc.constantFrom<WireFault['code']>('wrong-magic', 'bad-command', 'oversized', 'bad-checksum', 'malformed');

/** What a real peer would say next, so that sequences get somewhere: the right nonces, our blocks, a handshake. */
const apt: fc.Arbitrary<(hand: Hand) => Message> = fc.oneof(
  fc.constantFrom(70_240, 70_242).map((version) => () => ({ ...theirVersion, version })),
  fc.constant(() => ({ command: 'verack' }) as const),
  fc.nat(12).map((back) => (hand: Hand) => {
    const { pushes, ping } = hand.state;
    const hedges = pushes.flatMap(({ hedge }) => hedge ?? []);
    const nonces = [...pushes.map(({ nonce }) => nonce), ...hedges, ...('nonce' in ping ? [ping.nonce] : [])];
    return { command: 'pong', nonce: nonces[back % Math.max(1, nonces.length)] ?? BigInt(back) } as const;
  }),
  fc.boolean().map((highBandwidth) => () => ({ command: 'sendcmpct', highBandwidth, version: 1n }) as const),
  fc.tuple(number, fc.uniqueArray(fc.nat(TRANSACTIONS))).map(([n, indexes]) => () => {
    const ascending = indexes.toSorted((one, other) => one - other);
    return { command: 'getblocktxn', hash: block(n).hash, indexes: ascending } as const;
  }),
  fc.array(number).map((numbers) => () => {
    return { command: 'inv', items: numbers.map((n) => ({ type: INV.block, hash: block(n).hash })) } as const;
  }),
  fc
    .array(number)
    .map((numbers) => () => ({ command: 'headers', headers: numbers.map((n) => block(n).header) }) as const),
);

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(wait, apt).map(([ms, say]) => act(ms, (hand) => hand.hears(say(hand)))) },
  { weight: 2, arbitrary: fc.tuple(wait, anyMessage).map(([ms, message]) => act(ms, (hand) => hand.hears(message))) },
  { weight: 5, arbitrary: fc.tuple(wait, number).map(([ms, n]) => act(ms, (hand) => hand.push(pushable(n)))) },
  { weight: 4, arbitrary: fc.tuple(wait, number).map(([ms, n]) => act(ms, (hand) => hand.written(pushable(n)))) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(wait, number)
      .map(([ms, n]) => act(ms, (hand) => hand.input({ type: 'offer', block: pushable(n) }))),
  },
  { weight: 3, arbitrary: wait.map((ms) => act(ms, (hand) => hand.tick())) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(wait, code)
      .map(([ms, which]) =>
        act(ms, (hand) => hand.inbound({ kind: 'fault', fault: { code: which, detail: which, fatal: true } })),
      ),
  },
  {
    weight: 1,
    arbitrary: wait.map((ms) =>
      act(ms, (hand) => hand.input({ type: 'closed', fault: { code: 'connection-error', detail: 'cut' } })),
    ),
  },
);

/** Half of the sequences begin with a handshake, or few would ever get past one. */
const anySequence = fc.tuple(fc.boolean(), fc.array(anyAct, { maxLength: 60 }));

function begin(shaken: boolean): Hand {
  if (shaken) return Hand.ready([pushable(1), pushable(2)]);
  const hand = new Hand([block(1), block(2)]);
  hand.input({ type: 'connected' });
  return hand;
}

const RANK: Readonly<Record<ProofStage, number>> = {
  written: 1,
  // The block is not in the peer's chain, which may change.
  failed: 2,
  acknowledged: 3,
  accepted: 4,
  'already-had': 5,
};
const ENDS: readonly ProofStage[] = ['acknowledged', 'accepted', 'already-had', 'failed'];

/** Follows the proofs of each block, from each push of it on. */
class Proofs {
  private readonly stages = new Map<Hash, ProofStage | 'sent'>();
  /** Blocks that have waited for room, or for an answer: they may fail, with the session or alone, though they were never sent. */
  private readonly queued = new Set<Hash>();

  take(outputs: readonly Output[], { pushes, queue }: Pick<SessionState, 'pushes' | 'queue'>): void {
    for (const { hash } of queue) this.queued.add(hash);
    for (const { hash, stage } of pushes) {
      if (stage === 'sent') this.stages.set(hash, 'sent');
      if (stage === 'asked') this.queued.add(hash);
    }
    for (const output of outputs) {
      if (output.type !== 'event' || output.event.type !== 'proof') continue;
      const { hash, stage, reason } = output.event;
      const isUnsent = this.queued.has(hash) || reason === 'not-in-chain' || reason === 'out-of-memory';
      if (stage !== 'failed' || !isUnsent || ['sent', 'written'].includes(this.stages.get(hash) ?? '')) {
        this.prove(hash, stage);
      }
    }
  }

  private prove(hash: Hash, stage: ProofStage): void {
    const before = this.stages.get(hash);
    if (stage === 'already-had') {
      assert.ok(before === undefined || ENDS.some((end) => end === before), `already had, but it was ${before}`);
    } else {
      assert.notEqual(before, undefined, `${stage} without a push`);
      const rank = before === undefined || before === 'sent' ? 0 : RANK[before];
      assert.ok(RANK[stage] > rank, `from ${before} back to ${stage}`);
      assert.ok(!(stage === 'failed' && before === 'acknowledged'), 'what was acknowledged does not fail');
    }
    this.stages.set(hash, stage);
  }

  get open(): (ProofStage | 'sent')[] {
    return [...this.stages.values()].filter((stage) => !ENDS.some((end) => end === stage));
  }
}

it('never throws, says nothing once closed, and brings every push to one end, step by step', () => {
  fc.assert(
    fc.property(anySequence, ([shaken, acts]) => {
      const hand = begin(shaken);
      const proofs = new Proofs();
      let closed = false;
      for (const next of acts) {
        const outputs = next(hand);
        if (closed) assert.deepEqual(outputs, []);
        assert.ok(outputs.filter(({ type }) => type === 'close').length <= 1);
        closed ||= outputs.some(({ type }) => type === 'close');
        assert.equal(closed, hand.state.phase.name === 'closed');
        assert.ok(hand.state.knows.size <= MAX_KNOWN_BLOCKS);
        assert.ok(hand.state.pushes.length <= BLOCKS);
        proofs.take(outputs, hand.state);
      }
      hand.after(90_000 + ACKNOWLEDGE_TIMEOUT_MS);
      proofs.take(hand.tick(), hand.state);
      assert.deepEqual(proofs.open, []);
    }),
    { numRuns: 1_000 },
  );
});

it('leaves the state it was given untouched', () => {
  const frozen = <T>(value: T): T => {
    if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value) && !(value instanceof Set)) {
      for (const inner of Object.values(value)) frozen(inner);
      Object.freeze(value);
    }
    return value;
  };
  fc.assert(
    fc.property(anySequence, ([shaken, acts]) => {
      const hand = begin(shaken);
      for (const next of acts) {
        const known = [...hand.state.knows];
        const before = frozen(hand.state);
        next(hand);
        assert.deepEqual([...before.knows], known);
      }
    }),
    { numRuns: 300 },
  );
});
