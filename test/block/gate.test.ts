import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Block, type Inspection, inspect, MAX_BLOCK_SIZE } from '../../src/block/gate.js';
import { loadX11 } from '../../src/block/x11.js';
import { NETWORKS } from '../../src/wire/network.js';
import { hashFromWire, ZERO_HASH } from '../../src/wire/reader.js';
import { leastCpuMs } from '../support/cpu.js';
import { REGTEST_BLOCKS } from '../vectors/block/regtest.js';
import { genesisBlocks } from './genesis.js';
import {
  buildBlock,
  buildCoinbase,
  buildPayment,
  buildTx,
  grind,
  mineBlock,
  naiveMerkleRoot,
  naiveSha256d,
} from './support.js';

const { mainnet, regtest } = NETWORKS;
/** Where the first transaction of a block with fewer than 253 begins: behind the header and the count. */
const FIRST_TRANSACTION = 81;

describe('the gate', () => {
  before(() => loadX11());

  const codes = (inspection: Inspection) =>
    inspection.kind === 'refused' ? inspection.code : inspection.doubts.map(({ code }) => code);

  function clean(raw: Buffer, network = regtest): Block {
    const inspection = inspect(raw, network);
    assert.equal(inspection.kind, 'block');
    assert.ok(inspection.kind === 'block');
    assert.deepEqual(inspection.doubts, []);
    return inspection.block;
  }

  function claims(header: Buffer): Pick<Block, 'time' | 'bits'> {
    return { time: header.readUInt32LE(68), bits: header.readUInt32LE(72) };
  }

  for (const { network, raw, hash } of genesisBlocks) {
    test(`${network}'s genesis block passes`, () => {
      const block = clean(raw, NETWORKS[network]);
      const header = raw.subarray(0, 80);
      assert.deepEqual(block, {
        hash,
        header,
        previous: ZERO_HASH,
        ...claims(header),
        raw,
        size: raw.length,
        transactions: 1,
        layout: {
          txids: [naiveSha256d(raw.subarray(FIRST_TRANSACTION))],
          starts: [FIRST_TRANSACTION],
          end: raw.length,
        },
      });
    });
  }

  for (const { height, hash, previous, hex, txids } of REGTEST_BLOCKS.slice(1)) {
    test(`dashd's regtest block ${height} passes`, () => {
      const raw = Buffer.from(hex, 'hex');
      const header = raw.subarray(0, 80);
      const { layout, ...block } = clean(raw);
      assert.deepEqual(
        layout?.txids.map((txid) => hashFromWire(txid)),
        txids,
      );
      assert.deepEqual([layout?.starts[0], layout?.end], [FIRST_TRANSACTION, raw.length]);
      assert.deepEqual(block, {
        hash,
        header,
        previous,
        ...claims(header),
        raw,
        size: raw.length,
        transactions: txids.length,
        height,
      });
    });
  }

  test('nothing is copied', () => {
    const raw = mineBlock();
    const block = clean(raw);
    assert.equal(block.raw, raw);
    assert.equal(block.header.buffer, raw.buffer);
    assert.equal(block.header.byteOffset, raw.byteOffset);
  });

  test('the largest block passes, one byte more is refused', () => {
    const coinbase = buildCoinbase();
    // 80 of header and 3 of count, which stands for any number from 253 up.
    const rest = MAX_BLOCK_SIZE - 83 - coinbase.length;
    const payments = Array.from({ length: 300 }, (_, i) => buildPayment(6_000, i));
    const last = rest - 6_000 * payments.length;
    const transactions = [coinbase, ...payments, buildPayment(last - 2, 300)];
    const size = mineBlock({ transactions }).length;
    const exact = mineBlock({
      transactions: [coinbase, ...payments, buildPayment(last - 2 + MAX_BLOCK_SIZE - size, 300)],
    });
    assert.equal(exact.length, MAX_BLOCK_SIZE);
    clean(exact);
    assert.equal(codes(inspect(Buffer.concat([exact, Buffer.of(1)]), regtest)), 'too-large');
    assert.deepEqual(codes(inspect(Buffer.concat([exact, Buffer.of(0)]), regtest)), [], 'but for the NUL of a string');
    const padded = Buffer.concat([mineBlock(), Buffer.alloc(MAX_BLOCK_SIZE)]).subarray(0, MAX_BLOCK_SIZE + 1);
    assert.equal(codes(inspect(padded, regtest)), 'too-large');
    const large = mineBlock({
      transactions: [coinbase, ...payments, buildPayment(last - 1 + MAX_BLOCK_SIZE - size, 300)],
    });
    assert.equal(large.length, MAX_BLOCK_SIZE + 1);
    assert.equal(codes(inspect(large, regtest)), 'too-large');
  });

  test('a version-2 asset unlock is no cause for doubt', () => {
    const unlock = buildTx({ version: 3, type: 9, payload: Buffer.alloc(145, 2) });
    const unsigned = Buffer.from(unlock).fill(0, unlock.length - 132);
    const coinbase = buildCoinbase();
    const merkleRoot = naiveMerkleRoot([coinbase, unsigned].map(naiveSha256d));
    clean(mineBlock({ transactions: [coinbase, unlock], merkleRoot }));
  });

  describe('refuses', () => {
    test('no bytes', () => {
      const inspection = inspect(Buffer.alloc(0), regtest);
      assert.deepEqual(inspection, { kind: 'refused', code: 'empty', reason: 'there are no bytes', size: 0 });
    });

    test('a header and nothing behind it', () => {
      const inspection = inspect(mineBlock().subarray(0, 80), regtest);
      assert.deepEqual(inspection, {
        kind: 'refused',
        code: 'too-small',
        reason: '80 bytes; a block has 81 or more',
        size: 80,
      });
    });

    test('more than the largest block, without a look inside', () => {
      const inspection = inspect(Buffer.alloc(MAX_BLOCK_SIZE + 17), regtest);
      assert.equal(inspection.kind, 'refused');
      assert.deepEqual(codes(inspection), 'too-large');
      assert.equal('hash' in inspection, false);
    });

    test('a hash above its target, and names the hash', () => {
      const inspection = inspect(grind(buildBlock(), false), regtest);
      assert.ok(inspection.kind === 'refused');
      assert.equal(inspection.code, 'bad-proof-of-work');
      assert.match(inspection.reason, /is above the claimed target 207fffff/);
      assert.match(inspection.hash ?? '', /^[0-9a-f]{64}$/);
    });

    test("another network's easier target", () => {
      const inspection = inspect(mineBlock(), mainnet);
      assert.ok(inspection.kind === 'refused');
      assert.equal(inspection.code, 'bad-proof-of-work');
      assert.match(inspection.reason, /easier than mainnet allows/);
    });

    test('any one bit changed in a header that took work to find', () => {
      const raw = genesisBlocks[0]?.raw ?? Buffer.alloc(0);
      fc.assert(
        fc.property(fc.nat(80 * 8 - 1), (bit) => {
          const changed = Buffer.from(raw);
          changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
          assert.equal(codes(inspect(changed, mainnet)), 'bad-proof-of-work');
        }),
      );
    });
  });

  describe('doubts', () => {
    const coinbase = buildCoinbase();
    const payment = buildPayment(200, 1);
    const other = buildPayment(200, 2);
    const cases: [what: string, raw: () => Buffer, codes: string[]][] = [
      ['transactions cut short', () => mineBlock().subarray(0, -1), ['transactions']],
      ['bytes left over', () => Buffer.concat([mineBlock(), Buffer.of(1)]), ['transactions']],
      ['more white space than ends a line', () => Buffer.concat([mineBlock(), Buffer.alloc(17)]), ['transactions']],
      ['no coinbase', () => mineBlock({ transactions: [payment, other] }), ['coinbase']],
      ['a coinbase that is not first', () => mineBlock({ transactions: [payment, coinbase] }), ['coinbase']],
      [
        'a second coinbase',
        () => mineBlock({ transactions: [coinbase, payment, buildCoinbase(Buffer.from('03e90300', 'hex'))] }),
        ['coinbase'],
      ],
      ['another merkle root', () => mineBlock({ merkleRoot: Buffer.alloc(32, 5) }), ['merkle-root']],
      [
        'repeated transactions behind a right root',
        () => mineBlock({ transactions: [coinbase, payment, other, other] }),
        ['mutated'],
      ],
      ['no transactions', () => mineBlock({ transactions: [], merkleRoot: Buffer.alloc(32) }), ['coinbase']],
      [
        'all that can be doubted of a block that was read',
        () => mineBlock({ transactions: [payment, payment], merkleRoot: Buffer.alloc(32, 5) }),
        ['coinbase', 'merkle-root', 'mutated'],
      ],
    ];
    for (const [what, raw, expected] of cases) {
      test(what, () => {
        const inspection = inspect(raw(), regtest);
        assert.deepEqual(codes(inspection), expected);
        assert.ok(inspection.kind === 'block');
        for (const { reason } of inspection.doubts) assert.notEqual(reason, '');
      });
    }

    test('a block whose transactions cannot be read is still a block, with no count and no height', () => {
      const raw = mineBlock().subarray(0, -1);
      const inspection = inspect(raw, regtest);
      assert.ok(inspection.kind === 'block');
      assert.deepEqual(Object.keys(inspection.block).sort(), [
        'bits',
        'hash',
        'header',
        'previous',
        'raw',
        'size',
        'time',
      ]);
    });

    test('white space and NULs after a block are cut off, and counted', () => {
      const raw = mineBlock();
      for (const tail of ['\n', '\0', '\r\n\0', ' '.repeat(16)]) {
        const inspection = inspect(Buffer.concat([raw, Buffer.from(tail)]), regtest);
        assert.ok(inspection.kind === 'block');
        assert.deepEqual(inspection.doubts, []);
        assert.deepEqual([inspection.block.raw, inspection.block.size], [raw, raw.length]);
        assert.equal(inspection.cutOff, tail.length);
      }
    });

    test('a body of absurdly many transactions is doubted within 20 ms, one of 6,000 is checked', () => {
      const tiny = (count: number) => Array.from({ length: count }, (_, i) => buildTx({ lockTime: i }));
      const absurd = mineBlock({ transactions: tiny(190_000), merkleRoot: Buffer.alloc(32) });
      const ms = leastCpuMs(3, () => assert.deepEqual(codes(inspect(absurd, regtest)), ['transactions']));
      assert.ok(ms < 20, `${ms} ms`);
      const most = [coinbase, ...tiny(5_999)];
      clean(mineBlock({ transactions: most }));
      assert.deepEqual(codes(inspect(mineBlock({ transactions: [...most, payment] }), regtest)), ['transactions']);
    });

    test('any one byte changed behind the header is doubted', () => {
      const raw = mineBlock({ transactions: [coinbase, payment, other] });
      fc.assert(
        fc.property(fc.integer({ min: 80, max: raw.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
          const changed = Buffer.from(raw);
          changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
          const inspection = inspect(changed, regtest);
          assert.ok(inspection.kind === 'block');
          assert.notDeepEqual(inspection.doubts, []);
        }),
      );
    });
  });

  test('any bytes: never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        assert.match(inspect(Buffer.from(noise), regtest).kind, /^(refused|block)$/);
      }),
    );
  });
});
