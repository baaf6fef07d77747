/**
 * A block as a pool makes it: from dashd's `getblocktemplate`, with the coinbase payload (DIP 4), the masternode's share and the quorum
 * commitments that the template asks for. Facts: Dash Core `rpc/mining.cpp`.
 */
import { ANYONE_CAN_SPEND, COINBASE_TYPE, pushNumber } from '../../../src/simulated/build-coinbase.js';
import { assemble } from '../../../src/simulated/miner.js';
import { encodeTransaction, NULL_INDEX } from '../../../src/simulated/transaction.js';
import { type Hash, ZERO_HASH } from '../../../src/wire/reader.js';

/** The fields of an answer to `getblocktemplate` that make a block. Amounts in duffs. */
export interface BlockTemplate {
  readonly previousblockhash: Hash;
  readonly height: number;
  /** Seconds since the Unix epoch. */
  readonly curtime: number;
  readonly coinbasevalue: number;
  readonly masternode: readonly { readonly script: string; readonly amount: number }[];
  readonly coinbase_payload: string;
  readonly transactions: readonly { readonly data: string }[];
}

/** @returns a block on the template, with proof of work. @throws Error when `loadX11()` has not finished */
export function blockOn(template: BlockTemplate): Buffer {
  return assemble({ parent: template.previousblockhash, time: template.curtime }, [
    coinbaseOf(template),
    ...template.transactions.map(({ data }) => Buffer.from(data, 'hex')),
  ]);
}

/** The miner gets what the masternode does not. */
function coinbaseOf(template: BlockTemplate): Buffer {
  const shares = template.masternode.map(({ script, amount }) => ({
    value: BigInt(amount),
    script: Buffer.from(script, 'hex'),
  }));
  const rest = shares.reduce((left, { value }) => left - value, BigInt(template.coinbasevalue));
  return encodeTransaction({
    version: 3,
    type: COINBASE_TYPE,
    // At least two bytes of script: consensus/tx_check.cpp.
    inputs: [
      { txid: ZERO_HASH, index: NULL_INDEX, script: Buffer.concat([pushNumber(template.height), Buffer.of(0)]) },
    ],
    outputs: [{ value: rest, script: ANYONE_CAN_SPEND }, ...shares],
    payload: Buffer.from(template.coinbase_payload, 'hex'),
  });
}
