import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_PAYLOAD } from '../../src/wire/codec.js';
import { FrameDecoder, type Inbound, type WireFault } from '../../src/wire/decoder.js';
import { encodeFrame, frameOf } from '../../src/wire/frame.js';
import { INV, MAX_DECODED_ITEMS } from '../../src/wire/inventory.js';
import { NETWORKS } from '../../src/wire/network.js';
import { CODECS } from '../../src/wire/registry.js';
import { allocations } from './spies.js';
import { payloadOf, VECTORS } from './vectors.js';

const MAGIC = NETWORKS.regtest.magic;
const PING = encodeFrame(MAGIC, { command: 'ping', nonce: 1n });
const PINGED: Inbound = { kind: 'message', message: { command: 'ping', nonce: 1n }, size: 32 };

/** A header that claims `length` bytes of payload, which do not follow. */
function headerOf(command: string, length: number, magic = MAGIC): Buffer {
  const header = frameOf(magic, command, Buffer.alloc(0));
  header.writeUInt32LE(length, 16);
  return header;
}

function faultOf(inbound: readonly Inbound[]): WireFault {
  const [first] = inbound;
  assert.equal(inbound.length, 1);
  assert.ok(first?.kind === 'fault', JSON.stringify(first?.kind));
  return first.fault;
}

function assertDeaf(decoder: FrameDecoder): void {
  for (let i = 0; i < 3; i++) assert.deepEqual(decoder.push(PING), []);
}

describe('the decoder, fatally', () => {
  it('refuses another network', () => {
    const decoder = new FrameDecoder(MAGIC);
    const fault = faultOf(
      decoder.push(Buffer.concat([encodeFrame(NETWORKS.mainnet.magic, { command: 'verack' }), PING])),
    );
    assert.deepEqual(fault, { code: 'wrong-magic', detail: 'bf0c6bbd instead of fcc1b7dc', fatal: true });
    assertDeaf(decoder);
  });

  it('refuses what is no P2P at all', () => {
    const decoder = new FrameDecoder(MAGIC);
    assert.equal(faultOf(decoder.push(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))).code, 'wrong-magic');
    assertDeaf(decoder);
  });

  it('refuses a command that is not printable, or not padded with NULs alone', () => {
    for (const command of [
      'ping\0\0\0\0x\0\0\0',
      'ping\0\0\0\0\0\0\0x',
      '\x1f',
      'pi\x7fng',
      'p\nng',
      '\xe9',
      '\0ping',
    ]) {
      const frame = Buffer.from(PING);
      frame.fill(0, 4, 16).write(command, 4, 'latin1');
      const decoder = new FrameDecoder(MAGIC);
      const fault = faultOf(decoder.push(frame));
      assert.equal(fault.code, 'bad-command', JSON.stringify(command));
      assert.ok(fault.fatal);
      assert.match(fault.detail, /^[0-9a-f]{24}$/);
      assertDeaf(decoder);
    }
  });

  it("refuses, by the header alone, a length above the command's own limit", () => {
    for (const { command, maxPayload } of CODECS) {
      const decoder = new FrameDecoder(MAGIC);
      const header = headerOf(command, maxPayload + 1);
      assert.deepEqual(decoder.push(header.subarray(0, 23)), []);
      const fault = faultOf(decoder.push(header.subarray(23)));
      assert.equal(fault.code, 'oversized');
      assert.equal(fault.detail, `${command}: ${maxPayload + 1} bytes, at most ${maxPayload} are allowed`);
      assert.ok(fault.fatal);
      assertDeaf(decoder);
    }
  });

  it('lets a length at the limit pass', () => {
    for (const { command, maxPayload } of CODECS) {
      assert.deepEqual(new FrameDecoder(MAGIC).push(headerOf(command, maxPayload)), []);
    }
  });

  it('refuses, by the header alone, more than 3 MiB of whatever it is', () => {
    for (const command of ['block', 'qsigshare', 'version']) {
      for (const length of [MAX_PAYLOAD + 1, 0xffff_ffff]) {
        assert.equal(faultOf(new FrameDecoder(MAGIC).push(headerOf(command, length))).code, 'oversized');
      }
    }
    assert.deepEqual(new FrameDecoder(MAGIC).push(headerOf('qsigshare', MAX_PAYLOAD)), []);
  });

  it('reports what came before', () => {
    const decoder = new FrameDecoder(MAGIC);
    const inbound = decoder.push(Buffer.concat([PING, PING, headerOf('ping', 0xffff), PING]));
    assert.deepEqual(inbound.slice(0, 2), [PINGED, PINGED]);
    assert.equal(faultOf(inbound.slice(2)).code, 'oversized');
  });
});

