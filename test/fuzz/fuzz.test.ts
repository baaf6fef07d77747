import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { campaign, replay } from './campaign.js';
import { type Kind, kinds } from './kinds.js';
import type { Rng } from './random.js';
import { fuzzSockets } from './sockets.js';

/** A few seconds; `npm run fuzz` runs the number of inputs of its flag. */
const INPUTS = 20_000;
const SEED = 20_261_126;

describe('hostile inputs', () => {
  before(loadX11);

  it('crash nothing that reads what peers, pools, dashd and files give', () => {
    const { tallies, crashes } = campaign(kinds(), INPUTS, SEED);
    assert.deepEqual(crashes, []);
    assert.ok(tallies.every(({ inputs }) => inputs > 0));
  });

  it('over HTTP leave the proxy and the pages as they were: a good request is answered', async () => {
    const { crashes } = await fuzzSockets(60, SEED);
    assert.deepEqual(crashes, []);
  });

  it('are the same for the same seed, and each can be had again by its number', () => {
    const run = (): readonly [Kind, number[]] => {
      const seen: number[] = [];
      return [{ name: 'any', share: 1, run: (rng: Rng) => seen.push(rng.next()) }, seen];
    };
    const [[first, all], [second, same], [third, one]] = [run(), run(), run()];
    campaign([first], 100, 7);
    campaign([second], 100, 7);
    replay([third], 'any', 7, 42);
    assert.deepEqual(all, same);
    assert.deepEqual(one, [all[42]]);
    assert.equal(new Set(all).size, 100);
  });

  it('that crash are reported, with the number by which they can be had again', () => {
    const fragile: Kind = {
      name: 'fragile',
      share: 1,
      run(rng) {
        if (rng.once(10)) throw new Error('found');
      },
    };
    const { crashes, tallies } = campaign([fragile], 200, 3);
    assert.ok((tallies[0]?.crashes ?? 0) > 5);
    assert.throws(() => replay([fragile], 'fragile', 3, crashes[0]?.index ?? -1), /found/);
  });
});
