/** What dashd answers about InstantSend locks, its mempool and its sporks. Source: Dash Core `rpc/rawtransaction.cpp`, `rpc/mempool.cpp`, `rpc/node.cpp`. */
import { type Hash, hashFromWire } from '../wire/reader.js';
import type { SimulatedNode } from './node.js';
import { RpcError } from './rpc-calls.js';

const RPC_INVALID_ADDRESS_OR_KEY = -5;
const RPC_INVALID_PARAMETER = -8;
const RPC_TYPE_ERROR = -3;
const MAX_TXIDS = 100;

type Method = readonly [string, (params: readonly unknown[]) => unknown];

export function lockMethods(node: SimulatedNode): Method[] {
  const { mempool, instantSend, chain } = node;
  const rawOf = (txid: Hash): Buffer | undefined =>
    [...mempool].find((entry) => hashFromWire(entry.txid) === txid)?.raw;
  return [
    ['getrawmempool', () => mempool.txids],
    ['getislocks', ([txids]) => listOf(txids).map((txid) => instantSend.describe(txid))],
    [
      'getrawtransaction',
      ([txid]) => {
        const raw = rawOf(String(txid));
        if (raw !== undefined) return raw.toString('hex');
        const remedy = 'Use -txindex or provide a block hash to enable blockchain transaction queries';
        throw new RpcError(
          RPC_INVALID_ADDRESS_OR_KEY,
          `No such mempool transaction. ${remedy}. Use gettransaction for wallet transactions.`,
        );
      },
    ],
    [
      'getmempoolentry',
      ([value]) => {
        const txid = String(value);
        const raw = rawOf(txid);
        if (raw === undefined) throw new RpcError(RPC_INVALID_ADDRESS_OR_KEY, 'Transaction not in mempool');
        const seenAt = instantSend.unlocked.get(txid) ?? chain.tip.header.time * 1_000;
        return {
          vsize: raw.length,
          time: Math.floor(seenAt / 1_000),
          height: chain.tip.height,
          depends: [],
          instantlock: String(instantSend.isLocked(txid)),
          unbroadcast: false,
        };
      },
    ],
    [
      'spork',
      () => ({
        SPORK_2_INSTANTSEND_ENABLED: instantSend.active,
        SPORK_3_INSTANTSEND_BLOCK_FILTERING: instantSend.active,
      }),
    ],
  ];
}

function listOf(txids: unknown): Hash[] {
  if (!Array.isArray(txids))
    throw new RpcError(RPC_TYPE_ERROR, 'JSON value of type null is not of expected type array');
  if (txids.length > MAX_TXIDS) throw new RpcError(RPC_INVALID_PARAMETER, 'Up to 100 txids only');
  return txids.map(String);
}
