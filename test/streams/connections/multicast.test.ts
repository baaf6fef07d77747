import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Audience, Multicast, type Recipient } from '../../../src/streams/connections/multicast.js';
import { pushable } from './support.js';

/** Recipients that note what is done to them. */
class MulticastUnderTest {
  readonly multicast = new Multicast();
  private readonly done: string[] = [];

  has(...peers: readonly string[]): (() => void)[] {
    return peers.map((peer) => this.multicast.join(this.recipient(peer)));
  }

  recipient(peer: string): Recipient {
    return {
      peer,
      protected: peer === 'dashd',
      write: (_block, question) => this.done.push(`${peer}${question.toString()}`),
      settle: () => {
        this.done.push(`${peer} settled`);
        return peer === 'a' ? 100 : 0;
      },
      offer: () => this.done.push(`${peer} offered`),
      relay: () => {
        this.done.push(`${peer} lock`);
        return peer === 'a' ? 'lacks' : 'has';
      },
    };
  }

  /** Who is written to, in order. */
  written(audience: Audience = 'all'): string[] {
    this.multicast.push(pushable(1), audience, Buffer.of());
    return this.done.splice(0);
  }

  relayed() {
    return this.multicast.relay({ block: pushable(1).hash, frame: Buffer.of() }, 'others');
  }

  /** What is done for a push, from its begin to its end. */
  pushed(): string[] {
    this.multicast.push(pushable(1), 'all', Buffer.from('?'))();
    return this.done.splice(0);
  }
}

describe('a multicast', () => {
  it('relays the locks of a block to those that they are for, and counts who needed them', () => {
    const under = new MulticastUnderTest();
    under.has('dashd', 'a', 'b', 'c');
    assert.deepEqual(under.relayed(), { lacks: 1, has: 2, unproven: 0, away: 0 });
  });

  it('writes to all, with one question, before it settles with any', () => {
    const under = new MulticastUnderTest();
    under.has('dashd', 'a');
    assert.deepEqual(under.pushed(), ['dashd?', 'a?', 'dashd settled', 'a settled']);
  });

  it('says what was written to whom, in the order of the writes', () => {
    const under = new MulticastUnderTest();
    under.has('dashd', 'b', 'a');
    under.multicast.arrange(['a']);
    const settle = under.multicast.push(pushable(1), 'others', Buffer.of());
    assert.deepEqual(settle(), [
      { peer: 'a', bytes: 100 },
      { peer: 'b', bytes: 0 },
    ]);
  });

  it('goes to all, to all but the dashd of the pool, or to those that are named', () => {
    const under = new MulticastUnderTest();
    under.has('dashd', 'a', 'b');
    assert.deepEqual(under.written('all'), ['dashd', 'a', 'b']);
    assert.deepEqual(under.written('others'), ['a', 'b']);
    assert.deepEqual(under.written(new Set(['z', 'b'])), ['b']);
  });

  it('writes in the order that was arranged, whoever joins when; those that it does not name come last', () => {
    const under = new MulticastUnderTest();
    under.has('a', 'b', 'c');
    under.multicast.arrange(['c', 'e', 'b']);
    assert.deepEqual(under.written(), ['c', 'b', 'a']);
    under.has('d', 'e');
    assert.deepEqual(under.written(), ['c', 'e', 'b', 'a', 'd']);
    under.multicast.arrange(['d']);
    assert.deepEqual(under.written().at(0), 'd');
  });

  it('forgets who left, and whoever joins with the same name later is another', () => {
    const under = new MulticastUnderTest();
    const [leave] = under.has('a', 'b');
    leave?.();
    assert.deepEqual(under.written(), ['b']);
    under.has('a');
    leave?.();
    assert.deepEqual(under.written(), ['b', 'a']);
  });
});
