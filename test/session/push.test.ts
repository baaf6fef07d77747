import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_KNOWN_BLOCKS } from '../../src/session/known-blocks.js';
import { ACKNOWLEDGE_TIMEOUT_MS, MAX_ANNOUNCED_BLOCKS } from '../../src/session/limits.js';
import { encodeFrame } from '../../src/wire/frame.js';
import { INV } from '../../src/wire/inventory.js';
import { NETWORKS } from '../../src/wire/network.js';
import { hashToWire } from '../../src/wire/reader.js';
import { block, closedWith, events, Hand, hashOf, sent } from './support.js';

const one = block(1);
const inv = (...numbers: number[]) =>
  ({ command: 'inv', items: numbers.map((number) => ({ type: INV.block, hash: hashOf(number) })) }) as const;
const pong = (nonce: bigint) => ({ command: 'pong', nonce }) as const;
const proof = (number: number, stage: string) => ({
  type: 'proof',
  hash: hashOf(number),
  stage,
  ...(['written', 'acknowledged', 'accepted'].includes(stage) && {
    way: { form: 'full', bytes: block(number).frame.length, roundTrips: 0 },
  }),
});

describe('a push', () => {
  it('goes from written to acknowledged to accepted by its header in the answer to the question behind it', () => {
    const hand = Hand.ready();
    const question = { version: 70240, locator: [one.previous], stop: one.hash };
    assert.deepEqual(hand.push(one), [
      { type: 'write', bytes: encodeFrame(NETWORKS.regtest.magic, { command: 'getheaders', ...question }) },
      { type: 'write', bytes: encodeFrame(NETWORKS.regtest.magic, { command: 'ping', nonce: 2n }) },
    ]);
    assert.deepEqual(events(hand.written(one)), [proof(1, 'written')]);
    assert.deepEqual(events(hand.hears({ command: 'headers', headers: [one.header] })), [
      { type: 'announced', hash: one.hash },
    ]);
    assert.deepEqual(hand.after(12.5).hears(pong(2n)), [
      { type: 'event', event: proof(1, 'acknowledged') },
      { type: 'event', event: { type: 'round-trip', ms: 12.5 } },
      { type: 'event', event: proof(1, 'accepted') },
    ]);
    assert.deepEqual(hand.state.pushes, []);
    assert.ok(hand.state.knows.has(one.hash));
  });

  it('is accepted by an announcement too, but not before the pong: until then the peer need not have read it', () => {
    const hand = Hand.ready();
    hand.push(one);
    assert.deepEqual(events(hand.hears(inv(1))), [{ type: 'announced', hash: one.hash }]);
    assert.deepEqual(events(hand.hears(pong(2n))).slice(-1), [proof(1, 'accepted')]);
    assert.deepEqual(hand.written(one), [], 'nothing is left to be written');
    const other = Hand.ready();
    other.push(one);
    other.hears(pong(2n));
    assert.deepEqual(events(other.hears(inv(1))), [{ type: 'announced', hash: one.hash }, proof(1, 'accepted')]);
  });

  it('is not in the chain of a peer whose answer lacks it, be it empty or from elsewhere, until it says otherwise', () => {
    for (const headers of [[], [block(7).header, block(9).header]]) {
      const hand = Hand.ready();
      hand.push(one);
      hand.hears({ command: 'headers', headers });
      assert.deepEqual(events(hand.hears(pong(2n)))[0], { ...proof(1, 'failed'), reason: 'not-in-chain' });
      assert.deepEqual(events(hand.hears({ command: 'headers', headers: [one.header] })), [
        { type: 'announced', hash: one.hash },
        proof(1, 'accepted'),
      ]);
    }
  });

  it('names the rival that stands in its place, on the same parent', () => {
    const hand = Hand.ready();
    hand.push(one);
    const rival = Buffer.alloc(80, 5);
    hashToWire(one.previous).copy(rival, 4);
    hand.hears({ command: 'headers', headers: [rival] });
    const [reported] = events(hand.hears(pong(2n)));
    assert.deepEqual(reported, { ...proof(1, 'acknowledged'), rival: hand.context.hashHeader(rival) });
  });

  it('that is not in the chain is asked for again, a few times', () => {
    const hand = Hand.ready();
    hand.push(one);
    hand.hears({ command: 'headers', headers: [] });
    hand.hears(pong(2n));
    const asked = Array.from({ length: 29 }, () =>
      sent(hand.after(1_000).tick()).filter(({ command }) => command === 'getheaders'),
    );
    assert.deepEqual(
      asked.flatMap((questions, second) => questions.map(() => second + 1)),
      [1, 5, 15],
    );
  });

  it('is not made on a parent that the peer lacks, and is made again once it may have it, three times at most', () => {
    const hand = Hand.ready();
    hand.push(one);
    hand.hears({ command: 'headers', headers: [] });
    hand.hears(pong(2n));
    assert.deepEqual(hand.push(block(2)), [
      { type: 'event', event: { ...proof(2, 'failed'), reason: 'not-in-chain' } },
    ]);
    for (let times = 2; times <= 5; times += 1) {
      const pushed = hand.push(one);
      assert.equal(pushed.length, times <= 3 ? 2 : 0, `${times}`);
      hand.hears({ command: 'headers', headers: [] });
      hand.hears(pong(hand.state.pushes[0]?.nonce ?? 0n));
    }
  });

  it('is not made again to a peer whose chain has another block on the parent and more on that: it lacks no parent', () => {
    const hand = Hand.ready();
    const rival = Buffer.alloc(80, 5);
    hashToWire(one.previous).copy(rival, 4);
    hand.push(one);
    hand.hears({ command: 'headers', headers: [rival, block(9).header] });
    assert.deepEqual(events(hand.hears(pong(2n)))[0], { ...proof(1, 'failed'), reason: 'not-in-chain' });
    assert.deepEqual(hand.push(one), []);
  });

  it('is acknowledged although the kernel has not reported that it was written', () => {
    const hand = Hand.ready();
    hand.push(one);
    assert.deepEqual(events(hand.hears(pong(2n)))[0], proof(1, 'acknowledged'));
    assert.deepEqual(hand.written(one), []);
  });

  it('is not made to a peer that has shown to know the block', () => {
    const hand = Hand.ready();
    hand.hears(inv(1));
    assert.deepEqual(hand.push(one), [{ type: 'event', event: proof(1, 'already-had') }]);
    const other = Hand.ready();
    other.hears({ command: 'headers', headers: [one.header] });
    assert.deepEqual(other.push(one), [{ type: 'event', event: proof(1, 'already-had') }]);
  });

  it('is not made to a peer that has shown to know the block while it waited in the queue', () => {
    const waiting = Array.from({ length: 5 }, (_, index) => block(index + 1));
    const hand = Hand.ready(waiting);
    for (const each of waiting) hand.push(each);
    const last = waiting.at(-1) ?? one;
    assert.deepEqual(
      hand.state.queue.map(({ hash }) => hash),
      [last.hash],
      'four are in flight',
    );
    hand.hears(inv(5));
    const outputs = hand.hears(pong(hand.state.pushes[0]?.nonce ?? 0n));
    assert.ok(outputs.every(({ type }) => type !== 'block'));
    assert.deepEqual(events(outputs).at(-1), proof(5, 'already-had'));
  });

  it('is made once', () => {
    const hand = Hand.ready();
    hand.push(one);
    assert.deepEqual(hand.push(one), [], 'on its way');
    hand.hears(pong(2n));
    assert.deepEqual(hand.push(one), [], 'acknowledged');
    hand.hears(inv(1));
    assert.deepEqual(events(hand.push(one)), [proof(1, 'already-had')]);
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

  it('of several in flight is distinguished from the others, in whatever order they are proven', () => {
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

  it('waits for room, first while the peer has proven nothing, then for blocks and bytes in flight', () => {
    const hand = Hand.ready();
    const chain = Array.from({ length: 200 }, (_, i) => block(i + 1));
    for (const next of chain) hand.push(next);
    assert.deepEqual([hand.state.pushes.length, hand.state.queue.length], [4, 196]);
    hand.hears({ command: 'headers', headers: [one.header] });
    const pumped = hand.hears(pong(2n)).filter(({ type }) => type === 'block');
    assert.deepEqual([pumped.length, hand.state.pushes.length, hand.state.queue.length], [61, 64, 135]);
    const large = Hand.ready();
    for (let n = 1; n <= 5; n += 1) large.push({ ...block(n), frame: Buffer.alloc(2_000_000) });
    assert.equal(large.state.pushes.length, 3, 'four megabytes, and one block');
  });

  it('goes to the newest tip first, and in its chain to the parent before the child', () => {
    const hand = Hand.ready();
    for (let n = 1; n <= 4; n += 1) hand.push(block(n));
    for (const next of [block(5), block(6), block(20, hashOf(0)), block(21)]) hand.push(next);
    assert.deepEqual(
      hand.state.queue.map(({ hash }) => Number.parseInt(hash, 16)),
      [20, 21, 5, 6],
    );
  });

  it('that waits for room no longer has the memory for it fails, and says so', () => {
    const hand = Hand.ready();
    for (let n = 1; n <= 5; n += 1) hand.push(block(n));
    hand.forget(block(5));
    hand.hears({ command: 'headers', headers: [one.header] });
    assert.deepEqual(events(hand.hears(pong(2n))).at(-1), { ...proof(5, 'failed'), reason: 'out-of-memory' });
  });

  it('that is not acknowledged in time ends the session, and takes all that came after it along', () => {
    const hand = Hand.ready();
    hand.push(block(1));
    hand.after(ACKNOWLEDGE_TIMEOUT_MS - 1).push(block(2));
    assert.equal(closedWith(hand.tick()), undefined);
    const outputs = hand.after(1).tick();
    const reason = 'block-not-acknowledged';
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
  it('is seen in headers wherever it stands among them', () => {
    const hand = Hand.ready([one]);
    const headers = [block(7).header, one.header, block(9).header];
    assert.deepEqual(events(hand.hears({ command: 'headers', headers })), [
      { type: 'announced', hash: hashOf(1) },
      { type: 'announced', hash: hashOf(9) },
    ]);
  });

  it('is reported once', () => {
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
    assert.ok(hand.state.knows.size <= MAX_KNOWN_BLOCKS);
    assert.equal(hand.state.knows.has(hashOf(3)), false);
    assert.equal(hand.state.knows.has(hashOf(MAX_KNOWN_BLOCKS + 3)), true);
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
