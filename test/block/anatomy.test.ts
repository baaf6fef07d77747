import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { dashcoreReader } from '../../src/adapters/dashcore.js';
import { type PayloadReader, readAnatomy } from '../../src/block/anatomy.js';
import { printable } from '../../src/block/coinbase-text.js';
import { Writer } from '../../src/wire/writer.js';
import { SPECIAL_TRANSACTIONS } from '../vectors/block/special.js';
import { buildBlock, buildCoinbase, buildPayment, buildTx, NULL_OUTPOINT, type TxOutput } from './support.js';

const library: PayloadReader = dashcoreReader(false);
const p2pkh = (byte: number) => Buffer.from(`76a914${Buffer.alloc(20, byte).toString('hex')}88ac`, 'hex');
const special = (type: number, payload: Buffer) => buildTx({ version: 3, type, payload });

/** CbTx: version, height, two roots; from version 3 the best ChainLock and the credit pool, in version 4 (Core 24) one root more. */
function cbTx(version: number): Buffer {
  const writer = new Writer().bytes(Buffer.of(version, 0)).i32(16).bytes(Buffer.alloc(64, 0x11));
  if (version >= 3) writer.compactSize(0).bytes(Buffer.alloc(96, 0x33)).i64(5n);
  if (version >= 4) writer.bytes(Buffer.alloc(32, 0x44));
  return writer.finish();
}

function coinbase(script: Buffer, outputs: readonly TxOutput[], payload = cbTx(3)): Buffer {
  const inputs = [{ outpoint: NULL_OUTPOINT, script, sequence: 0 }];
  return buildTx({ version: 3, type: 5, inputs, outputs, payload });
}

const anatomyOf = (...transactions: Buffer[]) => readAnatomy(buildBlock({ transactions }), library);

describe('the anatomy of a block', () => {
  test('has the text, the outputs and the payload version of its coinbase, and the sizes of the others', () => {
    const script = Buffer.concat([Buffer.from('03e80300', 'hex'), Buffer.from('/a pool/', 'latin1')]);
    const outputs = [
      { value: 150_000_000n, script: p2pkh(0x22) },
      { value: 50_000_000n, script: Buffer.from(`a914${'33'.repeat(20)}87`, 'hex') },
      { value: 7n, script: Buffer.of(0x6a) },
      { value: 0n, script: Buffer.from('6a0568656c6c6f', 'hex') },
    ];
    const found = anatomyOf(
      coinbase(script, outputs),
      buildPayment(200, 1),
      buildPayment(900, 2),
      buildPayment(300, 3),
    );
    assert.deepEqual(found.coinbase, {
      text: '/a pool/',
      script: script.toString('hex'),
      payees: [
        { address: 'yPRviMJaEHGafsc5EKovpa5Nw2Jewo9mdj', amount: 150_000_000 },
        { address: '8j6BWHXLETu2JXH4frbX7QdJggkK3STMFT', amount: 50_000_000 },
        { amount: 7, share: 'platform' },
        { amount: 0 },
      ],
      outputs: 4,
      amount: 200_000_007,
      payloadVersion: 3,
    });
    assert.deepEqual(found.sizes, { smallest: 200, median: 300, largest: 900 });
    assert.deepEqual([found.transactions, found.inputs, found.outputs, found.malformed], [4, 4, 7, undefined]);
  });

  test('counts transactions by type; those that dashcore-lib reads are not unreadable', () => {
    const known = SPECIAL_TRANSACTIONS.map(({ hex }) => Buffer.from(hex, 'hex'));
    const { kinds } = anatomyOf(coinbase(Buffer.of(1, 2), []), ...known, buildPayment(200, 1));
    assert.deepEqual(
      kinds.map(({ type }) => type),
      [...new Set([0, 5, ...SPECIAL_TRANSACTIONS.map(({ type }) => type)])].sort((a, b) => a - b),
    );
    assert.ok(kinds.every(({ unreadable }) => unreadable === 0));
    assert.equal(kinds.find(({ type }) => type === 0)?.bytes, 200);
  });

  test('what comes with Core 24 is counted as not readable: CbTx 4, ProTx 3, asset unlock 2, types 10 to 12', () => {
    const found = anatomyOf(
      coinbase(Buffer.of(1, 2), [], cbTx(4)),
      special(1, Buffer.concat([Buffer.of(3, 0), Buffer.alloc(300, 1)])),
      special(9, Buffer.concat([Buffer.of(2), Buffer.alloc(144, 9)])),
      ...[10, 11, 12].map((type) => special(type, Buffer.alloc(300, type))),
    );
    assert.equal(found.coinbase?.payloadVersion, 4);
    assert.deepEqual(
      found.kinds.map(({ type, count, unreadable }) => [type, count, unreadable]),
      [1, 5, 9, 10, 11, 12].map((type) => [type, 1, 1]),
    );
  });

  test('a block that is cut off is read as far as it goes, and says where it ends', () => {
    const whole = buildBlock({ transactions: [buildCoinbase(), buildPayment(200, 1), buildPayment(200, 2)] });
    const { transactions, malformed, size } = readAnatomy(whole.subarray(0, -50), library);
    assert.deepEqual([transactions, size], [2, whole.length - 50]);
    assert.match(malformed ?? '', /bytes/);
    assert.match(readAnatomy(Buffer.concat([whole, Buffer.of(0)]), library).malformed ?? '', /1 byte/);
  });

  test('a block without a coinbase has none, and amounts that no supply allows are left out', () => {
    assert.equal(anatomyOf(buildPayment(200, 1)).coinbase, undefined);
    const found = anatomyOf(coinbase(Buffer.of(1, 2), [{ value: (1n << 64n) - 1n, script: p2pkh(1) }]));
    assert.deepEqual([found.coinbase?.amount, found.coinbase?.payees[0]?.amount], [undefined, undefined]);
  });

  test('keeps at most 100 outputs and 32 types, whatever a block has', () => {
    const outputs = Array.from({ length: 500 }, () => ({ value: 1n, script: p2pkh(3) }));
    const types = Array.from({ length: 100 }, (_, i) => special(1_000 + i, Buffer.alloc(4)));
    const found = anatomyOf(coinbase(Buffer.of(1, 2), outputs), ...types);
    assert.deepEqual([found.coinbase?.payees.length, found.coinbase?.outputs, found.kinds.length], [100, 500, 32]);
    assert.equal(found.coinbase?.amount, 500);
  });

  test('any bytes are read without an error', () => {
    const start = buildBlock({ transactions: [coinbase(Buffer.from('text'), [])] });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(start.length), (bytes, cut) => {
        const found = readAnatomy(Buffer.concat([start.subarray(0, cut), bytes]), library);
        assert.ok(found.transactions <= cut + bytes.length);
      }),
    );
  });
});

describe('the text of a coinbase', () => {
  test('is its printable runs on one line, without control, format and bidirectional characters', () => {
    const text = '\u0003\u00e8\u0003\u0000/pool/\u0007\u001b[31mred\u202egnp.exe\u2028line\nnext ⛏ Bitte\u0000x';
    assert.equal(printable(Buffer.from(text)), '/pool/ [31mred gnp.exe line next ⛏ Bitte');
  });

  test('keeps markup as the characters it is', () => {
    assert.equal(printable(Buffer.from('<img src=x onerror=alert(1)>')), '<img src=x onerror=alert(1)>');
  });

  test('is at most 100 printable characters of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = printable(Buffer.from(bytes));
        assert.ok([...text].length <= 100);
        assert.doesNotMatch(text, /[\p{C}\p{Zl}\p{Zp}\ufffd]/u);
      }),
    );
  });
});
