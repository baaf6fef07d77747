import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noBlockLost } from '../../../../src/simulation/faults/invariants/no-block-lost.js';
import { event, HASH, judge, received, relay, spooled, stored, verdict } from './support.js';

describe('No block is lost', () => {
  it('a block that was received has its file', () => {
    assert.equal(judge(noBlockLost, [0, received()], [0, spooled(HASH)]), undefined);
    assert.match(judge(noBlockLost, [0, received()], [0, spooled()]) ?? '', /survives a crash, and has no file/);
  });

  it('a block that the disk did not take is promised nothing', () => {
    assert.equal(judge(noBlockLost, [0, received(HASH, { unspooled: 'disk-full' })], [0, spooled()]), undefined);
  });

  it('a block that came from dashd is in no spool', () => {
    assert.equal(judge(noBlockLost, [0, received(HASH, { source: 'dashd' })], [0, spooled()]), undefined);
  });

  it('a block that was received survives a kill, and may go with a loss of power', () => {
    const killed = judge(noBlockLost, [0, received()], [1, relay('killed')], [1, spooled()]);
    assert.match(killed ?? '', /survives a crash/);
    assert.equal(judge(noBlockLost, [0, received()], [1, relay('power-lost')], [1, spooled()]), undefined);
  });

  it('a block that went with a loss of power is promised nothing afterwards', () => {
    const seen = [
      [1, relay('power-lost')],
      [1, spooled()],
      [2, relay('starting')],
      [3, spooled()],
    ] as const;
    assert.equal(judge(noBlockLost, [0, received()], ...seen), undefined);
  });

  it('a block that was stored survives a loss of power', () => {
    const lost = judge(noBlockLost, [0, received()], [0, stored()], [1, relay('power-lost')], [1, spooled()]);
    assert.match(lost ?? '', /survives a loss of power, and has no file/);
  });

  it('a block may leave the spool once a peer and dashd have it', () => {
    assert.equal(judge(noBlockLost, [0, received()], [0, verdict()], [1, spooled()]), undefined);
  });

  it('a block that is safe elsewhere is promised nothing more, though the disk takes it late', () => {
    assert.equal(judge(noBlockLost, [0, received()], [0, verdict()], [1, stored()], [2, spooled()]), undefined);
  });

  it('a block stays while dashd lacks it, or no peer has it', () => {
    const unavailable = verdict({ rpc: { outcome: 'unavailable', ms: 1 } });
    for (const early of [unavailable, verdict({ outcome: 'local-only' })]) {
      assert.match(judge(noBlockLost, [0, received()], [0, early], [1, spooled()]) ?? '', /has no file/);
    }
  });

  it('a block may leave once its finality is known', () => {
    const [pending, orphaned] = (['pending', 'orphaned'] as const).map((state) =>
      event({ type: 'finality', at: 0, hash: HASH, state }),
    );
    assert.ok(pending !== undefined && orphaned !== undefined);
    assert.match(judge(noBlockLost, [0, received()], [0, pending], [1, spooled()]) ?? '', /has no file/);
    assert.equal(judge(noBlockLost, [0, received()], [0, orphaned], [1, spooled()]), undefined);
  });
});
