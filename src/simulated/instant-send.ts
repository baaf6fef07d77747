import { isdlock } from '../wire/isdlock.js';
import { type Hash, ZERO_HASH } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

const SIGNATURE_BYTES = 96;

/**
 * The InstantSend locks of a simulated node: off unless it is switched on, as on regtest without sporks; then each transaction is locked but
 * for those that a test or the demo names. The signatures have the right size and are all zeros.
 */
export class InstantSend {
  /** Sporks 2 and 3. May be changed at any time. */
  active = false;
  /** Transactions without a lock, and when the node got them, ms since the epoch. May be changed at any time. */
  readonly unlocked = new Map<Hash, number>();

  isLocked(txid: Hash): boolean {
    return this.active && !this.unlocked.has(txid);
  }

  /** An entry of `getislocks`. Source: Dash Core `rpc/rawtransaction.cpp`. */
  describe(txid: Hash): object | string {
    if (!this.isLocked(txid)) return 'None';
    const inputs = [{ txid: ZERO_HASH, index: 0 }];
    const signature = Buffer.alloc(SIGNATURE_BYTES);
    const writer = new Writer();
    isdlock.encode(writer, { command: 'isdlock', version: 1, inputs, txid, cycle: ZERO_HASH, signature });
    return {
      txid,
      inputs: inputs.map(({ txid: spent, index }) => ({ txid: spent, vout: index })),
      id: ZERO_HASH,
      cycleHash: ZERO_HASH,
      signature: signature.toString('hex'),
      hex: writer.finish().toString('hex'),
    };
  }
}
