import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ACKNOWLEDGE_TIMEOUT_MS, MAX_ANNOUNCED_BLOCKS, MAX_KNOWN_BLOCKS } from '../../src/session/limits.js';
import { encodeFrame } from '../../src/wire/frame.js';
import { INV } from '../../src/wire/inventory.js';
import { NETWORKS } from '../../src/wire/network.js';
import { block, closedWith, events, Hand, hashOf, sent } from './support.js';

const one = block(1);
const inv = (...numbers: number[]) =>
  ({ command: 'inv', items: numbers.map((number) => ({ type: INV.block, hash: hashOf(number) })) }) as const;
const pong = (nonce: bigint) => ({ command: 'pong', nonce }) as const;
const proof = (number: number, stage: string) => ({ type: 'proof', hash: hashOf(number), stage });

describe('a push', () => {
  it('goes from written to acknowledged to accepted by its header', () => {
    const hand = Hand.ready();
    assert.deepEqual(hand.push(one), [
      { type: 'write', bytes: encodeFrame(NETWORKS.regtest.magic, { command: 'ping', nonce: 2n }) },
    ]);
    assert.deepEqual(events(hand.written(one)), [proof(1, 'written')]);
    assert.deepEqual(hand.after(12.5).hears(pong(2n)), [
      { type: 'event', event: proof(1, 'acknowledged') },
      { type: 'event', event: { type: 'round trip', ms: 12.5 } },
      {
        type: 'send',
        message: { command: 'getheaders', version: 70240, locator: [one.previous], stop: one.hash },
      },
    ]);
    assert.deepEqual(events(hand.hears({ command: 'headers', headers: [one.header] })), [
      { type: 'announced', hash: one.hash },
      proof(1, 'accepted'),
    ]);
    assert.deepEqual(hand.state.pushes, []);
    assert.ok(hand.state.knows.has(one.hash));
  });

  it('is accepted by an announcement too, which may overtake the pong', () => {
    const hand = Hand.ready();
    hand.push(one);
    assert.deepEqual(events(hand.hears(inv(1))), [{ type: 'announced', hash: one.hash }, proof(1, 'accepted')]);
    assert.deepEqual(hand.hears(pong(2n)), [], 'nothing is left to be acknowledged');
    assert.deepEqual(hand.written(one), [], 'nor to be written');
  });

  it('is seen in headers wherever it stands among them', () => {
    const hand = Hand.ready();
    hand.push(one);
    const headers = [block(7).header, one.header, block(9).header];
    assert.deepEqual(events(hand.hears({ command: 'headers', headers })), [
      { type: 'announced', hash: hashOf(1) },
      { type: 'announced', hash: hashOf(9) },
      proof(1, 'accepted'),
    ]);
  });

  it('is acknowledged although the kernel has not told that it was written', () => {
    const hand = Hand.ready();
    hand.push(one);
    assert.deepEqual(events(hand.hears(pong(2n)))[0], proof(1, 'acknowledged'));
    assert.deepEqual(hand.written(one), []);
  });

  it('is not made to a peer that has shown to know the block', () => {
    const hand = Hand.ready();
    hand.hears(inv(1));
    assert.deepEqual(hand.push(one), [{ type: 'event', event: proof(1, 'already had') }]);
    const other = Hand.ready();
    other.hears({ command: 'headers', headers: [one.header] });
    assert.deepEqual(other.push(one), [{ type: 'event', event: proof(1, 'already had') }]);
  });

  it('is made once', () => {
    const hand = Hand.ready();
    hand.push(one);
    assert.deepEqual(hand.push(one), [], 'on its way');
    hand.hears(pong(2n));
    assert.deepEqual(hand.push(one), [], 'acknowledged');
    hand.hears(inv(1));
    assert.deepEqual(events(hand.push(one)), [proof(1, 'already had')]);
  });

  it('is not made before the handshake is done', () => {
    const hand = new Hand();
    assert.deepEqual(hand.push(one), []);
    hand.input({ type: 'connected' });
    assert.deepEqual(hand.push(one), []);
  });

  it('has a nonce of its own: a foreign one acknowledges nothing', () => {
    const hand = Hand.ready();
    hand.push(one);
    hand.written(one);
    for (const nonce of [0n, 1n, 3n]) assert.deepEqual(hand.hears(pong(nonce)), []);
    assert.deepEqual(
      hand.state.pushes.map(({ stage }) => stage),
      ['written'],
    );
  });

  it('of several in flight is told from the others, in whatever order they are proven', () => {
    const hand = Hand.ready();
    for (const number of [1, 2, 3]) hand.push(block(number));
    assert.deepEqual(events(hand.hears(pong(3n)))[0], proof(2, 'acknowledged'));
    assert.deepEqual(events(hand.hears(pong(2n)))[0], proof(1, 'acknowledged'));
    assert.deepEqual(events(hand.hears(pong(2n))), [], 'once');
    assert.deepEqual(events(hand.hears({ command: 'headers', headers: [2, 1].map((n) => block(n).header) })), [
      { type: 'announced', hash: hashOf(2) },
      { type: 'announced', hash: hashOf(1) },
      proof(1, 'accepted'),
      proof(2, 'accepted'),
    ]);
    assert.deepEqual(
      hand.state.pushes.map(({ hash }) => hash),
      [hashOf(3)],
    );
  });

  it('that is not acknowledged in time ends the session, and takes all that came after it along', () => {
    const hand = Hand.ready();
    hand.push(block(1));
    hand.after(ACKNOWLEDGE_TIMEOUT_MS - 1).push(block(2));
    assert.equal(closedWith(hand.tick()), undefined);
    const outputs = hand.after(1).tick();
    const reason = 'block not acknowledged';
    assert.deepEqual(events(outputs), [
      { ...proof(1, 'failed'), reason },
      { ...proof(2, 'failed'), reason },
    ]);
    assert.equal(closedWith(outputs), reason);
  });

  it('that was acknowledged is forgotten in silence when nothing more comes', () => {
    const hand = Hand.ready();
    hand.push(one);
    hand.hears(pong(2n));
    assert.deepEqual(hand.after(ACKNOWLEDGE_TIMEOUT_MS).tick(), []);
    assert.deepEqual(hand.state.pushes, []);
    assert.equal(hand.state.phase.name, 'ready');
  });
});

