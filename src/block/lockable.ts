/**
 * Which transactions of a block a signer of its ChainLock waits for: all but the coinbase and those without inputs. Source: Dash Core
 * `chainlock/signing.cpp`, BlockConnected.
 */
import { type Hash, hashFromWire, Malformed, Reader } from '../wire/reader.js';
import { nextTransaction } from './scan.js';
import { HEADER_SIZE } from './x11.js';

/** Where the inputs of a transaction are counted: behind version and type, 16 bits each. Source: DIP 2. */
const INPUTS_AT = 4;

/** Whether a transaction has inputs. Quorum commitments and asset unlocks have none. @throws Malformed for bytes that end before */
export function hasInputs(transaction: Buffer): boolean {
  return new Reader(transaction, INPUTS_AT).compactSize('inputs') > 0;
}

/**
 * Reads one transaction a step: those of 2 MB take 20 ms.
 * @returns their ids; undefined for a block whose transactions cannot be told apart
 */
export function* lockableTransactions(block: Buffer): Generator<void, readonly Hash[] | undefined> {
  try {
    const reader = new Reader(block, HEADER_SIZE);
    const txids: Hash[] = [];
    for (
      let left = reader.compactSize('block.transactions'), isCoinbase = true;
      left > 0;
      left -= 1, isCoinbase = false
    ) {
      const { raw, txid } = nextTransaction(reader);
      if (!isCoinbase && hasInputs(raw)) txids.push(hashFromWire(txid));
      yield;
    }
    return txids;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
