import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Subject } from 'rxjs';
import type { ServiceEvent } from '../../../src/contracts/events.js';
import type { Quorum } from '../../../src/quorum/active-quorums.js';
import { CHAIN_LOCK_TYPES } from '../../../src/quorum/chain-lock-types.js';
import type { Reading } from '../../../src/streams/quorum/ask-quorums.js';
import { type QuorumNews, watchQuorums } from '../../../src/streams/quorum/watch-quorums.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { hash } from './support.js';

const quorum = (n: number): Quorum => ({
  hash: hash(n),
  type: 2,
  members: [{ masternode: hash(n), peer: `77.0.0.${n}:9999` }, { masternode: hash(n + 100) }],
});
const reading = (tip: string, ...known: readonly number[]): Reading => {
  const quorums = known.map(quorum);
  return { state: 'active', active: { tip, height: 1, type: 2, quorums }, known: quorums };
};

class Watched {
  readonly time = new Time();
  readonly tips$ = new Subject<string>();
  readonly asked: string[] = [];
  /** What dashd answers next; the last one stays. */
  readonly readings: Reading[] = [];
  readonly result: { readonly values: (QuorumNews | ServiceEvent)[] };

  constructor(...readings: readonly Reading[]) {
    this.readings.push(...readings);
    this.result = gather(
      watchQuorums({
        tips$: this.tips$,
        quorums: {
          read: async (tip) => {
            this.asked.push(tip);
            return (this.readings.length > 1 ? this.readings.shift() : this.readings[0]) ?? { state: 'none' };
          },
        },
        chainLock: CHAIN_LOCK_TYPES.mainnet,
        clock: this.time.clock,
        scheduler: this.time.scheduler,
      }),
    );
  }

  async tip(name: string): Promise<void> {
    this.tips$.next(name);
    await this.time.pass(1_000);
  }

  get services(): string[] {
    return this.result.values.flatMap((one) =>
      one.type === 'service' ? [`${one.state} ${one.code}: ${one.detail}`] : [],
    );
  }

  get known(): number[] {
    return this.result.values.flatMap((one) => (one.type === 'quorums' ? [one.known.length] : []));
  }
}

describe('the quorums', () => {
  it('are asked for at each tip, and reported when they change', async () => {
    const watched = new Watched(reading('a', 1, 2), reading('b', 1, 2), reading('c', 2, 3));
    for (const tip of ['a', 'b', 'c']) await watched.tip(tip);
    assert.deepEqual(watched.asked, ['a', 'b', 'c']);
    assert.deepEqual(watched.known, [2, 2, 2]);
    const line = 'up active: 2 active ChainLock quorums (llmq_400_60) with 4 members, 2 of them at known addresses';
    assert.deepEqual(watched.services, [line, line]);
  });

  it('are asked for once when tips follow each other', async () => {
    const watched = new Watched(reading('c', 1));
    for (const tip of ['a', 'b', 'c']) watched.tips$.next(tip);
    await watched.time.pass(1_000);
    assert.deepEqual(watched.asked, ['c']);
  });

  it('may be none, which is no fault', async () => {
    const watched = new Watched({ state: 'none' });
    await watched.tip('a');
    await watched.tip('b');
    assert.deepEqual(watched.known, [0, 0]);
    assert.deepEqual(watched.services, [
      'up none: dashd reports no active ChainLock quorum (llmq_400_60): no connections to members are made',
    ]);
  });

  it('stay as they are while dashd does not answer, which is asked again', async () => {
    const watched = new Watched(reading('a', 1), { state: 'unanswered' }, { state: 'unanswered' }, reading('b', 1));
    await watched.tip('a');
    await watched.tip('b');
    assert.deepEqual([watched.asked.length, watched.known], [2, [1]]);
    await watched.time.pass(20_000);
    assert.deepEqual([watched.asked.length, watched.known], [4, [1, 1]]);
    assert.equal(watched.services.length, 1, 'that dashd is down is reported elsewhere');
    await watched.time.pass(60_000);
    assert.equal(watched.asked.length, 4, 'once it has answered, until the next tip');
  });

  it('are complained about once when the answer cannot be read or is refused', async () => {
    const watched = new Watched({ state: 'not-understood', method: 'quorum info' });
    await watched.tip('a');
    await watched.time.pass(60_000);
    assert.deepEqual(watched.services, [
      'fault not-understood: the answer to quorum info is not what dashd 23 or 24 answers',
    ]);
    watched.readings.splice(0, 1, { state: 'refused', method: 'quorum info', detail: 'HTTP 403' });
    await watched.tip('b');
    assert.deepEqual(watched.services.slice(1), ['fault refused: dashd does not answer quorum info: HTTP 403']);
    assert.deepEqual(watched.known, []);
  });
});
