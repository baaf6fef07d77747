import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameDecoder, type Inbound } from '../../src/wire/decoder.js';
import { encodeFrame, frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import type { Version } from '../../src/wire/version.js';
import { payloadOf, VECTORS } from './vectors.js';

const MAGIC = NETWORKS.regtest.magic;
const full = VECTORS.find((vector) => vector.message.command === 'version');
assert.ok(full?.message.command === 'version');
const message: Version = full.message;
const payload = payloadOf(full);

function decode(bytes: Buffer): Inbound | undefined {
  return new FrameDecoder(MAGIC).push(frameOf(MAGIC, 'version', bytes))[0];
}

function decoded(bytes: Buffer): Version {
  const inbound = decode(bytes);
  assert.ok(inbound?.kind === 'message' && inbound.message.command === 'version');
  return inbound.message;
}

/** The payload with another user agent in its place. */
function withUserAgent(agent: Buffer): Buffer {
  const size = agent.length < 0xfd ? Buffer.of(agent.length) : Buffer.of(0xfd, agent.length & 0xff, agent.length >> 8);
  return Buffer.concat([payload.subarray(0, 80), size, agent, payload.subarray(99)]);
}

describe('version', () => {
  it('takes defaults for what is left out, field by field', () => {
    const ends: [number, Partial<Version>][] = [
      [136, { masternode: false }],
      [104, { mnauthChallenge: Buffer.alloc(32) }],
      [103, { relay: true }],
      [99, { height: -1 }],
      [80, { userAgent: '' }],
      [46, { nonce: 1n, sender: { services: 0n, host: '::', port: 0 } }],
    ];
    let expected = message;
    for (const [length, defaults] of ends) {
      expected = { ...expected, ...defaults };
      assert.deepEqual(decoded(payload.subarray(0, length)), expected, `${length} bytes`);
    }
  });

  it('takes the other value of each flag', () => {
    const other = Buffer.from(payload);
    other[103] = 0;
    other[136] = 1;
    assert.deepEqual(decoded(other), { ...message, relay: false, masternode: true });
    other[136] = 2;
    assert.equal(decoded(other).masternode, true);
  });

  it('ignores what a newer version appends', () => {
    assert.deepEqual(decoded(Buffer.concat([payload, Buffer.alloc(100, 0xff)])), message);
  });

  it('takes a time before 1970 for 1970', () => {
    const early = Buffer.from(payload);
    early.writeBigInt64LE(-1n, 12);
    assert.equal(decoded(early).time, 0n);
  });

  it('keeps of a user agent what is fit for a log', () => {
    const evil = Buffer.from('/Dash\x1b[31m\nCore:23.1.2(a, b; c@d?)_-/\0\x7f\u00e9<script>"\'`$%&{}|\\', 'latin1');
    assert.equal(decoded(withUserAgent(evil)).userAgent, '/Dash31mCore:23.1.2(a, b; c@d?)_-/script');
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    assert.equal(
      decoded(withUserAgent(every)).userAgent,
      ' (),-./0123456789:;?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz',
    );
  });

  it('has a user agent of 256 bytes at most', () => {
    assert.equal(decoded(withUserAgent(Buffer.alloc(256, 'x'))).userAgent, 'x'.repeat(256));
    const inbound = decode(withUserAgent(Buffer.alloc(257, 'x')));
    assert.ok(inbound?.kind === 'fault');
    assert.deepEqual(inbound.fault, { code: 'malformed', detail: 'version.userAgent: 257 exceeds 256', fatal: false });
  });

  it('is sent with zeros for a peer that is not an IP address', () => {
    for (const host of ['dashd', 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion', '0x7f.1']) {
      const sent = encodeFrame(MAGIC, { ...message, receiver: { services: 1n, host, port: 9999 } });
      assert.equal(sent.subarray(24 + 28, 24 + 46).toString('hex'), `${'00'.repeat(16)}270f`);
    }
  });
});
