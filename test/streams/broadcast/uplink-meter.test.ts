import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Subject } from 'rxjs';
import type { SessionEvent } from '../../../src/session/types.js';
import { UplinkMeter, uplinkReports } from '../../../src/streams/broadcast/uplink-meter.js';
import { Time } from '../../support/virtual-time.js';
import { target } from '../connections/support.js';

const HASHES = ['aa', 'bb', 'cc'].map((digits) => digits.repeat(32));
/** Bytes per second. */
const UPLINK = 2_500_000;
const BYTES = 33_500;
/** What the plan is made with: half as much again. */
const PACE = 1.5 * UPLINK;
const ROUND_TRIP_MS = 40;

class MeterUnderTest {
  readonly time = new Time();
  readonly meter = new UplinkMeter(this.time.scheduler);
  readonly peers: readonly string[];

  constructor(peers: number, pinged = true) {
    this.peers = Array.from({ length: peers }, (_, n) => `p${n}`);
    if (pinged) for (const host of this.peers) this.says(host, { type: 'round-trip', ms: ROUND_TRIP_MS });
  }

  says(host: string, event: SessionEvent, monotonicAt = 0): void {
    if (event.type === 'ready') return;
    this.meter.onPeer({ target: target(host), at: 0, monotonicAt, event });
  }

  writes(hosts: readonly string[], hash: string): void {
    this.meter.wrote(
      hash,
      hosts.map((host) => ({ peer: target(host).peer, bytes: BYTES })),
      1_000,
    );
  }

  /** Each peer answers when its bytes have passed the uplink, and a round trip later. */
  answer(hash: string): void {
    for (const [n, host] of this.peers.entries()) {
      const at = 1_000 + ROUND_TRIP_MS + (((n + 1) * BYTES) / UPLINK) * 1_000;
      this.says(host, { type: 'proof', hash, stage: 'acknowledged' }, at);
      this.says(host, { type: 'proof', hash, stage: 'accepted' }, at + 500);
    }
  }
}

describe('the measured uplink', () => {
  it('is known five seconds after the third push that it took long for', async () => {
    const under = new MeterUnderTest(20);
    let changes = 0;
    under.meter.changes$.subscribe(() => {
      changes += 1;
    });
    for (const hash of HASHES) {
      under.writes(under.peers, hash);
      under.answer(hash);
      await under.time.pass(4_999);
      assert.equal(under.meter.bytesPerSecond, undefined);
      await under.time.pass(1);
    }
    assert.ok(Math.abs((under.meter.bytesPerSecond ?? 0) / PACE - 1) < 0.01);
    assert.equal(changes, 3);
  });

  it('counts what is written in portions as one push', async () => {
    const under = new MeterUnderTest(20);
    for (const hash of HASHES) {
      under.writes(under.peers.slice(0, 12), hash);
      under.meter.wrote(
        hash,
        under.peers.slice(12).map((host) => ({ peer: target(host).peer, bytes: BYTES })),
        1_100,
      );
      under.answer(hash);
      await under.time.pass(5_000);
    }
    assert.ok(Math.abs((under.meter.bytesPerSecond ?? 0) / PACE - 1) < 0.01);
  });

  it('is not known from peers that were never pinged, or a push to a few', async () => {
    for (const under of [new MeterUnderTest(20, false), new MeterUnderTest(7)]) {
      for (const hash of HASHES) {
        under.writes(under.peers, hash);
        under.answer(hash);
      }
      await under.time.pass(5_000);
      assert.equal(under.meter.bytesPerSecond, undefined);
    }
  });

  it('is reported once when it turns out to be limited, and again when it does so after it was not', () => {
    const meter = { bytesPerSecond: undefined as number | undefined, changes$: new Subject<void>() };
    const reports: string[] = [];
    uplinkReports(meter, { now: () => 5 }).subscribe(({ at, code, detail }) =>
      reports.push(`${at} ${code}: ${detail}`),
    );
    for (const speed of [undefined, PACE, PACE, undefined, 2 * PACE]) {
      meter.bytesPerSecond = speed;
      meter.changes$.next();
    }
    assert.deepEqual(reports, [
      '5 uplink-limited: the uplink carries about 20 Mbit/s: blocks are written at its speed, the next signers first',
      '5 uplink-limited: the uplink carries about 40 Mbit/s: blocks are written at its speed, the next signers first',
    ]);
  });

  it('stops with the relay', async () => {
    const under = new MeterUnderTest(20);
    under.writes(under.peers, 'aa');
    under.meter.stop();
    assert.equal(under.time.pending, 0);
  });
});
