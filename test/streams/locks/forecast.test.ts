import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forecastLocks } from '../../../src/streams/locks/forecast.js';
import { gather } from '../../support/gather.js';
import { START } from '../../support/virtual-time.js';
import { answer, rpcError } from '../dashd/fake-rpc.js';
import { LocksUnderTest, transaction, withoutInputs } from './support.js';

const EVERY_MS = 15_000;
const MINUTE_MS = 60_000;

class ForecastUnderTest extends LocksUnderTest {
  isCurrent = true;
  private readonly gathered = gather(
    forecastLocks({
      ask: this.ask,
      learn: this.learn,
      everyMs: EVERY_MS,
      isCurrent: () => this.isCurrent,
      show: (forecast) => {
        this.shown = forecast;
      },
      clock: this.time.clock,
      scheduler: this.time.scheduler,
    }),
  );

  stop(): void {
    this.gathered.stop();
  }

  /** What is emitted in the time until the next look. */
  async next(): Promise<string[]> {
    await this.time.pass(this.time.now === 0 ? 1_000 : EVERY_MS);
    return this.gathered.values.splice(0).map((event) => {
      if (event.type === 'service') return `${event.code}: ${event.detail}`;
      const { transactions, locked, delaying, aged, unchecked, unknown } = event;
      return unknown ?? `${transactions}: ${locked} locked, ${delaying} delaying, ${aged} aged, ${unchecked} unchecked`;
    });
  }
}

describe('the lock forecast', () => {
  it('counts and names the transactions of the mempool that are not locked, and says until when they delay', async () => {
    const under = new ForecastUnderTest();
    for (let number = 0; number < 3; number += 1) under.has(transaction(number));
    const [older, newer] = [under.has(transaction(10), 9 * MINUTE_MS), under.has(transaction(11), MINUTE_MS)];
    assert.deepEqual(await under.next(), ['5: 3 locked, 2 delaying, 0 aged, 0 unchecked']);
    assert.deepEqual(under.shown?.named, [
      { txid: newer, seenAt: START - MINUTE_MS },
      { txid: older, seenAt: START - 9 * MINUTE_MS },
    ]);
    assert.equal(under.shown?.clearAt, START + 9 * MINUTE_MS);
    under.stop();
  });

  it('tells those apart that dashd has had for ten minutes, and does not count those without inputs', async () => {
    const under = new ForecastUnderTest();
    under.has(transaction(1), 10 * MINUTE_MS + 1_000);
    under.has(withoutInputs(1), MINUTE_MS);
    assert.deepEqual(await under.next(), ['1: 0 locked, 0 delaying, 1 aged, 0 unchecked']);
    under.stop();
  });

  it('emits nothing while nothing changes, and asks for nothing that it knows', async () => {
    const under = new ForecastUnderTest();
    under.has(transaction(1));
    assert.deepEqual(await under.next(), ['1: 1 locked, 0 delaying, 0 aged, 0 unchecked']);
    assert.deepEqual(under.called(), ['spork', 'getrawmempool', 'getislocks']);
    assert.deepEqual(await under.next(), []);
    assert.deepEqual(under.called(), ['getrawmempool']);
    const late = under.has(transaction(2), 0);
    assert.deepEqual(await under.next(), ['2: 1 locked, 1 delaying, 0 aged, 0 unchecked']);
    under.instantSend.unlocked.delete(late);
    assert.deepEqual(await under.next(), ['2: 2 locked, 0 delaying, 0 aged, 0 unchecked']);
    under.stop();
  });

  it('asks about 1,000 transactions at a time, the others later', async () => {
    const under = new ForecastUnderTest();
    for (let number = 0; number < 1_150; number += 1) under.has(transaction(number));
    assert.deepEqual(await under.next(), ['1150: 1000 locked, 0 delaying, 0 aged, 150 unchecked']);
    assert.equal(under.called().filter((method) => method === 'getislocks').length, 10);
    await under.next();
    assert.equal(under.shown?.unchecked, 0);
    under.stop();
  });

  it('says that nobody waits for locks where the sporks are off', async () => {
    const under = new ForecastUnderTest();
    under.instantSend.active = false;
    under.has(transaction(1), 0);
    assert.deepEqual(await under.next(), ['instantsend-off']);
    assert.deepEqual(under.called(), ['spork'], 'and asks no more');
    under.stop();
  });

  it('is unknown while dashd does not answer, which others report', async () => {
    const under = new ForecastUnderTest();
    under.rpc.replies.delete('spork');
    assert.deepEqual(await under.next(), ['no-answer']);
    assert.deepEqual(await under.next(), []);
    under.isCurrent = false;
    under.called();
    await under.next();
    assert.deepEqual(under.called(), [], 'a dashd that catches up is not asked');
    under.stop();
  });

  it('tells of a dashd without the call, of an answer that lacks a field or an entry, and of a large mempool', async () => {
    const under = new ForecastUnderTest();
    const { replies } = under.rpc;
    const txid = under.has(transaction(1), 0);
    replies.set('spork', rpcError(-32601, 'Method not found'));
    const advice = 'InstantSend locks are not counted: ';
    assert.deepEqual(await under.next(), [
      'not-supported',
      `locks-unknown: ${advice}dashd has no such call (spork: Method not found)`,
    ]);
    replies.set('spork', answer({ SPORK_2_INSTANTSEND_ENABLED: true }));
    assert.deepEqual(await under.next(), [
      'not-understood',
      `locks-unknown: ${advice}dashd's answer to spork is not understood`,
    ]);
    replies.set('spork', answer({ SPORK_2_INSTANTSEND_ENABLED: true, SPORK_3_INSTANTSEND_BLOCK_FILTERING: true }));
    replies.set('getislocks', answer([]));
    await under.next();
    assert.equal(under.shown?.unknown, 'not-understood', 'one entry for each transaction');
    replies.set('getislocks', answer([{ txid }]));
    assert.deepEqual(await under.next(), ['1: 1 locked, 0 delaying, 0 aged, 0 unchecked'], 'hex is for the relay');
    replies.set('getrawmempool', answer(Array.from({ length: 5_001 }, () => txid)));
    assert.deepEqual(await under.next(), ['too-many']);
    under.stop();
  });

  it('counts a transaction as delaying where dashd does not say since when it has it', async () => {
    const under = new ForecastUnderTest();
    const txid = under.has(transaction(1), 0);
    under.rpc.replies.set('getmempoolentry', answer({ vsize: 200 }));
    assert.deepEqual(await under.next(), ['1: 0 locked, 1 delaying, 0 aged, 0 unchecked']);
    assert.deepEqual(under.shown?.named, [{ txid }]);
    under.stop();
  });
});
