import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bytesOfHex, writeHex } from '../../src/common/hex.js';

/** Around the digits of one piece and of two, and short ones. */
const SIZE = fc.oneof(fc.nat(40), fc.integer({ min: 8_180, max: 8_200 }), fc.integer({ min: 16_370, max: 16_390 }));
const BYTES = fc
  .tuple(SIZE, fc.nat(255))
  .map(([size, first]) => Buffer.from(Array.from({ length: size }, (_, at) => first + 7 * at)));

describe('hex in pieces', () => {
  it('is what Buffer writes, behind what is there already', () => {
    fc.assert(
      fc.property(BYTES, (raw) => {
        const target = Buffer.alloc(2 * raw.length + 3, 'x');
        writeHex(raw, target, 2);
        assert.equal(target.toString('latin1'), `xx${raw.toString('hex')}x`);
      }),
    );
  });

  it('is read as Buffer reads it: of either case, up to the first pair that is none', () => {
    fc.assert(
      fc.property(BYTES, fc.nat(), fc.constantFrom('', 'g', '0', 'F', ' ', '\0', 'é'), (raw, place, char) => {
        const hex = raw.toString('hex');
        const at = place % (hex.length + 1);
        const text = Buffer.from(hex.slice(0, at) + char + hex.slice(at + 1), 'latin1');
        const expected = Buffer.from(text.toString('latin1'), 'hex');
        assert.ok(bytesOfHex(text).equals(expected), `${bytesOfHex(text).length} of ${expected.length} bytes`);
      }),
      { numRuns: 500 },
    );
  });
});
