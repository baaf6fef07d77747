import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LocksPush, needOf } from '../../src/session/locks.js';
import { CLSIG_BYTES } from '../../src/wire/clsig.js';
import { INV, type InventoryItem } from '../../src/wire/inventory.js';
import { hashToWire } from '../../src/wire/reader.js';
import { block, closedWith, events, Hand, hashOf } from './support.js';

const chainLock: LocksPush = { block: hashOf(7), frame: Buffer.of(), inventory: hashOf(70) };
const announced = (type: number, number: number): InventoryItem => ({ type, hash: hashOf(number) });

function needAfter(...items: readonly InventoryItem[]): string {
  const hand = Hand.ready();
  hand.hears({ command: 'inv', items });
  return needOf(hand.state, chainLock);
}

describe('the locks of a block', () => {
  it('go to a peer that has the block and has not announced its ChainLock', () => {
    assert.equal(needAfter(announced(INV.block, 7)), 'lacks');
    assert.equal(needAfter(announced(INV.block, 7), announced(INV.clsig, 69)), 'lacks', 'another one');
  });

  it('do not go to a peer that has announced the ChainLock', () => {
    assert.equal(needAfter(announced(INV.block, 7), announced(INV.clsig, 70)), 'has');
  });

  it('do not go to a peer that is not proven to have the block: it may be too far behind to verify them', () => {
    assert.equal(needAfter(), 'unproven');
    assert.equal(needAfter(announced(INV.block, 6), announced(INV.tx, 7)), 'unproven');
  });

  it('go to a peer that has the block beside another one', () => {
    const pushed = block(7);
    const hand = Hand.ready([pushed]);
    hand.push(pushed);
    hand.written(pushed);
    const [push] = hand.state.pushes;
    const { header } = block(9);
    hashToWire(hashOf(6)).copy(header, 4);
    hand.hears({ command: 'headers', headers: [header] });
    assert.equal(needOf(hand.state, chainLock), 'unproven', 'it may not have processed the block yet');
    hand.hears({ command: 'pong', nonce: push?.nonce ?? 0n });
    assert.equal(needOf(hand.state, chainLock), 'lacks');
  });

  it('do not go to a peer that has not finished its handshake, or is gone', () => {
    assert.equal(needOf(new Hand().state, chainLock), 'away');
  });

  it('are remembered only as far as a peer announces them lately', () => {
    const hand = Hand.ready();
    const many = Array.from({ length: 1_000 }, (_, number) => announced(INV.clsig, number));
    hand.hears({ command: 'inv', items: many });
    assert.deepEqual(hand.state.chainLocks, [996, 997, 998, 999].map(hashOf));
    hand.hears({ command: 'inv', items: [announced(INV.clsig, 70)] });
    assert.deepEqual(hand.state.chainLocks, [997, 998, 999, 70].map(hashOf));
  });
});

describe('locks that a peer sends', () => {
  const kind = 'unwanted';

  it('are not read, whatever is in them, and counted', () => {
    const hand = Hand.ready();
    const before = hand.state;
    for (const command of ['clsig', 'isdlock'] as const) {
      hand.header(command, CLSIG_BYTES);
      const outputs = hand.inbound({ kind, command, size: CLSIG_BYTES });
      assert.deepEqual(outputs, [{ type: 'event', event: { type: 'ignored-lock', command } }]);
    }
    assert.deepEqual({ ...hand.state, budget: before.budget }, before);
    assert.deepEqual(events(hand.inbound({ kind, command: 'tx', size: 200 })), [], 'others are not');
  });

  it('end the session when they are a flood', () => {
    const hand = Hand.ready();
    let outputs = hand.header('clsig', CLSIG_BYTES);
    for (let count = 1; closedWith(outputs) === undefined && count < 10_000; count += 1) {
      outputs = hand.header('clsig', CLSIG_BYTES);
    }
    assert.equal(closedWith(outputs), 'message-flood');
  });
});
