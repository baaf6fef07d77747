/** Builds blocks byte by byte, using of src/block only the hash. */
import { createHash } from 'node:crypto';
import { hashHeader } from '../../src/block/x11.js';
import { hashToWire } from '../../src/wire/reader.js';
import { Writer } from '../../src/wire/writer.js';

export const REGTEST_BITS = 0x207f_ffff;

export interface TxParts {
  /** The low 16 bits, signed. */
  readonly version?: number;
  readonly type?: number;
  readonly inputs?: readonly TxInput[];
  readonly outputs?: readonly TxOutput[];
  readonly lockTime?: number;
  readonly payload?: Uint8Array;
}

export interface TxInput {
  /** 36 bytes. */
  readonly outpoint: Uint8Array;
  readonly script: Uint8Array;
  readonly sequence: number;
}

export interface TxOutput {
  readonly value: bigint;
  readonly script: Uint8Array;
}

/** A transaction as DIP 2 lays it out. A payload is written whenever one is given. */
export function buildTx(parts: TxParts): Buffer {
  const { version = 2, type = 0, inputs = [], outputs = [], lockTime = 0, payload } = parts;
  const writer = new Writer().u32((((type << 16) | (version & 0xffff)) >>> 0) as number).compactSize(inputs.length);
  for (const input of inputs) writer.bytes(input.outpoint).varBytes(input.script).u32(input.sequence);
  writer.compactSize(outputs.length);
  for (const output of outputs) writer.u64(output.value).varBytes(output.script);
  writer.u32(lockTime);
  if (payload !== undefined) writer.varBytes(payload);
  return writer.finish();
}

export const NULL_OUTPOINT = Buffer.alloc(36).fill(0xff, 32);

/** @param script opens with the height; `03e80300` is block 1,000 */
export function buildCoinbase(script = Buffer.from('03e80300', 'hex'), outputs = 1): Buffer {
  return buildTx({
    inputs: [{ outpoint: NULL_OUTPOINT, script, sequence: 0xffff_ffff }],
    outputs: Array.from({ length: outputs }, () => ({ value: 5_000_000_000n, script: Buffer.of(0x51) })),
  });
}

/** A payment of a given size in bytes, at least 70, distinct for each `salt`. */
export function buildPayment(size: number, salt: number): Buffer {
  const outpoint = Buffer.alloc(36, 0xab);
  outpoint.writeUInt32LE(salt, 0);
  const output = { value: 1_000n, script: Buffer.alloc(1, 0x51) };
  const bare = buildTx({ inputs: [{ outpoint, script: Buffer.alloc(0), sequence: 0 }], outputs: [output] }).length;
  const room = size - bare;
  const script = Buffer.alloc(room > 0xfd + 2 ? room - 2 : room, 0x01);
  return buildTx({ inputs: [{ outpoint, script, sequence: 0 }], outputs: [output] });
}

export function naiveSha256d(bytes: Uint8Array): Buffer {
  const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest();
  return sha256(sha256(bytes));
}

/** The definition: hash in pairs, an odd last one with itself, until one is left. */
export function naiveMerkleRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return Buffer.alloc(32);
  if (leaves.length === 1) return only;
  const parents: Buffer[] = [];
  for (let i = 0; i < leaves.length; i += 2) {
    const left = leaves[i] ?? only;
    parents.push(naiveSha256d(Buffer.concat([left, leaves[i + 1] ?? left])));
  }
  return naiveMerkleRoot(parents);
}

export interface BlockParts {
  readonly transactions?: readonly Buffer[];
  readonly version?: number;
  readonly previous?: string;
  /** In wire order; that of the transactions when left out. */
  readonly merkleRoot?: Buffer;
  readonly time?: number;
  readonly bits?: number;
}

/** A block whose nonce is still 0. */
export function buildBlock(parts: BlockParts = {}): Buffer {
  const { transactions = [buildCoinbase()], version = 0x2000_0000, previous = '11'.repeat(32) } = parts;
  const {
    merkleRoot = naiveMerkleRoot(transactions.map(naiveSha256d)),
    time = 1_790_000_000,
    bits = REGTEST_BITS,
  } = parts;
  const writer = new Writer().i32(version).bytes(hashToWire(previous)).bytes(merkleRoot).u32(time).u32(bits).u32(0);
  writer.compactSize(transactions.length);
  for (const tx of transactions) writer.bytes(tx);
  return writer.finish();
}

/** Tries nonces in place until the hash meets (or, with `wanted` false, misses) regtest's easiest target: two on average. */
export function grind(block: Buffer, wanted = true): Buffer {
  for (let nonce = 0; ; nonce++) {
    block.writeUInt32LE(nonce, 76);
    // 0x207fffff asks for a hash whose first bit is 0; the one hash in 2^23 just below the edge is left out.
    const meets = Number.parseInt(hashHeader(block.subarray(0, 80)).slice(0, 6), 16) < 0x7f_ffff;
    if (meets === wanted) return block;
  }
}

export function mineBlock(parts: BlockParts = {}): Buffer {
  return grind(buildBlock(parts));
}
