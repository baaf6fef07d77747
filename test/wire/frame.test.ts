import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checksum, encodeFrame, frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { allocations } from './spies.js';

const MAGIC = NETWORKS.mainnet.magic;

describe('a frame', () => {
  it('is magic, command, length, checksum and payload', () => {
    assert.equal(
      encodeFrame(MAGIC, { command: 'verack' }).toString('hex'),
      'bf0c6bbd' + '76657261636b000000000000' + '00000000' + '5df6e0e2',
    );
    // The payload and checksum of the Bitcoin wiki's addr message, under Dash's magic.
    const payload = '01e215104d010000000000000000000000000000000000ffff0a000001208d';
    assert.equal(
      frameOf(MAGIC, 'addr', Buffer.from(payload, 'hex')).toString('hex'),
      `bf0c6bbd${'616464720000000000000000'}${'1f000000'}${'ed52399b'}${payload}`,
    );
  });

  it('is the same from a message and from its payload', () => {
    const raw = Buffer.alloc(500, 3);
    assert.ok(encodeFrame(MAGIC, { command: 'block', raw }).equals(frameOf(MAGIC, 'block', raw)));
  });

  it('takes twelve characters of command and no padding', () => {
    const frame = frameOf(MAGIC, 'abcdefghijkl', Buffer.of(0xff));
    assert.equal(frame.subarray(4, 16).toString(), 'abcdefghijkl');
    assert.equal(frame.readUInt32LE(16), 1);
  });

  it('cannot have a command that is empty, too long or not printable', () => {
    for (const command of ['', 'abcdefghijklm', 'a\0b', 'é', 'a\n']) {
      assert.throws(() => frameOf(MAGIC, command, Buffer.alloc(0)), RangeError, command);
    }
  });

  it('is built with one allocation and does not share the payload', () => {
    const raw = Buffer.alloc(2_000_000, 1);
    let frame: Buffer = Buffer.alloc(0);
    const spent = allocations(() => {
      frame = frameOf(MAGIC, 'block', raw);
    });
    assert.equal(spent.large, 1);
    raw.fill(2);
    assert.ok(frame.subarray(24).equals(Buffer.alloc(2_000_000, 1)));

    const fromMessage = allocations(() => {
      frame = encodeFrame(MAGIC, { command: 'block', raw });
    });
    assert.equal(fromMessage.large, 1);
  });
});

describe('a checksum', () => {
  it('is the first four bytes of SHA-256d', () => {
    assert.equal(checksum(Buffer.alloc(0)).toString('hex'), '5df6e0e2');
    // SHA-256d of "hello" is 9595c9df….
    assert.equal(checksum(Buffer.from('hello')).toString('hex'), '9595c9df');
  });
});
