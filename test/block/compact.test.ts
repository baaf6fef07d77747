import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compactOf, hasCommitment, transactionAt } from '../../src/block/compact.js';
import { type Scan, scanTransactions } from '../../src/block/scan.js';
import { sipHash } from '../../src/block/sip-hash.js';
import { encodeFrame, FRAME_HEADER_BYTES } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { Reader } from '../../src/wire/reader.js';
import { buildBlock, buildCoinbase, buildPayment, buildTx } from './support.js';

const NONCE = 0x0123_4567_89ab_cdefn;

/** The specification in 64-bit integers, word by word: the naive model of {@link sipHash}. */
function sipHashModel(k0: bigint, k1: bigint, bytes: Buffer): bigint {
  const mask = (1n << 64n) - 1n;
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & mask;
  let [a, b, c, d] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const round = (): void => {
    a = (a + b) & mask;
    b = rotate(b, 13n) ^ a;
    a = rotate(a, 32n);
    c = (c + d) & mask;
    d = rotate(d, 16n) ^ c;
    a = (a + d) & mask;
    d = rotate(d, 21n) ^ a;
    c = (c + b) & mask;
    b = rotate(b, 17n) ^ c;
    c = rotate(c, 32n);
  };
  const padded = Buffer.alloc((bytes.length & ~7) + 8);
  bytes.copy(padded);
  padded.writeUInt8(bytes.length & 0xff, padded.length - 1);
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    d ^= word;
    round();
    round();
    a ^= word;
  }
  c ^= 0xffn;
  for (let rounds = 0; rounds < 4; rounds += 1) round();
  return a ^ b ^ c ^ d;
}

const joined = ({ low, high }: { low: number; high: number }): bigint => (BigInt(high) << 32n) | BigInt(low);

describe('SipHash-2-4', () => {
  // Key 00 … 0f, input 00 01 02 …: from the reference implementation's table.
  const key = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c] as const;
  const counting = Buffer.from(Array.from({ length: 32 }, (_, byte) => byte));
  const known: readonly (readonly [number, bigint])[] = [
    [0, 0x726fdb47dd0e0e31n],
    [1, 0x74f839c593dc67fdn],
    [8, 0x93f5f5799a932462n],
    [15, 0xa129ca6149be45e5n],
    [32, 0x7127512f72f27ccen],
  ];
  for (const [length, expected] of known) {
    it(`of ${length} bytes is that of the reference`, () => {
      assert.equal(joined(sipHash(key, counting.subarray(0, length))), expected);
    });
  }

  it('equals the model for any key and input', () => {
    const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    fc.assert(
      fc.property(u64, u64, fc.uint8Array({ maxLength: 80 }), (k0, k1, input) => {
        const bytes = Buffer.from(input);
        const words = Buffer.alloc(16);
        words.writeBigUInt64LE(k0);
        words.writeBigUInt64LE(k1, 8);
        const split = [
          words.readInt32LE(0),
          words.readInt32LE(4),
          words.readInt32LE(8),
          words.readInt32LE(12),
        ] as const;
        assert.equal(joined(sipHash(split, bytes)), sipHashModel(k0, k1, bytes));
      }),
    );
  });
});

describe('a compact block', () => {
  it('has the coinbase whole, and a short id for each other transaction: SipHash of its id, keyed by header and nonce', () => {
    const payments = [buildPayment(300, 1), buildPayment(400, 2), buildPayment(500, 3)];
    const { raw, scan } = scanned(payments);
    const compact = compactOf(raw, scan, NONCE);
    assert.ok(compact !== undefined);
    assert.deepEqual(compact.header, raw.subarray(0, 80));
    const salt = Buffer.alloc(8);
    salt.writeBigUInt64LE(NONCE);
    const key = hash('sha256', Buffer.concat([compact.header, salt]), 'buffer');
    const expected = scan.txids.slice(1).map((txid) => {
      const id = Buffer.alloc(8);
      id.writeBigUInt64LE(sipHashModel(key.readBigUInt64LE(0), key.readBigUInt64LE(8), txid));
      return id.subarray(0, 6);
    });
    assert.deepEqual(compact.shortIds, Buffer.concat(expected));
    assert.equal(compact.prefilled.count, 1);
    assert.deepEqual(compact.prefilled.bytes, Buffer.concat([Buffer.of(0), transactionAt(raw, scan, 0)]));
  });

  it('has asset unlocks whole, which mempools may lack, at their positions', () => {
    const { raw, scan } = scanned([buildPayment(300, 1), special(9), buildPayment(300, 2), special(9), special(5)]);
    const compact = compactOf(raw, scan, NONCE);
    assert.ok(compact !== undefined);
    assert.deepEqual([compact.prefilled.count, compact.shortIds.length / 6], [3, 3]);
    const reader = new Reader(compact.prefilled.bytes);
    const positions: number[] = [];
    let next = 0;
    for (const index of [0, 2, 4]) {
      const position = next + reader.compactSize('position');
      const tx = transactionAt(raw, scan, index);
      assert.deepEqual(reader.take(tx.length, 'transaction'), tx);
      positions.push(position);
      next = position + 1;
    }
    assert.deepEqual(positions, [0, 2, 4]);
    assert.equal(reader.remaining, 0);
  });

  it('never has a transaction without inputs and outputs whole, such as a quorum commitment: nodes punish it', () => {
    const commitment = buildTx({ version: 3, type: 6, payload: Buffer.alloc(330) });
    const { raw, scan } = scanned([commitment, buildPayment(300, 1)]);
    const compact = compactOf(raw, scan, NONCE, raw.length + 100);
    assert.deepEqual([compact?.prefilled.count, compact?.shortIds.length], [2, 6]);
    assert.ok(hasCommitment(raw, scan));
    const without = scanned([buildPayment(300, 1), special(9)]);
    assert.ok(!hasCommitment(without.raw, without.scan));
  });

  it('has further ones whole while there is room, the smallest first, and never takes more than that for them', () => {
    const { raw, scan } = scanned([
      buildPayment(900, 1),
      buildPayment(300, 2),
      buildPayment(2_000, 3),
      buildPayment(400, 4),
    ]);
    const framed = (room: number) => {
      const compact = compactOf(raw, scan, NONCE, room);
      assert.ok(compact !== undefined);
      const bytes = encodeFrame(NETWORKS.regtest.magic, compact).length - FRAME_HEADER_BYTES;
      return { count: compact.prefilled.count, bytes };
    };
    const least = framed(0).bytes;
    assert.deepEqual(
      [0, 500, 1_000, 2_000, 9_000].map((more) => framed(least + more).count),
      [1, 2, 3, 4, 5],
    );
    for (let room = least; room < raw.length + 100; room += 7) assert.ok(framed(room).bytes <= room, `${room}`);
  });

  it('of another nonce has other short ids', () => {
    const { raw, scan } = scanned([buildPayment(300, 1)]);
    assert.notDeepEqual(compactOf(raw, scan, 1n)?.shortIds, compactOf(raw, scan, 2n)?.shortIds);
  });
});

function special(type: number): Buffer {
  const payment = buildPayment(200, type);
  payment.writeUInt16LE(3, 0);
  payment.writeUInt16LE(type, 2);
  return Buffer.concat([payment, Buffer.of(2, 1, 0)]);
}

function scanned(payments: readonly Buffer[]): { raw: Buffer; scan: Extract<Scan, { ok: true }> } {
  const raw = buildBlock({ transactions: [buildCoinbase(), ...payments] });
  const scan = scanTransactions(raw);
  assert.ok(scan.ok);
  return { raw, scan };
}
