import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameDecoder, type Inbound } from '../../src/wire/decoder.js';
import { encodeFrame, frameOf } from '../../src/wire/frame.js';
import { MAX_DECODED_ITEMS } from '../../src/wire/inventory.js';
import { NETWORKS } from '../../src/wire/network.js';
import { type Command, codecFor, type Message } from '../../src/wire/registry.js';

const MAGIC = NETWORKS.regtest.magic;
const HASH = 'ab'.repeat(32);

function decode(command: Command, ...pieces: Buffer[]): Inbound | undefined {
  return new FrameDecoder(MAGIC).push(frameOf(MAGIC, command, Buffer.concat(pieces)))[0];
}

function malformedBy(inbound: Inbound | undefined): string {
  assert.ok(inbound?.kind === 'fault' && inbound.fault.code === 'malformed', JSON.stringify(inbound?.kind));
  return inbound.fault.detail;
}

/** `0xfd` and the count, as it is written by hand. */
function count(n: number): Buffer {
  return Buffer.of(0xfd, n & 0xff, n >> 8);
}

const LONGEST_V2 = { time: 1, services: 2n ** 64n - 1n, network: 'other', host: 'aa'.repeat(513), port: 1 } as const;

/** A list at its limit, and one entry of it by hand. */
const LISTS: { max: number; prefix: Buffer; entry: Buffer; full: Message; widest: boolean }[] = [
  ...(['inv', 'getdata', 'notfound'] as const).map((command) => ({
    max: 50_000,
    prefix: Buffer.alloc(0),
    entry: Buffer.alloc(36),
    full: { command, items: Array.from({ length: 50_000 }, () => ({ type: 2, hash: HASH })) },
    widest: true,
  })),
  {
    max: 1000,
    prefix: Buffer.alloc(0),
    entry: Buffer.alloc(30),
    full: {
      command: 'addr',
      addresses: Array.from({ length: 1000 }, () => ({ ...LONGEST_V2, network: 'ipv4', host: '1.2.3.4' })),
    },
    widest: true,
  },
  {
    max: 1000,
    prefix: Buffer.alloc(0),
    entry: Buffer.from('00000000000104010203040000', 'hex'),
    full: { command: 'addrv2', addresses: Array.from({ length: 1000 }, () => LONGEST_V2) },
    widest: true,
  },
  {
    max: 2000,
    prefix: Buffer.alloc(0),
    entry: Buffer.alloc(81),
    full: { command: 'headers', headers: Array.from({ length: 2000 }, () => Buffer.alloc(80, 7)) },
    widest: false,
  },
];

describe('a list', () => {
  for (const { max, entry, full, widest } of LISTS) {
    it(`of ${full.command} may have ${max} entries, and not one more`, () => {
      const [inbound] = new FrameDecoder(MAGIC).push(encodeFrame(MAGIC, full));
      assert.ok(inbound?.kind === 'message');
      // Of a large inventory the last blocks are decoded, and here all are blocks.
      const expected = 'items' in full ? { ...full, items: full.items.slice(-MAX_DECODED_ITEMS) } : full;
      assert.deepEqual(inbound.message, expected);

      // The count alone decides: no entry is there, and the fault is not that they are missing.
      assert.match(malformedBy(decode(full.command, count(max + 1))), new RegExp(`${max + 1} exceeds ${max}`));
      assert.match(malformedBy(decode(full.command, count(max), entry)), /needs \d+ bytes/);
    });

    if (widest) {
      it(`of ${full.command} at its widest just fits the payload limit`, () => {
        assert.equal(encodeFrame(MAGIC, full).length - 24, codecFor(full.command).maxPayload);
      });
    }
  }

  it('of getheaders may have 101 hashes, and not one more', () => {
    const full: Message = { command: 'getheaders', version: 1, locator: Array(101).fill(HASH), stop: HASH };
    const [inbound] = new FrameDecoder(MAGIC).push(encodeFrame(MAGIC, full));
    assert.deepEqual(inbound?.kind === 'message' && inbound.message, full);
    const tooMany = decode('getheaders', Buffer.alloc(4), Buffer.of(102), Buffer.alloc(32 * 103));
    assert.match(malformedBy(tooMany), /102 exceeds 101/);
  });

  it('counted with more bytes than needed is malformed', () => {
    for (const long of ['fd0100', 'fe01000000', 'ff0100000000000000']) {
      assert.match(malformedBy(decode('inv', Buffer.from(long, 'hex'), Buffer.alloc(36))), /non-canonical/);
    }
  });
});

describe('the number of transactions behind a header', () => {
  it('is refused beyond what Dash Core reads, and when it is longer than needed', () => {
    const one = [Buffer.of(1), Buffer.alloc(80)];
    assert.equal(decode('headers', ...one, Buffer.from('fe00000002', 'hex'))?.kind, 'message');
    assert.match(malformedBy(decode('headers', ...one, Buffer.from('fe01000002', 'hex'))), /exceeds 33554432/);
    assert.match(malformedBy(decode('headers', ...one, Buffer.from('fd0000', 'hex'))), /non-canonical/);
  });
});

describe('addrv2', () => {
  const before = Buffer.from('010000000000', 'hex');

  it('with an address of the wrong length for its network is malformed', () => {
    for (const [id, right] of [
      [1, 4],
      [2, 16],
      [4, 32],
      [5, 32],
      [6, 16],
    ] as const) {
      for (const wrong of [0, right - 1, right + 1, 252]) {
        const detail = malformedBy(decode('addrv2', before, Buffer.of(id, wrong), Buffer.alloc(wrong + 2)));
        assert.match(detail, new RegExp(`${wrong} bytes, .* has ${right}`));
      }
      assert.equal(decode('addrv2', before, Buffer.of(id, right), Buffer.alloc(right + 2))?.kind, 'message');
    }
  });

  it('with an address over 512 bytes is malformed, of a network known or not', () => {
    for (const id of [1, 4, 99]) {
      const detail = malformedBy(decode('addrv2', before, Buffer.of(id), count(513), Buffer.alloc(515)));
      assert.match(detail, /513 exceeds 512/);
    }
    assert.equal(decode('addrv2', before, Buffer.of(99), count(512), Buffer.alloc(514))?.kind, 'message');
  });

  it('has its services in as few bytes as they need', () => {
    for (const long of ['fd0100', 'fe01000000', 'ff0100000000000000']) {
      const entry = Buffer.from(`0100000000${long}01040102030400ff`, 'hex');
      assert.match(malformedBy(decode('addrv2', entry)), /services: non-canonical/);
    }
  });

  it('is not encoded with a host that its network does not have', () => {
    const cases = [
      ['ipv4', '::1'],
      ['ipv6', '1.2.3.4'],
      ['ipv4', 'node.example'],
      ['torv3', 'node.example'],
      ['torv3', 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscrye.onion'],
      ['torv3', 'pg6mmjiy.onion'],
      ['torv3', '1g6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion'],
      ['i2p', 'aaaa.b32.i2p'],
      ['cjdns', '10.0.0.1'],
    ] as const;
    for (const [network, host] of cases) {
      const message: Message = { command: 'addrv2', addresses: [{ time: 0, services: 0n, network, host, port: 1 }] };
      assert.throws(() => encodeFrame(MAGIC, message), new RangeError(`${host} is not an address of ${network}`));
    }
  });
});
