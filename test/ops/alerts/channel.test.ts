import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AlertOutcome, Channel } from '../../../src/ops/alerts/channel.js';
import type { Delivery } from '../../../src/ops/alerts/transport.js';
import { Time } from '../../support/virtual-time.js';
import { aNotice, FakeTransport } from './support.js';

const away: Delivery = { ok: false, rejected: false, detail: 'hook.example: no-connection: ECONNREFUSED' };
const unwanted: Delivery = { ok: false, rejected: true, detail: 'hook.example answered 400' };

class Bench {
  readonly time = new Time();
  readonly transport = new FakeTransport();
  readonly outcomes: AlertOutcome[] = [];
  readonly channel: Channel;

  constructor(maxPerHour = 3_600) {
    this.channel = new Channel(this.transport, maxPerHour, {
      clock: this.time.clock,
      random: { float: () => 0.5, u64: () => 0n },
      scheduler: this.time.scheduler,
      onOutcome: (outcome) => this.outcomes.push(outcome),
    });
  }

  get reported(): string[] {
    return this.outcomes.map(({ outcome, key }) => `${outcome} ${key}`);
  }

  /** When attempts were made, milliseconds since the start. */
  watchAttempts(): number[] {
    const at: number[] = [];
    this.transport.onSend = () => at.push(this.time.now);
    return at;
  }

  stop(withinMs: number): Promise<void> {
    let enough: () => void = () => undefined;
    const deadline = new Promise<void>((resolve) => {
      enough = resolve;
    });
    this.time.scheduler.schedule(() => enough(), withinMs);
    return this.channel.stop(deadline);
  }
}

