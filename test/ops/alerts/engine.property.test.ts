/** Storms of events against what must hold whatever comes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RelayEvent, ServiceEvent } from '../../../src/contracts/events.js';
import { ALERT_IDS } from '../../../src/ops/alerts/conditions.js';
import { Engine } from '../../../src/ops/alerts/engine.js';
import type { Notice, StandingAlert } from '../../../src/ops/alerts/notice.js';
import {
  connected,
  DASHD,
  FAILED,
  finality,
  hash,
  lost,
  proof,
  received,
  refused,
  service,
  verdict,
} from './support.js';

const SERVICES: readonly ServiceEvent['service'][] = [
  'pool-socket',
  'dashd-feed',
  'dashd-rpc',
  'dashd-chain',
  'events-socket',
  'peers',
  'peer-file',
  'history-file',
  'json-rpc-proxy',
  'http',
  'alerts',
  'control-socket',
];
const PEERS = [DASHD, ...Array.from({ length: 12 }, (_, n) => `10.0.0.${n}:9999`)];
const anyPeer = fc.constantFrom(...PEERS);
const anyBlock = fc.nat(20).map(hash);

const anyEvent: fc.Arbitrary<RelayEvent> = fc.oneof(
  anyPeer.map(connected),
  fc
    .tuple(anyPeer, fc.constantFrom('closed-by-peer', 'rotated-out', 'no-pong'), fc.boolean())
    .map(([one, code, wasReady]) => lost(one, { code, wasReady })),
  fc
    .tuple(anyPeer, fc.constantFrom('written' as const, 'failed' as const), anyBlock)
    .map(([one, status, block]) => proof(one, status, block)),
  fc
    .tuple(
      fc.constantFrom(...SERVICES),
      fc.constantFrom('up' as const, 'down' as const, 'fault' as const),
      fc.constantFrom('silent', 'gap', 'x'),
      fc.string({ unit: 'binary' }),
    )
    .map(([name, state, code, detail]) => service(name, state, code, detail)),
  anyBlock.map((block) => received(block)),
  anyBlock.map((block) => verdict(block)),
  anyBlock.map((block) => verdict(block, FAILED)),
  anyBlock.map((block) => verdict(block, { outcome: 'rejected', success: false, source: 'dashd' })),
  fc
    .tuple(anyBlock, fc.constantFrom('pending' as const, 'chainlocked' as const, 'orphaned' as const))
    .map(([block, state]) => finality(block, state)),
  fc.constantFrom(refused(), refused('dashd')),
  fc.constant<RelayEvent>({ type: 'tip', at: 0, hash: hash(1), source: 'feed' }),
);

/** Everything is well again, with all blocks proven. */
const RECOVERY: readonly RelayEvent[] = [
  ...SERVICES.map((name) => service(name, 'up')),
  ...PEERS.map(connected),
  { type: 'tip', at: 0, hash: hash(2), source: 'feed' },
  ...Array.from({ length: 21 }, (_, n) => [verdict(hash(n)), finality(hash(n), 'chainlocked')]).flat(),
];

/** An engine that is looked at whenever it is due, and after each event. */
class Storm {
  readonly engine: Engine;
  readonly notices: Notice[] = [];
  private now = 0;

  constructor(repeatAfterMs: number) {
    this.engine = new Engine(repeatAfterMs);
  }

  rage(steps: readonly (readonly [number, RelayEvent])[]): this {
    for (const [pause, event] of steps) {
      this.pass(pause);
      if (this.engine.note(event, this.now)) this.look();
    }
    return this;
  }

  pass(ms: number): this {
    const until = this.now + ms;
    let looks = 0;
    for (let due = this.engine.nextDue(); due !== undefined && due <= until; due = this.engine.nextDue()) {
      assert.ok(due >= this.now, 'it is due in the past');
      this.now = due;
      this.look();
      looks += 1;
      assert.ok(looks < 100_000, 'it is due without end');
    }
    this.now = until;
    return this;
  }

  standing(): readonly StandingAlert[] {
    return this.engine.standing(this.now);
  }

  private look(): void {
    this.notices.push(...this.engine.evaluate(this.now).notices);
  }
}

/** Asserts that each alert is raised, perhaps repeated, and resolved, in turns. @returns the keys of those that stand at the end */
function standingAfter(notices: readonly Notice[]): string[] {
  const repeats = new Map<string, number>();
  for (const { key, state, repeat, since, at, lastedMs = -1 } of notices) {
    const reported = repeats.get(key);
    if (state === 'firing') {
      assert.equal(repeat, (reported ?? -1) + 1, key);
      repeats.set(key, repeat);
    } else {
      assert.ok(reported !== undefined, `${key} was resolved, but not raised`);
      assert.ok(lastedMs >= 0 && since + lastedMs <= at, `${key} lasted ${lastedMs} ms`);
      repeats.delete(key);
    }
  }
  return [...repeats.keys()];
}

describe('an engine in a storm', () => {
  const storm = fc.array(fc.tuple(fc.oneof(fc.nat(3_000), fc.nat(400_000)), anyEvent), {
    minLength: 40,
    maxLength: 400,
  });

  test('sends each alert as firing before it is resolved, in turns, and all is resolved once all is well', () => {
    let reported = 0;
    fc.assert(
      fc.property(storm, fc.constantFrom(0, 30_000, 3_600_000), (steps, repeatAfterMs) => {
        const raging = new Storm(repeatAfterMs).rage(steps);
        assert.deepEqual(
          standingAfter(raging.notices).sort(),
          raging
            .standing()
            .map(({ key }) => key)
            .sort(),
        );
        const over = raging
          .pass(2_000)
          .rage(RECOVERY.map((event) => [0, event]))
          .pass(2 * 3_600_000);
        assert.deepEqual(standingAfter(over.notices), []);
        assert.deepEqual(over.standing(), []);
        reported += over.notices.length;
      }),
      { numRuns: 150 },
    );
    // Each storm comes to some: a dozen on average.
    assert.ok(reported > 150, `the storms came to ${reported} notices only`);
  });

  test('sends at most a dozen messages an hour about one condition, whatever the events, repetitions apart', () => {
    const steps = fc.array(fc.tuple(fc.nat(20_000), anyEvent), { minLength: 200, maxLength: 800 });
    fc.assert(
      fc.property(steps, (given) => {
        const reported = new Storm(0).rage(given).notices.filter(({ aboutBlock }) => !aboutBlock);
        for (const { key, at } of reported) {
          const within = reported.filter((other) => other.key === key && other.at >= at && other.at < at + 3_600_000);
          assert.ok(within.length <= 12, `${within.length} of ${key} within an hour`);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('remembers no more than it may: a million strangers and their blocks leave a thousand behind', () => {
    const engine = new Engine(0);
    for (let n = 0; n < 1_000_000; n += 1) {
      const name = `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:9999`;
      engine.note(lost(name), n);
      if (n % 10 === 0) engine.note(verdict(hash(n), FAILED), n);
    }
    assert.equal(engine.evaluate(1_000_000).forgotten, 99_000);
    assert.ok(engine.standing(2_000_000).length <= 1_000 + ALERT_IDS.length);
    assert.equal(engine.evaluate(2_000_000).notices.filter(({ aboutBlock }) => aboutBlock).length, 1_000);
  });
});
