import { Reader } from '../wire/reader.js';

const OUTPOINT_SIZE = 36;
/** The outpoint that stands for newly made coins. */
const NULL_OUTPOINT = Buffer.alloc(OUTPOINT_SIZE).fill(0xff, 32);

/** Where things are in a transaction with one input: version 4, count 1, outpoint 36, script. */
const INPUT_COUNT_OFFSET = 4;
const OUTPOINT_OFFSET = 5;
const SCRIPT_OFFSET = OUTPOINT_OFFSET + OUTPOINT_SIZE;

/** Whether a transaction makes the block's coins. @param tx a whole transaction, as the scan cuts it */
export function isCoinbase(tx: Buffer): boolean {
  return (
    tx[INPUT_COUNT_OFFSET] === 1 && tx.compare(NULL_OUTPOINT, 0, OUTPOINT_SIZE, OUTPOINT_OFFSET, SCRIPT_OFFSET) === 0
  );
}

const COINBASE_TYPE = 5;
const PAYLOAD_HEIGHT_OFFSET = 2;

/**
 * The height a coinbase claims for its block, undefined when it claims none. Since DIP 3 that is in the payload (DIP 4), all
 * versions of which begin alike, and the script is the miner's to fill; before, it begins the script (BIP 34), in blocks of
 * version 2 and up. Source: Dash Core `src/evo/cbtx.h`, `src/validation.cpp` ContextualCheckBlock.
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

/** The height is pushed as a script number: an opcode for 1 to 16, else little-endian behind its length, the top bit a sign. */
function scriptHeight(coinbase: Buffer): number | undefined {
  const reader = new Reader(coinbase, SCRIPT_OFFSET);
  const script = reader.take(reader.compactSize('coinbase.script'), 'coinbase.script');
  const opcode = script[0] ?? 0;
  if (opcode >= OP_1 && opcode <= OP_16) return opcode - OP_1 + 1;
  if (opcode < 1 || opcode > 4 || script.length <= opcode) return undefined;
  const height = script.readIntLE(1, opcode);
  return height < 0 ? undefined : height;
}
