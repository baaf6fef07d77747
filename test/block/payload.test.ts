import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_BLOCK_SIZE } from '../../src/block/gate.js';
import { blockBytes } from '../../src/block/payload.js';
import { REGTEST_BLOCKS } from '../vectors/block/regtest.js';
import { genesisBlocks } from './genesis.js';

const blocks = [...genesisBlocks.map(({ raw }) => raw), ...REGTEST_BLOCKS.map(({ hex }) => Buffer.from(hex, 'hex'))];

function raw(frame: Buffer): Buffer {
  const bytes = blockBytes(frame);
  assert.ok(bytes.ok, 'taken for a block');
  return bytes.raw;
}

describe('blockBytes', () => {
  test('a binary block comes back as the very buffer', () => {
    for (const block of blocks) assert.equal(raw(block), block);
  });

  test('hex of either case, with and without white space behind it', () => {
    for (const block of blocks) {
      const hex = block.toString('hex');
      const mixed = hex.replace(/./g, (digit, i) => (i % 3 === 0 ? digit.toUpperCase() : digit));
      for (const text of [hex, hex.toUpperCase(), mixed, `${hex}\n`, `${hex}\r\n`, `${hex} \t\n\n`]) {
        assert.deepEqual(raw(Buffer.from(text)), block);
      }
    }
  });

  test('a binary block that ends in white space keeps it', () => {
    const block = Buffer.concat([genesisBlocks[0]?.raw ?? Buffer.alloc(0), Buffer.from(' \n')]);
    assert.equal(raw(block).length, block.length);
  });

  test('a body of text does not make a binary header text', () => {
    const block = Buffer.concat([Buffer.from('00000020', 'hex'), Buffer.alloc(300, 'a')]);
    assert.equal(raw(block), block);
  });

  test('a header is recognised by any one of its bytes', () => {
    for (let i = 0; i < 80; i++) {
      const block = Buffer.alloc(200, '0');
      block[i] = 0x80;
      assert.equal(raw(block), block, `byte ${i}`);
    }
  });

  test('hex cut short is still hex: its size is for the gate to judge', () => {
    assert.deepEqual(raw(Buffer.from('0400')), Buffer.from('0400', 'hex'));
  });

  const faults: [what: string, frame: Buffer, code: string, reason: RegExp][] = [
    ['no bytes', Buffer.alloc(0), 'empty', /empty/],
    ['nothing but white space', Buffer.from(' \r\n'), 'empty', /empty/],
    ['an odd number of digits', Buffer.from(`${'00'.repeat(100)}0\n`), 'bad-hex', /odd number of hex digits: 201/],
    ['a letter past f', Buffer.from(`${'00'.repeat(100)}0g00`), 'bad-hex', /not hex at offset 200/],
    ['a space inside', Buffer.from(`${'00'.repeat(100)} ${'00'.repeat(10)}0`), 'bad-hex', /not hex at offset 200/],
    ['a byte that is no text, far behind', Buffer.from(`${'00'.repeat(100)}\x0000`, 'latin1'), 'bad-hex', /offset 200/],
    ['a prefix', Buffer.from(`0x${'00'.repeat(100)}`), 'bad-hex', /not hex at offset 0/],
    ['JSON', Buffer.from('{"block": "00"}'), 'bad-hex', /not hex at offset 0/],
    [
      'more digits than the largest block has',
      Buffer.alloc(2 * MAX_BLOCK_SIZE + 2, '0'),
      'too-large',
      /4000002 hex digits/,
    ],
  ];
  for (const [what, frame, code, reason] of faults) {
    test(`${what}: ${code}`, () => {
      const bytes = blockBytes(frame);
      assert.ok(!bytes.ok);
      assert.equal(bytes.code, code);
      assert.match(bytes.reason, reason);
    });
  }

  test('the largest block passes as hex', () => {
    assert.equal(raw(Buffer.alloc(2 * MAX_BLOCK_SIZE, '0')).length, MAX_BLOCK_SIZE);
  });

  test('any bytes: never throws, and gives back either the buffer or what its hex says', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 300 }).map(Buffer.from)),
        (bytes) => {
          const frame = Buffer.from(bytes);
          const result = blockBytes(frame);
          if (result.ok && result.raw !== frame) {
            assert.equal(result.raw.toString('hex'), frame.toString('latin1').toLowerCase().trimEnd());
          }
        },
      ),
    );
  });
});
