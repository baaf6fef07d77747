import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { hashHeader, loadX11 } from '../../../src/block/x11.js';
import type { BlockEvent } from '../../../src/contracts/events.js';
import { regtestGenesis } from '../../../src/simulated/genesis.js';
import { Engine } from '../../../src/simulation/engine.js';
import { Pool, type Safety } from '../../../src/simulation/faults/pool.js';

describe('The pool of a run of faults', () => {
  before(loadX11);
  const raw = regtestGenesis();

  function open(safety: Safety) {
    const engine = new Engine();
    const pushed: number[] = [];
    const pool = new Pool({ engine, safety, push: () => pushed.push(engine.now / 1_000) });
    const hash = hashHeader(raw.subarray(0, 80));
    const received: BlockEvent = { type: 'received', at: 0, hash, source: 'pool', size: 1 };
    return { engine, pool, pushed, hash, received, run: (ms: number) => engine.run(engine.now + ms * 1_000) };
  }

  it('pushes a block at once, and each second until the relay has received it', () => {
    const { pool, pushed, received, run } = open('received');
    pool.found(raw);
    run(2_500);
    assert.deepEqual([pushed, pool.unsafe], [[0, 1_000, 2_000], 1]);
    pool.take(received);
    run(5_000);
    assert.deepEqual([pushed.length, pool.unsafe], [3, 0]);
  });

  it('does not take a block for safe that is on no disk', () => {
    const { pool, received } = open('received');
    pool.found(raw);
    pool.take({ ...received, unspooled: 'disk-full' } as BlockEvent);
    assert.equal(pool.unsafe, 1);
  });

  it('waits for `stored` when it wants that', () => {
    const { pool, received, hash } = open('stored');
    pool.found(raw);
    pool.take(received);
    assert.equal(pool.unsafe, 1);
    pool.take({ type: 'stored', at: 0, hash });
    assert.equal(pool.unsafe, 0);
  });

  it('repeats its last block once, on request', () => {
    const { pool, pushed, received, run } = open('received');
    pool.repeat();
    pool.found(raw);
    pool.take(received);
    pool.repeat();
    run(5_000);
    assert.deepEqual(pushed, [0, 0]);
  });
});
