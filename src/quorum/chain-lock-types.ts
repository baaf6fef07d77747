/** Which type of quorum signs the ChainLocks of each network. Source: Dash Core chainparams.cpp (`llmqTypeChainLocks`), llmq/params.h. */
import type { NetworkName } from '../wire/network.js';
import { LLMQ_400_60, type QuorumType } from './signing-quorum.js';

export interface ChainLockType {
  readonly type: QuorumType;
  /** As dashd's RPC calls it. */
  readonly name: string;
}

/** A devnet whose dashd is started with `-llmqchainlocks` has another type; its quorums are then not found. */
export const CHAIN_LOCK_TYPES: Readonly<Record<NetworkName, ChainLockType>> = {
  mainnet: { type: LLMQ_400_60, name: 'llmq_400_60' },
  testnet: { type: 1, name: 'llmq_50_60' },
  devnet: { type: 101, name: 'llmq_devnet' },
  regtest: { type: 100, name: 'llmq_test' },
};
