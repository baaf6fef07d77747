import { Reader } from '../wire/reader.js';
import type { Transactions } from './scan.js';

/** Where the inputs of a transaction are counted: behind version and type, 16 bits each. Source: DIP 2. */
const INPUTS_AT = 4;

/** Whether the transaction that begins at `start` has inputs. Quorum commitments and asset unlocks have none. @throws Malformed for bytes that end before */
export function hasInputs(bytes: Buffer, start: number): boolean {
  return new Reader(bytes, start + INPUTS_AT).compactSize('inputs') > 0;
}

/**
 * The positions of the transactions that a signer waits for: all but the coinbase and those without inputs. Source: Dash Core
 * `chainlock/signing.cpp`, BlockConnected.
 * @param raw a block whose transactions were found by `scanTransactions`
 */
export function lockablePositions(raw: Buffer, { starts }: Pick<Transactions, 'starts'>): number[] {
  return starts.flatMap((start, position) => (position > 0 && hasInputs(raw, start) ? [position] : []));
}
