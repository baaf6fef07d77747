import { sha256d } from '../block/merkle.js';
import { type Hash, hashFromWire, type Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

interface TxInput {
  readonly txid: Hash;
  readonly index: number;
  readonly script: Buffer;
}

interface TxOutput {
  /** In duffs (10^-8 DASH). */
  readonly value: bigint;
  readonly script: Buffer;
}

export interface Transaction {
  readonly version: number;
  /** DIP 2: 0 for a classical transaction; otherwise the version is 3 and a payload follows. */
  readonly type?: number;
  readonly inputs: readonly TxInput[];
  readonly outputs: readonly TxOutput[];
  readonly payload?: Buffer;
}

/** The index of the null outpoint, the input of a coinbase. */
export const NULL_INDEX = 0xffff_ffff;
const FINAL_SEQUENCE = 0xffff_ffff;

/** Dash's serialisation, with DIP 2's type in the upper half of the version. */
export function encodeTransaction(transaction: Transaction): Buffer {
  const writer = new Writer().u32((transaction.version | ((transaction.type ?? 0) << 16)) >>> 0);
  writer.compactSize(transaction.inputs.length);
  for (const input of transaction.inputs) {
    writer.hash(input.txid).u32(input.index).varBytes(input.script).u32(FINAL_SEQUENCE);
  }
  writer.compactSize(transaction.outputs.length);
  for (const output of transaction.outputs) writer.i64(output.value).varBytes(output.script);
  writer.u32(0);
  if (transaction.payload !== undefined) writer.varBytes(transaction.payload);
  return writer.finish();
}

/** The double SHA-256 of the serialised transaction, in display order. */
export function txidOf(raw: Uint8Array): Hash {
  return hashFromWire(sha256d(raw));
}

/** The fields of a coinbase that the rules check. */
export interface TxHead {
  readonly type: number;
  /** The first input's script. */
  readonly script: Buffer;
}

/** @throws Malformed when the bytes end too early */
export function readHead(reader: Reader): TxHead {
  const type = reader.u32('tx.version') >>> 16;
  reader.compactSize('tx.inputs');
  reader.skip(36, 'input.outpoint');
  return { type, script: reader.take(reader.compactSize('input.script'), 'input.script') };
}
