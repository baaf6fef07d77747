/**
 * The finality of a block, concluded from dashd's answers. The rules and their reasons:
 * docs/decisions/0011-when-a-block-is-orphaned.md.
 */
import type { FinalityState } from '../contracts/events.js';
import type { Hash } from '../wire/reader.js';

/** A block according to dashd: `getblockheader` (Core `rpc/blockchain.cpp`, blockheaderToJSON). */
export interface HeaderInfo {
  readonly hash: Hash;
  readonly height: number;
  /** 1 for the tip; -1 for a block that is not in the active chain. */
  readonly confirmations: number;
  /** True for a ChainLocked block and all below it. */
  readonly chainlock: boolean;
}

/** The end of a branch: `getchaintips`. */
export interface BranchTip {
  readonly hash: Hash;
  readonly height: number;
  /** Blocks since the fork from the active chain; 0 for the tip of that chain. */
  readonly branchlen: number;
  readonly status: string;
}

export interface FinalityEvidence {
  /** Absent when dashd does not know the block. */
  readonly block?: HeaderInfo;
  /** The block of the active chain at its height; absent when there is none, or when it is the block itself. */
  readonly rival?: HeaderInfo;
  /** Requested only if `needsBranches` says so. */
  readonly branches?: readonly BranchTip[];
}

export interface Conclusion {
  readonly state: FinalityState;
  readonly height?: number;
  readonly confirmations?: number;
  readonly by?: Hash;
  /** The state is final: dashd need not be asked again. */
  readonly settled: boolean;
}

/** From here on its coinbase may be spent. Source: Core `consensus/consensus.h`, COINBASE_MATURITY. */
const BURIED_CONFIRMATIONS = 100;
/** Confirmations of a rival with which its chain is longer than a branch that ends at the rival's height. */
const LONGER_CONFIRMATIONS = 2;
/** Branches that dashd will not switch to. */
const DEAD_BRANCHES = new Set(['invalid', 'conflicting']);

/** @returns undefined when nothing can be concluded: the previous state remains */
export function conclude({ block, rival, branches }: FinalityEvidence): Conclusion | undefined {
  if (block !== undefined && (block.confirmations > 0 || block.chainlock)) return inChain(block);
  if (rival === undefined || rival.confirmations < 1) return undefined;
  const settled = isFinal(rival);
  const lost = settled || (block !== undefined && branches !== undefined && isOutgrown(block, branches));
  if (!lost) return undefined;
  return { state: 'orphaned', height: rival.height, by: rival.hash, settled };
}

/** True when the branches decide. Otherwise, or for a block that is known to be orphaned, they are not requested: the call is expensive for dashd. */
export function needsBranches({ block, rival }: FinalityEvidence, before: FinalityState): boolean {
  if (before === 'orphaned' || block === undefined || rival === undefined || isFinal(rival)) return false;
  return block.confirmations < 1 && rival.confirmations >= LONGER_CONFIRMATIONS;
}

function inChain({ height, confirmations, chainlock }: HeaderInfo): Conclusion {
  // A ChainLock may exist before its chain has become the active one.
  if (chainlock) return { state: 'chainlocked', height, ...(confirmations > 0 && { confirmations }), settled: true };
  const state = confirmations >= BURIED_CONFIRMATIONS ? 'buried' : 'pending';
  return { state, height, confirmations, settled: state === 'buried' };
}

/** No reorganisation can remove it. */
function isFinal({ chainlock, confirmations }: HeaderInfo): boolean {
  return chainlock || confirmations >= BURIED_CONFIRMATIONS;
}

/** True when the active chain is longer than every branch that may contain the block. */
function isOutgrown(block: HeaderInfo, branches: readonly BranchTip[]): boolean {
  const active = branches.find(({ branchlen }) => branchlen === 0);
  if (active === undefined) return false;
  const rivals = branches.filter(
    ({ height, branchlen, status }) => height - branchlen < block.height && branchlen > 0 && !DEAD_BRANCHES.has(status),
  );
  return rivals.every(({ height }) => height < active.height) && block.height < active.height;
}
