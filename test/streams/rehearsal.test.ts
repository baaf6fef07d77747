import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { BehaviorSubject } from 'rxjs';
import { loadX11 } from '../../src/block/x11.js';
import type { PushBlock } from '../../src/session/types.js';
import type { Target } from '../../src/streams/connection.js';
import { createPool } from '../../src/streams/pool.js';
import { practiceBlock } from '../../src/streams/practice-block.js';
import { rehearsals } from '../../src/streams/rehearsal.js';
import { ChainTip } from '../../src/streams/tip.js';
import { ZERO_HASH } from '../../src/wire/reader.js';
import { context } from '../session/support.js';
import { FakeNet, gather, Time } from './support.js';

const TIP = '22'.repeat(32);
const peer: Target = { host: 'a', port: 1, peer: 'a:1', protected: false };

before(loadX11);

function begin(time: Time, rehearse: (block: PushBlock) => void, intervalMs = 2) {
  const { clock, scheduler } = time;
  const tip = new ChainTip();
  tip.move(TIP);
  return {
    tip,
    told: gather(
      rehearsals({
        pool: { rehearse },
        frame: practiceBlock(ZERO_HASH, { transactions: 3, scriptBytes: 10 }),
        tip,
        clock,
        scheduler,
        intervalMs,
      }),
    ),
  };
}

describe('rehearsals', () => {
  it('come at their interval, each with a whole block, until nobody wants them', async () => {
    const time = new Time();
    const blocks: PushBlock[] = [];
    const { told } = begin(time, (block) => blocks.push(block), 5);
    await time.pass(4);
    assert.equal(blocks.length, 0);
    await time.pass(21);
    assert.equal(blocks.length, 5);
    for (const { frame, header } of blocks) {
      assert.equal(header.length, 80);
      assert.deepEqual(frame.subarray(24, 104), header);
    }
    told.stop();
    await time.pass(100);
    assert.equal(blocks.length, 5);
    assert.equal(time.pending, 0);
    assert.deepEqual(told.values, []);
  });

  it('leave no trace: not at the peers, nor in what is known of the chain', async () => {
    const time = new Time();
    const { clock, scheduler } = time;
    const net = new FakeNet();
    const pool = createPool({
      context: context(),
      dial: net.dial,
      clock,
      scheduler,
      protectedPeer: undefined,
      targets$: new BehaviorSubject([peer]),
    });
    const events = gather(pool.events$);
    net.to('a').shakeHands();
    const heard = net.to('a').heard.length;
    const told = events.values.length;
    let last: PushBlock | undefined;
    const { tip } = begin(time, (block) => {
      last = block;
      pool.rehearse(block);
    });
    await time.pass(100);
    assert.ok(last !== undefined);
    assert.equal(net.to('a').heard.length, heard);
    assert.equal(events.values.length, told);
    assert.equal(tip.hash, TIP);
    assert.equal(tip.knows(last.hash), false);
    pool.push(last)();
    assert.equal(net.to('a').blocks.length, 1, 'the very same block could still be sent');
  });
});
