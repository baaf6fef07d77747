import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_ANNOUNCED_BLOCKS, RATES } from '../../src/session/limits.js';
import type { Output, SessionContext } from '../../src/session/types.js';
import { MINUTE_MS } from '../../src/time.js';
import type { CmpctBlock } from '../../src/wire/cmpctblock.js';
import { INV } from '../../src/wire/inventory.js';
import { block, closedWith, events, Hand, hashOf, sent } from './support.js';

const TIP = hashOf(900);
const witness = (tip: string | undefined = TIP): Partial<SessionContext> => ({
  asksAddresses: false,
  witness: { tip: () => tip },
});
const blocks = [block(1), block(2)];

function compact(number: number): CmpctBlock {
  const prefilled = { count: 1, bytes: Buffer.from([0, 1]) };
  return { command: 'cmpctblock', header: block(number).header, nonce: 1n, shortIds: Buffer.alloc(0), prefilled };
}

const inv = (...numbers: number[]) =>
  ({ command: 'inv', items: numbers.map((number) => ({ type: INV.block, hash: hashOf(number) })) }) as const;

const asked = (outputs: readonly Output[]) => sent(outputs).filter(({ command }) => command === 'getheaders');

describe('a session with a witness', () => {
  it('asks for compact blocks at once, and for the headers above our tip, so that the witness knows that we have that', () => {
    const outputs = new Hand([], witness()).shakeHands();
    assert.deepEqual(sent(outputs), [
      { command: 'sendcmpct', highBandwidth: true, version: 1n },
      { command: 'getheaders', version: 70240, locator: [TIP], stop: hashOf(0) },
    ]);
  });

  it('asks for no headers while no tip is known: the answer would begin with the first block of the chain', () => {
    const hand = new Hand([], { ...witness(), witness: { tip: () => undefined } });
    assert.deepEqual(asked(hand.shakeHands()), []);
  });

  it('measures the way there and back within a second, and every ten seconds: the shortest counts', () => {
    const hand = Hand.ready([], witness());
    for (const wait of [0, 10_000, 10_000]) {
      assert.deepEqual(wait === 0 ? [] : sent(hand.after(wait - 1).tick()), []);
      const [ping] = sent(hand.after(1).tick());
      assert.ok(ping?.command === 'ping');
      const pong = hand.after(80).hears({ command: 'pong', nonce: ping.nonce });
      assert.deepEqual(events(pong), [{ type: 'round-trip', ms: 80 }]);
    }
  });

  it('reports each announced block once, and how it was announced', () => {
    const hand = Hand.ready([], witness());
    const heard = [compact(5), compact(5), inv(5, 6), { command: 'headers', headers: [block(7).header] } as const];
    assert.deepEqual(
      heard.flatMap((message) => events(hand.hears(message))),
      [
        { type: 'announced', hash: hashOf(5), by: 'cmpctblock' },
        { type: 'announced', hash: hashOf(6), by: 'inv' },
        { type: 'announced', hash: hashOf(7), by: 'headers' },
      ],
    );
  });

  it('asks again after an inv, which says that the witness does not take us to have the parent; once a minute at most', () => {
    const hand = Hand.ready([], witness()).after(MINUTE_MS);
    assert.deepEqual(asked(hand.hears(inv(5))), [
      { command: 'getheaders', version: 70240, locator: [hashOf(5), TIP], stop: hashOf(0) },
    ]);
    assert.deepEqual(asked(hand.after(MINUTE_MS - 1).hears(inv(6))), []);
    assert.equal(asked(hand.after(1).hears(inv(7))).length, 1);
  });

  it('gives nothing of a block that we have, however it is asked', () => {
    const hand = Hand.ready(blocks, witness());
    const items = [
      { type: INV.block, hash: hashOf(1) },
      { type: INV.compactBlock, hash: hashOf(2) },
    ];
    assert.deepEqual(hand.hears({ command: 'getdata', items }), [
      { type: 'send', message: { command: 'notfound', items } },
    ]);
    const question = { command: 'getheaders', version: 70240, locator: [hashOf(0)], stop: hashOf(2) } as const;
    assert.deepEqual(hand.hears(question), [{ type: 'send', message: { command: 'headers', headers: [] } }]);
    assert.deepEqual(hand.hears({ command: 'getblocktxn', hash: hashOf(1), indexes: [0] }), []);
  });

  it('reads the last of too many announcements, and ends with one that floods', () => {
    const hand = Hand.ready([], witness());
    const many = Array.from({ length: 100 }, (_, number) => number + 1_000);
    assert.equal(events(hand.hears(inv(...many))).length, MAX_ANNOUNCED_BLOCKS);
    const codes = Array.from({ length: RATES.headers.burst + 1 }, (_, n) => closedWith(hand.hears(compact(2_000 + n))));
    assert.ok(codes.includes('headers-flood') || codes.includes('message-flood'));
  });
});
