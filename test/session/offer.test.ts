/** A block that the peer may have: it is asked first. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Output, PushBlock } from '../../src/session/types.js';
import { encodeFrame } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { hashToWire } from '../../src/wire/reader.js';
import { block, events, Hand } from './support.js';

const one = block(1);
const two = block(2);
const { magic } = NETWORKS.regtest;
/** The nonce of the first ping after the handshake. */
const NONCE = 2n;
const pong = (nonce = NONCE) => ({ command: 'pong', nonce }) as const;

const offer = (hand: Hand, offered: PushBlock): Output[] => {
  hand.remember(offered);
  return hand.input({ type: 'offer', block: offered });
};

/** The blocks that were written. */
const blocks = (outputs: readonly Output[]) =>
  outputs.flatMap((output) => (output.type === 'block' ? [output.block.hash] : []));

const proofs = (outputs: readonly Output[]) =>
  events(outputs).flatMap((event) => (event.type === 'proof' ? [[event.stage, event.reason].join(' ').trim()] : []));

describe('a block that is offered', () => {
  it('is asked for, and is not sent to a peer that has it', () => {
    const hand = Hand.ready();
    const question = { version: 70240, locator: [one.previous], stop: one.hash };
    assert.deepEqual(offer(hand, one), [
      { type: 'write', bytes: encodeFrame(magic, { command: 'getheaders', ...question }) },
      { type: 'write', bytes: encodeFrame(magic, { command: 'ping', nonce: NONCE }) },
    ]);
    hand.hears({ command: 'headers', headers: [one.header] });
    const outputs = hand.after(12.5).hears(pong());
    assert.deepEqual([proofs(outputs), blocks(outputs)], [['already-had'], []]);
    assert.deepEqual(events(outputs)[0], { type: 'round-trip', ms: 12.5 });
    assert.deepEqual([hand.state.pushes, hand.state.queue], [[], []]);
    assert.deepEqual(offer(hand, one).length, 1, 'that is known from now on');
  });

  const rival = Buffer.alloc(80, 5);
  hashToWire(one.previous).copy(rival, 4);
  for (const [what, headers] of [
    ['whose chain ends below it', [[]]],
    ['that has another in its place', [[rival]]],
    ['that does not answer the question', []],
  ] as const) {
    it(`is sent to a peer ${what}`, () => {
      const hand = Hand.ready();
      offer(hand, one);
      for (const some of headers) hand.hears({ command: 'headers', headers: [...some] });
      const outputs = hand.hears(pong());
      assert.deepEqual([proofs(outputs), blocks(outputs)], [[], [one.hash]]);
      assert.deepEqual(proofs(hand.written(one)), ['written']);
    });
  }

  const grown = Buffer.alloc(80, 6);
  for (const [what, headers] of [
    ['has another in its place and more on that', [rival, grown]],
    ['lacks its parent', [grown]],
  ] as const) {
    it(`is not sent to a peer that ${what}, where it would be of no use`, () => {
      const hand = Hand.ready();
      offer(hand, one);
      hand.hears({ command: 'headers', headers: [...headers] });
      const outputs = hand.hears(pong());
      assert.deepEqual([proofs(outputs), blocks(outputs)], [['failed not-in-chain'], []]);
    });
  }

  it('is followed by its children, which wait for the answer', () => {
    const hand = Hand.ready();
    offer(hand, one);
    assert.deepEqual(blocks(hand.push(two)), []);
    hand.hears({ command: 'headers', headers: [] });
    assert.deepEqual(blocks(hand.hears(pong())), [one.hash, two.hash]);
  });

  it('that is already on its way is not asked for', () => {
    const hand = Hand.ready();
    hand.push(one);
    assert.deepEqual(offer(hand, one), []);
  });

  it('is sent to a peer that requests it, though it has the parent in its headers alone', () => {
    const hand = Hand.ready();
    offer(hand, one);
    hand.hears({ command: 'getdata', items: [{ type: 2, hash: one.hash }] });
    hand.hears({ command: 'headers', headers: [grown] });
    const outputs = hand.hears(pong());
    assert.deepEqual([proofs(outputs), blocks(outputs)], [[], [one.hash]]);
  });

  it('is sent once to a peer that requests it meanwhile', () => {
    const hand = Hand.ready();
    offer(hand, one);
    hand.hears({ command: 'getdata', items: [{ type: 2, hash: one.hash }] });
    hand.hears({ command: 'headers', headers: [] });
    assert.deepEqual(blocks(hand.hears(pong())), [one.hash]);
  });
});
