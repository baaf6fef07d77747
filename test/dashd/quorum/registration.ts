/**
 * How a dashd without a wallet becomes a masternode on regtest: dashd generates the operator's key, and coinbases that anyone can spend
 * pay for the registration.
 */
import type { DashdProcess } from '../../../src/simulated/dashd-process.js';
import type { Funding } from '../../../src/simulated/filler.js';
import type { Hash } from '../../../src/wire/reader.js';
import { encodeProRegTx } from './pro-reg-tx.js';

/**
 * Arguments of each dashd: masternodes from the second block on (DIP 3); the coinbase has a ChainLock (v20) and pays the masternodes
 * their full share (mn_rr) before the first is registered; transactions may spend scripts that are not standard, and need no fee.
 */
export const CONSENSUS = [
  '-dip3params=2:2',
  '-testactivationheight=v20@100',
  '-testactivationheight=mn_rr@100',
  '-acceptnonstdtxn=1',
  '-minrelaytxfee=0',
  '-blockmintxfee=0',
];
/** Dash Core `consensus/consensus.h`: COINBASE_MATURITY. */
const MATURITY = 100;
/** Coinbases of 500 DASH that pay for one registration. */
const COINBASES_EACH = 3;

/** Of the basic BLS scheme, as hex. */
export interface OperatorKey {
  readonly secret: string;
  readonly public: string;
}

export function generateKey(dashd: DashdProcess): Promise<OperatorKey> {
  return dashd.rpc('bls', 'generate');
}

/** Mines what `count` registrations cost. The chain has no blocks yet. */
export async function mineFunds(dashd: DashdProcess, count: number): Promise<void> {
  await dashd.generate(COINBASES_EACH * count + MATURITY);
}

/**
 * Puts a registration in dashd's mempool.
 * @param nth which of the registrations that {@link mineFunds} has paid for, from 0
 * @param at where the masternode listens
 * @returns the masternode's proTxHash
 */
export async function register(
  dashd: DashdProcess,
  nth: number,
  at: { readonly host: string; readonly port: number },
  key: OperatorKey,
): Promise<Hash> {
  const heights = Array.from({ length: COINBASES_EACH }, (_, index) => 1 + COINBASES_EACH * nth + index);
  const funding = await Promise.all(heights.map((height) => coinbaseAt(dashd, height)));
  const raw = encodeProRegTx({ funding, host: at.host, port: at.port, operatorKey: key.public });
  const ANY_FEE = 0;
  return dashd.rpc('sendrawtransaction', raw.toString('hex'), ANY_FEE);
}

/** The first coinbase that no registration spends. @param count as given to {@link mineFunds} */
export function spareFunds(dashd: DashdProcess, count: number): Promise<Funding> {
  return coinbaseAt(dashd, COINBASES_EACH * count + 1);
}

async function coinbaseAt(dashd: DashdProcess, height: number): Promise<Funding> {
  const hash = await dashd.rpc<Hash>('getblockhash', height);
  const { tx } = await dashd.rpc<{ tx: [{ txid: Hash; vout: [{ valueSat: number }] }] }>('getblock', hash, 2);
  return { txid: tx[0].txid, index: 0, value: BigInt(tx[0].vout[0].valueSat) };
}

/**
 * The arguments of a masternode. It makes no connections but those to other masternodes; with `-connect=0` it would not make those either.
 * Source: Dash Core `net.cpp`, ThreadOpenMasternodeConnections.
 */
export function masternodeArguments({ secret }: OperatorKey): string[] {
  return ['-noconnect', `-masternodeblsprivkey=${secret}`];
}

/** A masternode takes part in nothing before its data are in sync, which takes minutes by itself. Source: Dash Core `masternode/sync.cpp`. */
export async function finishSync(node: DashdProcess): Promise<void> {
  while (!(await node.rpc<{ IsSynced: boolean }>('mnsync', 'status')).IsSynced) await node.rpc('mnsync', 'next');
}
