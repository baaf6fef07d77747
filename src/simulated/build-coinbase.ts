import { ZERO_HASH } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { encodeTransaction, NULL_INDEX } from './transaction.js';

/** OP_TRUE: an output that needs no signature, for filler transactions. */
export const ANYONE_CAN_SPEND = Buffer.of(0x51);
/** DIP 4: the coinbase's special transaction type. */
export const COINBASE_TYPE = 5;

const OP_1_LESS_ONE = 0x50;
const COINBASE_PAYLOAD_VERSION = 3;
export const BLS_SIGNATURE_BYTES = 96;

/** The script that pushes a number: OP_1 to OP_16, else minimal little-endian with a sign bit. Source: Core `script/script.h`. */
export function pushNumber(value: number): Buffer {
  if (value >= 1 && value <= 16) return Buffer.of(OP_1_LESS_ONE + value);
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  if ((bytes.at(-1) ?? 0) >= 0x80) bytes.push(0);
  return Buffer.of(bytes.length, ...bytes);
}

export interface CoinbaseParts {
  readonly height: number;
  /** In duffs. */
  readonly value: bigint;
  /** Distinguishes the coinbases of competing blocks. */
  readonly extraNonce: number;
  /** True after the activation of DIP 3: the coinbase is a special transaction with a payload. */
  readonly special: boolean;
  /** Put into the script behind the extra nonce, as pools do; at most 75 bytes. */
  readonly text?: string | undefined;
  /** Takes its part of the value, a number from 0 to 1; the rest anyone can spend. */
  readonly payees?: readonly { readonly part: number; readonly script: Buffer }[] | undefined;
}

/** A coinbase with its height in the script (BIP 34) and, if special, in the payload (DIP 4). */
export function encodeCoinbase(given: CoinbaseParts): Buffer {
  const { height, value, extraNonce, special, text = '', payees = [] } = given;
  const nonce = Buffer.alloc(4);
  nonce.writeUInt32LE(extraNonce);
  const words = Buffer.from(text);
  const script = Buffer.concat([pushNumber(height), Buffer.of(nonce.length), nonce, ...pushOf(words)]);
  const paid = payees.map((payee) => ({
    value: (value * BigInt(Math.round(payee.part * PARTS))) / BigInt(PARTS),
    script: payee.script,
  }));
  const rest = paid.reduce((left, output) => left - output.value, value);
  const parts = {
    inputs: [{ txid: ZERO_HASH, index: NULL_INDEX, script }],
    outputs: [{ value: rest, script: ANYONE_CAN_SPEND }, ...paid],
  };
  return special
    ? encodeTransaction({ version: 3, type: COINBASE_TYPE, ...parts, payload: coinbasePayload(height) })
    : encodeTransaction({ version: 2, ...parts });
}

/** Parts of a value are exact to so many. */
const PARTS = 10_000;

function pushOf(bytes: Buffer): Buffer[] {
  return bytes.length === 0 ? [] : [Buffer.of(bytes.length), bytes];
}

/** The payload on a network without masternodes: empty merkle roots and no ChainLock. Source: Dash Core `evo/cbtx.h`. */
function coinbasePayload(height: number): Buffer {
  const NO_CHAINLOCK = 0;
  return new Writer()
    .bytes(Buffer.of(COINBASE_PAYLOAD_VERSION, 0))
    .i32(height)
    .hash(ZERO_HASH)
    .hash(ZERO_HASH)
    .compactSize(NO_CHAINLOCK)
    .bytes(Buffer.alloc(BLS_SIGNATURE_BYTES))
    .i64(0n)
    .finish();
}