describe('what a peer knows', () => {
  it('is told once', () => {
    const hand = Hand.ready();
    assert.deepEqual(events(hand.hears(inv(5, 6, 5))), [
      { type: 'announced', hash: hashOf(5) },
      { type: 'announced', hash: hashOf(6) },
    ]);
    assert.deepEqual(hand.hears(inv(6, 5)), []);
  });

  it('is blocks: of other things, and of no things, no note is taken', () => {
    const hand = Hand.ready();
    const items = [INV.tx, INV.clsig, INV.isdlock, INV.compactBlock, 99].map((type) => ({ type, hash: hashOf(type) }));
    assert.deepEqual(hand.hears({ command: 'inv', items }), []);
    assert.deepEqual(hand.hears({ command: 'inv', items: [] }), []);
    assert.deepEqual(hand.hears({ command: 'headers', headers: [] }), []);
    assert.equal(hand.state.knows.size, 0);
  });

  it('is bounded, the oldest going first', () => {
    const hand = Hand.ready();
    for (let number = 1; number <= MAX_KNOWN_BLOCKS + 3; number += 1) hand.hears(inv(number));
    assert.equal(hand.state.knows.size, MAX_KNOWN_BLOCKS);
    assert.equal(hand.state.knows.has(hashOf(3)), false);
    assert.equal(hand.state.knows.has(hashOf(4)), true);
  });

  it('is no more than we keep, however much it says at once', () => {
    const hand = Hand.ready();
    const boast = inv(...Array.from({ length: 50_000 }, (_, i) => i + 1));
    assert.equal(events(hand.hears(boast)).length, MAX_ANNOUNCED_BLOCKS);
    assert.equal(hand.state.knows.size, MAX_ANNOUNCED_BLOCKS);
    assert.equal(hand.state.knows.has(hashOf(50_000)), true);
  });

  it('costs one hash a message, however many headers it has', () => {
    const hand = Hand.ready();
    let hashed = 0;
    Object.assign(hand.context, {
      hashHeader: () => {
        hashed += 1;
        return hashOf(77);
      },
    });
    hand.push(one);
    const headers = Array.from({ length: 2_000 }, (_, i) => block(i + 100).header);
    hand.hears({ command: 'headers', headers });
    assert.equal(hashed, 1);
    hand.hears({ command: 'headers', headers: [...headers, one.header] });
    assert.equal(hashed, 1, 'our own header is known without');
  });
});

describe('a getheaders question', () => {
  it('follows each acknowledged push, so that of blocks in rapid succession each can be proven', () => {
    const hand = Hand.ready();
    for (const number of [1, 2]) hand.push(block(number));
    const questions = [2n, 3n].flatMap((nonce) => sent(hand.hears(pong(nonce))));
    assert.deepEqual(
      questions.map((message) => message.command === 'getheaders' && [message.locator, message.stop]),
      [
        [[hashOf(0)], hashOf(1)],
        [[hashOf(1)], hashOf(2)],
      ],
    );
  });
});
