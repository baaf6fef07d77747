import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Notice } from '../../../src/ops/alerts/notice.js';
import { MAX_WAITING, type Message, Outbox } from '../../../src/ops/alerts/outbox.js';
import { HOUR_MS } from '../../../src/time.js';
import { aNotice } from './support.js';

const warning = (key: string, changes: Partial<Notice> = {}) => aNotice({ key, severity: 'warning', ...changes });
const block = (n: number) => aNotice({ key: `block-failed:${n}`, alert: 'block-failed', aboutBlock: true });

function take(outbox: Outbox, now = 0): Message | undefined {
  const next = outbox.next(now);
  return next === undefined || 'waitMs' in next ? undefined : next;
}

function takeAll(outbox: Outbox, now = 0): string[] {
  const keys: string[] = [];
  for (let next = take(outbox, now); next !== undefined; next = take(outbox, now)) keys.push(next.notice.key);
  return keys;
}

interface Sent {
  readonly at: number;
  readonly aboutBlock: boolean;
}

/** Takes each message as soon as it may be taken. */
function sentUntil(outbox: Outbox, from: number, until: number): Sent[] {
  const sent: Sent[] = [];
  let now = from;
  for (let next = outbox.next(now); next !== undefined && now <= until; next = outbox.next(now)) {
    if (!('waitMs' in next)) sent.push({ at: now, aboutBlock: next.notice.aboutBlock });
    else if (now + next.waitMs > until) break;
    else now += next.waitMs;
  }
  return sent;
}

describe('an outbox', () => {
  test('keeps the order, except that blocks go first', () => {
    const outbox = new Outbox(100);
    for (const notice of [warning('a'), warning('b'), block(1), warning('c'), block(2)]) outbox.put(notice, 'id');
    assert.deepEqual(takeAll(outbox), ['block-failed:1', 'block-failed:2', 'a', 'b', 'c']);
  });

  test('keeps of each alert the latest word, in the place of the first', () => {
    const outbox = new Outbox(100);
    outbox.put(warning('a'), '1');
    outbox.put(warning('b'), '2');
    const left = outbox.put(warning('a', { state: 'resolved' }), '3');
    assert.deepEqual([left?.why, left?.message.id], ['replaced', '1']);
    const first = take(outbox);
    assert.deepEqual([first?.id, first?.notice.state, first?.leftOut], ['3', 'resolved', 1]);
    assert.equal(take(outbox)?.id, '2');
  });

  test('says what was left out until a message that says so has arrived', () => {
    const outbox = new Outbox(100);
    for (const id of ['1', '2', '3']) outbox.put(warning('a'), id);
    const first = take(outbox) ?? assert.fail();
    assert.equal(first.leftOut, 2);
    outbox.putBack(first, 'first');
    outbox.put(warning('b'), '4');
    outbox.put(warning('b'), '5');
    // Each time the same is tried, it says the same.
    assert.equal(take(outbox)?.leftOut, 2);
    outbox.sent(first);
    const second = take(outbox) ?? assert.fail();
    assert.equal(second.leftOut, 1);
    outbox.sent(second);
    outbox.put(warning('c'), '6');
    assert.equal(take(outbox)?.leftOut, 0);
  });

  test('does not put back what there is a later word about', () => {
    const outbox = new Outbox(100);
    outbox.put(warning('a'), '1');
    const first = take(outbox) ?? assert.fail();
    outbox.put(warning('a', { state: 'resolved' }), '2');
    assert.equal(outbox.putBack(first, 'first')?.why, 'replaced');
    assert.deepEqual([take(outbox)?.id, outbox.size], ['2', 0]);
  });

  test('is bounded: the oldest make way', () => {
    const outbox = new Outbox(3_600);
    for (let n = 0; n < MAX_WAITING; n += 1) assert.equal(outbox.put(block(n), ''), undefined);
    const left = outbox.put(block(MAX_WAITING), '');
    assert.deepEqual([left?.why, left?.message.notice.key, outbox.size], ['no-room', 'block-failed:0', MAX_WAITING]);
    assert.equal(take(outbox)?.leftOut, 1);
  });

  test('lets nothing that is not about blocks hold up blocks', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.constantFrom<Notice['severity']>('critical', 'warning')),
        (max, others) => {
          const outbox = new Outbox(max);
          for (const [n, severity] of others.entries()) outbox.put(aNotice({ key: `k${n}`, severity }), '');
          takeAll(outbox);
          outbox.put(block(1), '');
          assert.equal(take(outbox)?.notice.key, 'block-failed:1');
        },
      ),
    );
  });

  test('lets no warnings and repetitions hold up what is critical', () => {
    const outbox = new Outbox(30);
    for (let n = 0; n < 40; n += 1) outbox.put(warning(`w${n}`, n % 2 === 0 ? {} : { repeat: 3 }), '');
    assert.equal(takeAll(outbox).length, 10);
    for (let n = 0; n < 5; n += 1) outbox.put(aNotice({ key: `c${n}`, severity: 'critical' }), '');
    assert.deepEqual(takeAll(outbox), ['c0', 'c1', 'c2', 'c3', 'c4']);
  });

  test('sends no more than it may in any hour, of blocks and of the rest, and all in the end', () => {
    const steps = fc.array(fc.tuple(fc.nat(600_000), fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), steps, (max, given) => {
        const outbox = new Outbox(max);
        const sent: Sent[] = [];
        let now = 0;
        for (const [n, [pause, aboutBlock]] of given.entries()) {
          sent.push(...sentUntil(outbox, now, now + pause));
          now += pause;
          outbox.put(aNotice({ key: `k${n}`, aboutBlock }), '');
        }
        sent.push(...sentUntil(outbox, now, now + 100 * HOUR_MS));
        assert.equal(sent.length, given.length);
        for (const { at, aboutBlock } of sent) {
          const within = sent.filter((one) => one.aboutBlock === aboutBlock && one.at >= at && one.at < at + HOUR_MS);
          assert.ok(within.length <= max);
        }
      }),
    );
  });

  test('counts a message that is tried again, or replaced before it arrived, once', () => {
    const outbox = new Outbox(1);
    outbox.put(warning('a'), '1');
    const first = take(outbox) ?? assert.fail();
    outbox.putBack(first, 'first');
    outbox.put(warning('a', { state: 'resolved' }), '2');
    assert.equal(take(outbox)?.id, '2');
    outbox.put(warning('b'), '3');
    assert.deepEqual(outbox.next(0), { waitMs: HOUR_MS });
  });
});
