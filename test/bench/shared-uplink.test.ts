import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SharedUplink, type UplinkConnection } from '../../bench/shared-uplink.js';

/** 1,448 bytes take 1 ms. */
const BYTES_PER_SECOND = 1_448_000;
const SEGMENT = 1_448;

/** An uplink in virtual time. */
class UplinkUnderTest {
  private now = 0;
  private readonly timers: { readonly at: number; readonly act: () => void }[] = [];
  private readonly uplink = new SharedUplink({
    bytesPerSecond: BYTES_PER_SECOND,
    roundTripMs: 40,
    now: () => this.now,
    after: (ms, act) => void this.timers.push({ at: this.now + ms, act }),
  });
  /** Bytes by connection, and when the last of them came, ms. */
  readonly got: { bytes: number; at: number }[] = [];

  connect(): UplinkConnection {
    const got = { bytes: 0, at: 0 };
    this.got.push(got);
    return this.uplink.connection((bytes) => {
      got.bytes += bytes.length;
      got.at = this.now;
    });
  }

  run(): void {
    for (;;) {
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers.shift();
      if (next === undefined) return;
      this.now = next.at;
      next.act();
    }
  }

  pass(ms: number): void {
    this.now += ms;
  }
}

describe('a shared uplink', () => {
  test('carries ten segments at once, and twice as many after each round trip', () => {
    const under = new UplinkUnderTest();
    under.connect().write(Buffer.alloc(30 * SEGMENT));
    under.run();
    // The tenth arrives after 10 + 20 ms; the first is acknowledged after 1 + 40 ms, and lets two more go.
    assert.deepEqual(under.got, [{ bytes: 30 * SEGMENT, at: 41 + 20 + 20 }]);
  });

  test('serves connections in the order of their segments', () => {
    const under = new UplinkUnderTest();
    for (const connection of [under.connect(), under.connect()]) connection.write(Buffer.alloc(10 * SEGMENT));
    under.run();
    assert.deepEqual(
      under.got.map(({ at }) => at),
      [30, 40],
    );
  });

  test('has the rest of a long message wait for what others wrote meanwhile', () => {
    const under = new UplinkUnderTest();
    const [long, ...others] = Array.from({ length: 21 }, () => under.connect());
    long?.write(Buffer.alloc(11 * SEGMENT));
    for (const other of others) other.write(Buffer.alloc(10 * SEGMENT));
    under.run();
    assert.deepEqual(under.got[0], { bytes: 11 * SEGMENT, at: 10 * 21 + 1 + 20 });
  });

  test('begins with ten segments again after an idle second', () => {
    const under = new UplinkUnderTest();
    const connection = under.connect();
    connection.write(Buffer.alloc(100 * SEGMENT));
    under.run();
    under.pass(1_001);
    const from = under.got[0]?.at ?? 0;
    connection.write(Buffer.alloc(11 * SEGMENT));
    under.run();
    assert.equal(under.got[0]?.bytes, 111 * SEGMENT);
    assert.ok((under.got[0]?.at ?? 0) - from > 1_001 + 40);
  });
});