describe('a channel', () => {
  test('sends one message at a time, in order', async () => {
    const bench = new Bench();
    const { channel, transport, time } = bench;
    transport.hold = true;
    for (const key of ['a', 'b', 'c']) channel.put(aNotice({ key }), key);
    await time.pass(1);
    assert.deepEqual(transport.keys, ['firing a']);
    transport.release();
    await time.pass(1);
    assert.deepEqual(transport.keys, ['firing a', 'firing b', 'firing c']);
    assert.deepEqual(bench.reported, ['sent a', 'sent b', 'sent c']);
  });

  test('rests after a failure, twice as long each time, up to five minutes, and gives nothing up', async () => {
    const bench = new Bench();
    const attempts = bench.watchAttempts();
    bench.transport.answers = Array<Delivery>(14).fill(away);
    bench.channel.put(aNotice(), 'one');
    await bench.time.pass(3_600_000);
    const pauses = attempts.slice(1).map((at, n) => at - (attempts[n] ?? 0));
    // Three quarters of 1, 2, 4 … 256 and then 300 s: half of it is left to chance, which says 0.5 here.
    const expected = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => 750 * 2 ** n);
    assert.deepEqual(pauses, [...expected, ...Array<number>(5).fill(225_000)]);
    assert.deepEqual(bench.reported, [...Array<string>(14).fill('failed dashd-lost'), 'sent dashd-lost']);
    assert.ok(bench.transport.sent.every(({ id }) => id === 'one'));
    assert.equal(bench.time.pending, 0);
  });

  test('obeys a receiver that wants to be left alone for longer', async () => {
    const bench = new Bench();
    const attempts = bench.watchAttempts();
    bench.transport.answers = [{ ...away, retryAfterMs: 60_000 }];
    bench.channel.put(aNotice(), 'one');
    await bench.time.pass(59_999);
    bench.channel.put(aNotice({ key: 'block-failed:1', aboutBlock: true }), 'two');
    assert.deepEqual(attempts, [0]);
    await bench.time.pass(1);
    assert.deepEqual(attempts, [0, 60_000, 60_000]);
  });

  test('sends after a pause the current state, and the number of messages left out', async () => {
    const bench = new Bench();
    bench.transport.answers = [away];
    bench.channel.put(aNotice(), 'one');
    await bench.time.pass(100);
    bench.channel.put(aNotice({ repeat: 1 }), 'two');
    bench.channel.put(aNotice({ state: 'resolved' }), 'three');
    await bench.time.pass(10_000);
    assert.deepEqual(bench.transport.keys, ['firing dashd-lost', 'resolved dashd-lost']);
    assert.equal(bench.transport.sent[1]?.leftOut, 2);
    assert.deepEqual(bench.reported.slice(1), ['suppressed dashd-lost', 'suppressed dashd-lost', 'sent dashd-lost']);
  });

  test('gives up a message that its receiver does not want, after some attempts, and none of the others meanwhile', async () => {
    const bench = new Bench();
    const send = bench.transport.send.bind(bench.transport);
    bench.transport.send = async (envelope, signal) => {
      const answer = await send(envelope, signal);
      return envelope.notice.key === 'bad' ? unwanted : answer;
    };
    for (const key of ['bad', 'good']) bench.channel.put(aNotice({ key }), key);
    await bench.time.pass(600_000);
    const tries = bench.transport.keys.filter((key) => key === 'firing bad').length;
    assert.equal(tries, 5);
    assert.deepEqual(bench.reported.slice(0, 2), ['failed bad', 'sent good']);
    assert.equal(bench.reported.at(-1), 'dropped bad');
    bench.channel.put(aNotice({ key: 'next' }), 'next');
    await bench.time.pass(600_000);
    assert.equal(bench.transport.sent.at(-1)?.leftOut, 1);
  });

  test('sends no more than it may, and the rest when it may', async () => {
    const bench = new Bench(2);
    const attempts = bench.watchAttempts();
    for (const key of ['a', 'b', 'c']) bench.channel.put(aNotice({ key }), key);
    await bench.time.pass(4 * 3_600_000);
    assert.deepEqual(attempts, [0, 1_800_000, 3_600_000]);
  });

  test('takes what waits the other way, at once, when it is given one', async () => {
    const bench = new Bench();
    bench.transport.answers = Array<Delivery>(100).fill(away);
    bench.channel.put(aNotice(), 'one');
    await bench.time.pass(60_000);
    const other = new FakeTransport();
    await bench.channel.reload(other);
    await bench.time.pass(0);
    assert.deepEqual(other.keys, ['firing dashd-lost']);
    assert.ok(bench.transport.closed);
  });

  test('holds nothing against the new way that the old one did', async () => {
    const bench = new Bench();
    bench.transport.hold = true;
    bench.transport.answers = [away];
    bench.channel.put(aNotice(), 'one');
    const other = new FakeTransport();
    await bench.channel.reload(other);
    bench.transport.release();
    await bench.time.pass(0);
    assert.deepEqual(other.keys, ['firing dashd-lost']);
  });

  describe('that is stopped', () => {
    test('sends what waits, resting or not', async () => {
      const bench = new Bench();
      bench.transport.answers = [away];
      for (const key of ['a', 'b', 'c']) bench.channel.put(aNotice({ key }), key);
      await bench.time.pass(0);
      const stopped = bench.stop(3_000);
      await bench.time.pass(0);
      await stopped;
      assert.deepEqual(bench.reported, ['failed a', 'sent a', 'sent b', 'sent c']);
      assert.ok(bench.transport.closed);
    });

    test('reports messages that could not be sent, each tried once', async () => {
      const bench = new Bench();
      bench.transport.answers = Array<Delivery>(100).fill(away);
      for (const key of ['a', 'b']) bench.channel.put(aNotice({ key }), key);
      await bench.time.pass(0);
      const stopped = bench.stop(3_000);
      await bench.time.pass(0);
      await stopped;
      assert.deepEqual(bench.reported, ['failed a', 'failed a', 'failed b', 'dropped a', 'dropped b']);
    });

    test('waits for a receiver that hangs until it is enough, and no longer', async () => {
      const bench = new Bench();
      bench.transport.hold = true;
      for (const key of ['a', 'b']) bench.channel.put(aNotice({ key }), key);
      let over = false;
      const stopped = bench.stop(3_000).then(() => {
        over = true;
      });
      await bench.time.pass(2_999);
      assert.equal(over, false);
      await bench.time.pass(1);
      await stopped;
      assert.deepEqual(bench.reported, ['failed a', 'dropped a', 'dropped b']);
      assert.deepEqual([bench.transport.sent.length, bench.time.pending], [1, 0]);
    });

    test('keeps to its limit', async () => {
      const bench = new Bench(2);
      for (const key of ['a', 'b']) bench.channel.put(aNotice({ key }), key);
      await bench.time.pass(0);
      const stopped = bench.stop(3_000);
      await stopped;
      assert.deepEqual(bench.reported, ['sent a', 'dropped b']);
    });
  });
});
