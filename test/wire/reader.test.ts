import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hashFromWire, hashToWire, Malformed, Reader } from '../../src/wire/reader.js';
import { Writer } from '../../src/wire/writer.js';
import { bytes } from './arbitraries.js';

const reading = (hex: string) => new Reader(Buffer.from(hex, 'hex'));

describe('a compact size', () => {
  const SIZES = [
    ['00', 0n],
    ['fc', 0xfcn],
    ['fdfd00', 0xfdn],
    ['fdffff', 0xffffn],
    ['fe00000100', 0x10000n],
    ['feffffffff', 0xffffffffn],
    ['ff0000000001000000', 0x100000000n],
    ['ffffffffffffff1f00', 0x1fffffffffffffn],
  ] as const;
  const FLAGS = [...SIZES, ['ffffffffffffffffff', 0xffffffffffffffffn]] as const;

  it('is read and written in one, three, five or nine bytes', () => {
    for (const [hex, value] of SIZES) {
      assert.equal(reading(hex).compactSize('n'), Number(value));
      assert.equal(new Writer().compactSize(Number(value)).finish().toString('hex'), hex);
    }
    for (const [hex, value] of FLAGS) {
      assert.equal(reading(hex).compactSize64('n'), value);
      assert.equal(new Writer().compactSize64(value).finish().toString('hex'), hex);
    }
  });

  it('is refused in more bytes than needed', () => {
    for (const hex of ['fdfc00', 'feffff0000', 'ffffffffff00000000']) {
      assert.throws(() => reading(hex).compactSize('n'), new Malformed('n: non-canonical compact size'));
      assert.throws(() => reading(hex).compactSize64('n'), new Malformed('n: non-canonical compact size'));
    }
  });

  it('is refused above its limit, and above what a number holds', () => {
    assert.equal(reading('05').compactSize('n', 5), 5);
    assert.throws(() => reading('06').compactSize('n', 5), new Malformed('n: 6 exceeds 5'));
    assert.throws(() => reading('ff0000000000002000').compactSize('n'), /n: 9007199254740992 is too large/);
  });

  it('is refused when cut short', () => {
    for (const [hex] of FLAGS) {
      for (let length = 0; length < hex.length; length += 2) {
        assert.throws(() => reading(hex.slice(0, length)).compactSize('n'), Malformed);
        assert.throws(() => reading(hex.slice(0, length)).compactSize64('n'), Malformed);
      }
    }
  });
});

describe('a reader', () => {
  it('reads numbers in the order of bytes each has on the wire', () => {
    const reader = reading('01' + '0102' + '01020304' + 'ffffffff' + '0102030405060708' + 'feffffffffffffff' + '02');
    assert.equal(reader.u8('a'), 1);
    assert.equal(reader.u16be('b'), 0x0102);
    assert.equal(reader.u32('c'), 0x04030201);
    assert.equal(reader.i32('d'), -1);
    assert.equal(reader.u64('e'), 0x0807060504030201n);
    assert.equal(reader.i64('f'), -2n);
    assert.equal(reader.bool('g'), true);
    assert.equal(reader.remaining, 0);
    assert.throws(() => reader.u8('h'), new Malformed('h: needs 1 bytes at offset 28, 0 are left'));
  });

  it('does not read past the end it was given, though the buffer goes on', () => {
    const reader = new Reader(Buffer.alloc(10), 2, 5);
    assert.equal(reader.remaining, 3);
    assert.throws(() => reader.u32('x'), new Malformed('x: needs 4 bytes at offset 2, 3 are left'));
    assert.equal(reader.take(3, 'y').length, 3);
  });

  it('shares the bytes it takes', () => {
    const source = Buffer.of(1, 2, 3);
    const taken = new Reader(source).take(3, 'x');
    source[0] = 9;
    assert.equal(taken[0], 9);
  });

  it('shows a hash reversed', () => {
    fc.assert(
      fc.property(bytes(32), (wire) => {
        const hash = hashFromWire(wire);
        assert.equal(hash.slice(0, 2), wire.subarray(31).toString('hex'));
        assert.ok(hashToWire(hash).equals(wire));
      }),
    );
  });
});
