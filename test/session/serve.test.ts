import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SERVE_AGAIN_RATE } from '../../src/session/limits.js';
import type { Output } from '../../src/session/types.js';
import { INV } from '../../src/wire/inventory.js';
import { block, events, Hand, hashOf, sent } from './support.js';

const blocks = Array.from({ length: 20 }, (_, i) => block(i + 1));
const want = (type: number, number: number) => ({ type, hash: hashOf(number) });

describe('serving', () => {
  it('gives the blocks we have, as their ready frames, and names what we have not', () => {
    const items = [want(INV.block, 1), want(INV.tx, 1), want(INV.compactBlock, 2), want(INV.block, 99)];
    const outputs = Hand.ready(blocks).hears({ command: 'getdata', items });
    assert.deepEqual(outputs.slice(0, 5), [
      { type: 'event', event: { type: 'served', what: 'block', hash: hashOf(1) } },
      { type: 'event', event: { type: 'served', what: 'block', hash: hashOf(2) } },
      { type: 'event', event: { type: 'wanted', hash: hashOf(99) } },
      { type: 'send', message: { command: 'notfound', items: [want(INV.tx, 1), want(INV.block, 99)] } },
      { type: 'block', block: blocks[0], form: 'full' },
    ]);
    assert.deepEqual(
      outputs.slice(5).map(({ type }) => type),
      ['write', 'write', 'block', 'write', 'write'],
      'each with a question and a ping behind it',
    );
  });

  it('is silent about nothing', () => {
    assert.deepEqual(Hand.ready(blocks).hears({ command: 'getdata', items: [] }), []);
  });

  it('bounds a greedy request: the rest is not found', () => {
    const items = blocks.map((_, i) => want(INV.block, i + 1));
    const outputs = Hand.ready(blocks).hears({ command: 'getdata', items });
    assert.equal(events(outputs).length, 16);
    assert.deepEqual(sent(outputs), [{ command: 'notfound', items: items.slice(16) }]);
  });

  it('gives a block once to whoever asks, and again as far as the limit of bytes goes: the rest is not found', () => {
    const large = { ...block(1), frame: Buffer.alloc(2_000_000) };
    const small = block(2);
    const hand = Hand.ready([large, small]);
    const ask = (number: number) => {
      const outputs = hand.hears({ command: 'getdata', items: [want(INV.block, number)] });
      for (const { nonce } of hand.state.pushes) hand.hears({ command: 'pong', nonce });
      return outputs;
    };
    const isServed = (outputs: readonly Output[]) => events(outputs).some(({ type }) => type === 'served');
    const answers = Array.from({ length: 4 }, () => isServed(ask(1)));
    assert.deepEqual(answers, [true, true, true, false]);
    assert.deepEqual(sent(ask(1)), [{ command: 'notfound', items: [want(INV.block, 1)] }]);
    assert.ok(isServed(ask(2)), 'what it has not had yet it gets all the same');
    hand.after((2_000_000 / SERVE_AGAIN_RATE.perSecond) * 1_000);
    assert.ok(isServed(ask(1)), 'time gives more');
  });

  it('answers getheaders with what follows, or with nothing, but answers', () => {
    const hand = Hand.ready(blocks);
    const ask = (from: number, stop: number) =>
      hand.hears({ command: 'getheaders', version: 70240, locator: [hashOf(from)], stop: hashOf(stop) });
    assert.deepEqual(sent(ask(18, 0)), [{ command: 'headers', headers: [19, 20].map((n) => block(n).header) }]);
    assert.deepEqual(sent(ask(0, 2)), [{ command: 'headers', headers: [1, 2].map((n) => block(n).header) }]);
    const unknown = ask(500, 0);
    assert.deepEqual(sent(unknown), [{ command: 'headers', headers: [] }]);
    assert.deepEqual(events(unknown), [{ type: 'served', what: 'headers' }]);
  });

  it('passes addresses on', () => {
    const addresses = [{ time: 1, services: 1n, network: 'ipv4', host: '10.0.0.1', port: 9999 }] as const;
    for (const command of ['addr', 'addrv2'] as const) {
      assert.deepEqual(events(Hand.ready().hears({ command, addresses })), [{ type: 'addresses', addresses }]);
    }
  });

  it('takes goods and wishes it has no use for without a word', () => {
    const hand = Hand.ready(blocks);
    assert.deepEqual(hand.hears({ command: 'sendheaders' }), []);
    assert.deepEqual(sent(hand.hears({ command: 'sendcmpct', highBandwidth: false, version: 1n })), []);
    assert.deepEqual(hand.hears({ command: 'block', raw: Buffer.alloc(100) }), []);
    assert.deepEqual(hand.hears({ command: 'tx', raw: Buffer.alloc(100) }), []);
    assert.deepEqual(hand.hears({ command: 'notfound', items: [] }), []);
    assert.deepEqual(hand.hears({ command: 'getaddr' }), []);
  });
});
