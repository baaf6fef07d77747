import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlannedWrite } from '../../../src/quorum/push-plan.js';
import { PacedWrites } from '../../../src/streams/broadcast/paced-writes.js';
import type { ConnectedPeer } from '../../../src/streams/connections/connections.js';
import type { Written } from '../../../src/streams/connections/multicast.js';
import { Time } from '../../support/virtual-time.js';
import { pushable, target } from '../connections/support.js';

/** 1,000 bytes per millisecond: 8 Mbit/s. */
const PACE = 1_000_000;
const BYTES = 2_000;

const remote = { nonce: 0n, protocolVersion: 70_240, services: 1n, userAgent: '', height: 0 };

class PacedUnderTest {
  readonly time = new Time();
  readonly live = new Map<string, ConnectedPeer>();
  /** What was written, when. */
  readonly log: string[] = [];
  readonly wrote: Written[] = [];
  /** Peers that have each block by now. */
  readonly holders = new Set<string>();
  readonly paced = new PacedWrites({
    connections: {
      live: this.live,
      push: (block, audience) => {
        assert.ok(audience instanceof Set);
        const peers = [...audience];
        for (const peer of peers) this.log.push(`${this.time.now}: ${block.hash.slice(-1)} to ${peer}`);
        return () => peers.map((peer) => ({ peer, bytes: this.holders.has(peer) ? 0 : BYTES }));
      },
    },
    clock: this.time.clock,
    scheduler: this.time.scheduler,
    wrote: (_block, written) => this.wrote.push(...written),
  });

  constructor(peers: number) {
    for (let n = 0; n < peers; n += 1) {
      const since = { at: 0, monotonicAt: 0 };
      const peer = `p${n}`;
      this.live.set(peer, { target: { ...target(peer), peer }, remote, since } as unknown as ConnectedPeer);
    }
  }

  push(number: number, pace?: number, peers: Iterable<string> = this.live.keys()): readonly Written[] {
    return this.pushHeld(number, {}, pace, peers);
  }

  /** @param held how long each peer's write is held, milliseconds */
  pushHeld(
    number: number,
    held: Readonly<Record<string, number>>,
    pace?: number,
    peers: Iterable<string> = this.live.keys(),
  ): readonly Written[] {
    const writes = [...peers].map(
      (peer): PlannedWrite => ({ peer, form: 'full', bytes: BYTES, afterMs: 0, heldMs: held[peer] ?? 0 }),
    );
    return this.paced.push(pushable(number), writes, pace)();
  }
}

describe('paced writes', () => {
  it('begin at once, go 5 ms ahead of the uplink, and then follow it', async () => {
    const under = new PacedUnderTest(6);
    assert.deepEqual(under.push(1, PACE).length, 3);
    assert.deepEqual(under.log, ['0: 1 to p0', '0: 1 to p1', '0: 1 to p2']);
    await under.time.pass(100);
    // Each takes the uplink 2 ms: the lead does not fall below 2.5 ms.
    assert.deepEqual(under.log.slice(3), ['3.5: 1 to p3', '3.5: 1 to p4', '7.5: 1 to p5']);
    assert.deepEqual(
      under.wrote.map(({ peer }) => peer),
      ['p3', 'p4', 'p5'],
    );
    assert.equal(under.paced.isBusy, false);
  });

  it('are held back for as long as the plan says, and follow all at once where the uplink is not limited', async () => {
    const under = new PacedUnderTest(5);
    assert.equal(under.pushHeld(1, { p2: 80, p3: 80, p4: 80 }).length, 2);
    assert.deepEqual(under.log, ['0: 1 to p0', '0: 1 to p1']);
    await under.time.pass(100);
    assert.deepEqual(under.log.slice(2), ['80: 1 to p2', '80: 1 to p3', '80: 1 to p4']);
    assert.equal(under.paced.isBusy, false);
  });

  it('of blocks that follow each other fast are held no longer than the first', async () => {
    const under = new PacedUnderTest(2);
    const held = { p1: 80 };
    for (let block = 1; block <= 4; block += 1) {
      under.pushHeld(block, held);
      await under.time.pass(30);
    }
    await under.time.pass(200);
    const toHeld = under.log.filter((line) => line.endsWith('p1'));
    assert.deepEqual(toHeld, ['80: 1 to p1', '80: 2 to p1', '80: 3 to p1', '170: 4 to p1']);
  });

  it('make up for a timer that is late', async () => {
    const under = new PacedUnderTest(10);
    under.push(1, PACE);
    under.time.stop(10);
    await under.time.pass(3.5);
    assert.equal(under.log.length, 10);
  });

  it('leave the uplink to others where a peer has the block already', async () => {
    const under = new PacedUnderTest(6);
    for (const peer of ['p0', 'p1', 'p2']) under.holders.add(peer);
    under.push(1, PACE);
    await under.time.pass(10);
    assert.equal(under.log.length, 6, `${under.log}`);
  });

  it('pass over peers that are gone', async () => {
    const under = new PacedUnderTest(5);
    under.push(1, PACE);
    under.live.delete('p3');
    await under.time.pass(30);
    assert.deepEqual(under.log.slice(3).at(-1), '3.5: 1 to p4');
  });

  it('have the newest block go first, each peer after its earlier blocks', async () => {
    const under = new PacedUnderTest(5);
    under.push(1, PACE);
    under.log.splice(0);
    await under.time.pass(1);
    under.push(2, PACE);
    await under.time.pass(200);
    const toLast = under.log.filter((line) => line.endsWith('p4'));
    assert.deepEqual(
      toLast.map((line) => line.split(' ')[1]),
      ['1', '2'],
    );
    // Those that have the first block get the second before others get the first.
    assert.match(under.log[0] ?? '', /2 to p0/);
    assert.equal(under.log.length, 7);
  });

  it('are all made at once when the uplink is not limited any more', async () => {
    const under = new PacedUnderTest(6);
    under.push(1, PACE);
    under.push(2);
    assert.equal(under.log.length, 12);
    assert.equal(under.paced.isBusy, false);
    await under.time.pass(100);
    assert.equal(under.log.length, 12);
  });

  it('are all made at once when too many wait', () => {
    const under = new PacedUnderTest(5_001);
    for (let block = 0; block < 4; block += 1) under.push(block, PACE);
    assert.equal(under.log.length, 5_001 * 4);
  });

  it('are not made of a block that is given up, nor after a stop', async () => {
    const under = new PacedUnderTest(6);
    under.push(1, PACE);
    under.paced.forget(pushable(1).hash);
    await under.time.pass(100);
    assert.equal(under.log.length, 3);
    under.push(2, PACE);
    under.paced.stop();
    const written = under.log.length;
    await under.time.pass(100);
    assert.equal(under.log.length, written);
    assert.equal(under.time.pending, 0);
  });
});