describe('the decoder goes on', () => {
  it('behind a bad checksum', () => {
    const bad = Buffer.from(PING);
    bad[20] = bad.readUInt8(20) ^ 1;
    const inbound = new FrameDecoder(MAGIC).push(Buffer.concat([bad, PING]));
    const fault = faultOf(inbound.slice(0, 1));
    assert.equal(fault.code, 'bad-checksum');
    assert.match(fault.detail, /^ping: [0-9a-f]{8} instead of [0-9a-f]{8}$/);
    assert.equal(fault.fatal, false);
    assert.deepEqual(inbound.slice(1), [PINGED]);
  });

  it('behind a malformed payload', () => {
    const inbound = new FrameDecoder(MAGIC).push(Buffer.concat([frameOf(MAGIC, 'ping', Buffer.alloc(7)), PING]));
    assert.deepEqual(faultOf(inbound.slice(0, 1)), {
      code: 'malformed',
      detail: 'ping.nonce: needs 8 bytes at offset 0, 7 are left',
      fatal: false,
    });
    assert.deepEqual(inbound.slice(1), [PINGED]);
  });

  it('behind a command it does not know, whatever its checksum, once its payload went by', () => {
    for (const command of ['qsigshare', 'constructor', '__proto__', 'abcdefghijkl', 'VERACK']) {
      const decoder = new FrameDecoder(MAGIC);
      assert.deepEqual(decoder.push(headerOf(command, 10)), []);
      assert.deepEqual(decoder.push(Buffer.alloc(9)), []);
      assert.deepEqual(decoder.push(Buffer.concat([Buffer.alloc(1), PING])), [
        { kind: 'unknown', command, size: 34 },
        PINGED,
      ]);
    }
  });

  it('behind a command of nothing but NULs, which Dash Core lets pass too', () => {
    const empty = frameOf(MAGIC, 'x', Buffer.alloc(0)).fill(0, 4, 16);
    assert.deepEqual(new FrameDecoder(MAGIC).push(Buffer.concat([empty, PING])), [
      { kind: 'unknown', command: '', size: 24 },
      PINGED,
    ]);
  });

  it('behind an empty chunk', () => {
    const decoder = new FrameDecoder(MAGIC);
    assert.deepEqual(decoder.push(Buffer.alloc(0)), []);
    assert.deepEqual(decoder.push(PING.subarray(0, 24)), []);
    assert.deepEqual(decoder.push(Buffer.alloc(0)), []);
    assert.deepEqual(decoder.push(PING.subarray(24)), [PINGED]);
  });
});

describe('the decoder', () => {
  it('reports a message at its last byte, not with the next one', () => {
    for (const command of ['verack', 'ping'] as const) {
      const frame = command === 'ping' ? PING : encodeFrame(MAGIC, { command });
      const decoder = new FrameDecoder(MAGIC);
      assert.deepEqual(decoder.push(frame.subarray(0, -1)), []);
      assert.equal(decoder.push(frame.subarray(-1)).length, 1);
    }
  });

  it('makes the same of all vectors in a row, in chunks of any size', () => {
    const stream = Buffer.concat(VECTORS.map((vector) => frameOf(MAGIC, vector.message.command, payloadOf(vector))));
    const expected = VECTORS.map((vector) => vector.message);
    for (const size of [1, 2, 3, 7, 23, 24, 25, 100, 1000, stream.length]) {
      const decoder = new FrameDecoder(MAGIC);
      const inbound: Inbound[] = [];
      for (let at = 0; at < stream.length; at += size) inbound.push(...decoder.push(stream.subarray(at, at + size)));
      assert.deepEqual(
        inbound.map((one) => (one.kind === 'message' ? one.message : one)),
        expected,
        `chunks of ${size}`,
      );
    }
  });

  it('hands out messages that own their bytes', () => {
    for (const vector of VECTORS) {
      const chunk = frameOf(MAGIC, vector.message.command, payloadOf(vector));
      for (const cut of [chunk.length, 24, 30]) {
        const reused = Buffer.from(chunk);
        const decoder = new FrameDecoder(MAGIC);
        const inbound = [...decoder.push(reused.subarray(0, cut)), ...decoder.push(reused.subarray(cut))];
        reused.fill(0xee);
        assert.deepEqual(inbound[0]?.kind === 'message' && inbound[0].message, vector.message);
      }
    }
  });

  it('hands out a block without a copy beyond the one that makes it ours', () => {
    const chunk = frameOf(MAGIC, 'block', Buffer.alloc(2_000_000, 5));
    const spent = allocations(() => {
      assert.equal(new FrameDecoder(MAGIC).push(chunk)[0]?.kind, 'message');
    });
    assert.equal(spent.large, 1);
    assert.equal(spent.copied, chunk.length);
  });
});

