import { Reader } from '../wire/reader.js';

const OUTPOINT_SIZE = 36;
/** The null outpoint, which only a coinbase spends. */
const NULL_OUTPOINT = Buffer.alloc(OUTPOINT_SIZE).fill(0xff, 32);

/** Offsets in a transaction with one input: version (4 bytes), count (1), outpoint (36), script. */
const INPUT_COUNT_OFFSET = 4;
const OUTPOINT_OFFSET = 5;
const SCRIPT_OFFSET = OUTPOINT_OFFSET + OUTPOINT_SIZE;

/** Whether a transaction is a coinbase. @param tx the whole transaction */
export function isCoinbase(tx: Buffer): boolean {
  return (
    tx[INPUT_COUNT_OFFSET] === 1 && tx.compare(NULL_OUTPOINT, 0, OUTPOINT_SIZE, OUTPOINT_OFFSET, SCRIPT_OFFSET) === 0
  );
}

const COINBASE_TYPE = 5;
const PAYLOAD_HEIGHT_OFFSET = 2;

/**
 * The block height in a coinbase; undefined when it has none. Since DIP 3 it is in the payload (DIP 4; all its versions begin with the same
 * fields) and the script is free; before, the script begins with it (BIP 34), from block version 2. Source: Dash Core `src/evo/cbtx.h`, `src/validation.cpp` ContextualCheckBlock.
 * @param payloadSize bytes of extra payload, 0 for none
 */
export function coinbaseHeight(coinbase: Buffer, payloadSize: number, blockVersion: number): number | undefined {
  if (payloadSize > 0) return payloadHeight(coinbase, payloadSize);
  return blockVersion >= 2 ? scriptHeight(coinbase) : undefined;
}

function payloadHeight(coinbase: Buffer, payloadSize: number): number | undefined {
  if (coinbase.readUInt16LE(2) !== COINBASE_TYPE || payloadSize < PAYLOAD_HEIGHT_OFFSET + 4) return undefined;
  const height = coinbase.readInt32LE(coinbase.length - payloadSize + PAYLOAD_HEIGHT_OFFSET);
  return height < 0 ? undefined : height;
}

const OP_1 = 0x51;
const OP_16 = 0x60;

/** The height is a script number: OP_1 to OP_16, or a length followed by little-endian bytes, of which the top bit is the sign. */
function scriptHeight(coinbase: Buffer): number | undefined {
  const reader = new Reader(coinbase, SCRIPT_OFFSET);
  const script = reader.take(reader.compactSize('coinbase.script'), 'coinbase.script');
  const opcode = script[0] ?? 0;
  if (opcode >= OP_1 && opcode <= OP_16) return opcode - OP_1 + 1;
  if (opcode < 1 || opcode > 4 || script.length <= opcode) return undefined;
  const height = script.readIntLE(1, opcode);
  return height < 0 ? undefined : height;
}