describe('the decoder, asked for one thing at a time', () => {
  it('reports a header before a byte of the payload has come, and decodes nothing that is not asked for', () => {
    const decoder = new FrameDecoder(MAGIC);
    const header = headerOf('inv', 36_003);
    assert.deepEqual([...decoder.read(header)], [{ kind: 'header', command: 'inv', length: 36_003 }]);
    const both = new FrameDecoder(MAGIC).read(Buffer.concat([PING, PING]));
    assert.deepEqual(both.next().value, { kind: 'header', command: 'ping', length: 8 });
    assert.deepEqual(both.next().value, PINGED);
    assert.deepEqual(both.next().value, { kind: 'header', command: 'ping', length: 8 });
  });

  it('lets a payload that nobody wants pass unread, unchecked and unkept', () => {
    const decoder = new FrameDecoder(MAGIC, new Set(['block']));
    const frame = frameOf(MAGIC, 'block', Buffer.alloc(2_000_000, 5));
    frame[20] = frame.readUInt8(20) ^ 1;
    const spent = allocations(() => {
      assert.deepEqual(decoder.push(frame), [{ kind: 'unwanted', command: 'block', size: frame.length }]);
    });
    assert.equal(spent.large, 0);
    assert.deepEqual(decoder.push(PING), [PINGED]);
  });

  it('decodes of a large inventory the last blocks alone', () => {
    const hash = (number: number) => number.toString(16).padStart(64, '0');
    const items = Array.from({ length: 50_000 }, (_, n) => ({ type: n % 5 === 0 ? INV.block : 7, hash: hash(n) }));
    const [inbound] = new FrameDecoder(MAGIC).push(encodeFrame(MAGIC, { command: 'inv', items }));
    assert.ok(inbound?.kind === 'message' && inbound.message.command === 'inv');
    assert.deepEqual(inbound.message.items, items.filter(({ type }) => type === INV.block).slice(-MAX_DECODED_ITEMS));
  });
});

describe("the decoder's cost", () => {
  const SIZE = 2_000_000;

  it('is linear in a large block that comes byte by byte', () => {
    const frame = frameOf(MAGIC, 'block', Buffer.alloc(SIZE, 5));
    const decoder = new FrameDecoder(MAGIC);
    let found = 0;
    const spent = allocations(() => {
      for (let at = 0; at < frame.length; at++) found += decoder.push(frame.subarray(at, at + 1)).length;
    });
    assert.equal(found, 1);
    assert.ok(spent.copied >= frame.length && spent.copied <= 3 * frame.length, `${spent.copied} bytes copied`);
    assert.ok(spent.allocated <= 4 * frame.length, `${spent.allocated} bytes allocated`);
  });

  it('in memory follows what has come, not what was claimed', () => {
    for (const step of [1, 10, 1000, 65_536]) {
      const decoder = new FrameDecoder(MAGIC);
      decoder.push(headerOf('block', MAX_PAYLOAD));
      const total = Math.min(MAX_PAYLOAD - 1, step * 5000);
      allocations((soFar) => {
        for (let come = step; come <= total; come += step) {
          decoder.push(Buffer.alloc(step));
          assert.ok(soFar.largest <= 2 * come, `${soFar.largest} bytes held when ${come} had come in steps of ${step}`);
        }
        assert.ok(soFar.largest > 0);
      });
    }
  });

  it('in memory is nothing for a payload nobody will read', () => {
    const decoder = new FrameDecoder(MAGIC);
    const chunk = Buffer.alloc(65_536);
    decoder.push(headerOf('qsigshare', MAX_PAYLOAD));
    const inbound: Inbound[] = [];
    const spent = allocations(() => {
      for (let at = 0; at < MAX_PAYLOAD; at += chunk.length) inbound.push(...decoder.push(chunk));
    });
    assert.deepEqual(inbound, [{ kind: 'unknown', command: 'qsigshare', size: 24 + MAX_PAYLOAD }]);
    assert.equal(spent.allocated, 0);
    assert.equal(spent.copied, 0);
  });

  it('is nothing once it is deaf', () => {
    const decoder = new FrameDecoder(MAGIC);
    decoder.push(Buffer.alloc(24));
    const spent = allocations(() => {
      decoder.push(Buffer.alloc(100_000));
    });
    assert.equal(spent.allocated + spent.copied, 0);
  });
});
