/** The masternodes of a simulated network and the quorums that they form. Nothing is signed: keys and signatures are only of the right size. */
import { sha256d } from '../block/merkle.js';
import { type Hash, hashToWire } from '../wire/reader.js';
import type { Chain, ChainBlock } from './chain.js';

export interface Masternode {
  /** The hash of its registration, in display order: its identity. */
  readonly proTxHash: Hash;
  /** `host:port`; may be changed at any time. */
  address: string;
  /** It failed too often, and is in no new quorum. May be changed at any time. */
  banned: boolean;
}

/** How quorums of one type are formed. Source: Dash Core `llmq/params.h`. */
export interface QuorumRules {
  /** Its number in the protocol, and its name in RPC. */
  readonly type: number;
  readonly name: string;
  readonly size: number;
  /** So many of the newest ones sign. */
  readonly active: number;
  /** A quorum begins at each height that this divides. */
  readonly interval: number;
  /** Blocks from there to the block that has its commitment, from which it counts. */
  readonly miningDelay: number;
}

/** The quorums that sign ChainLocks on regtest. */
export const LLMQ_TEST: QuorumRules = {
  type: 100,
  name: 'llmq_test',
  size: 3,
  active: 2,
  interval: 24,
  miningDelay: 10,
};

export interface SimulatedQuorum {
  /** The block in which it began; its hash is the quorum's. */
  readonly base: ChainBlock;
  /** The block with its commitment. */
  readonly mined: ChainBlock;
  readonly members: readonly Masternode[];
}

/** The first block height at which all active quorums of the rules exist. */
export function firstHeightOfAll({ active, interval, miningDelay }: QuorumRules): number {
  return active * interval + miningDelay;
}

export class Masternodes {
  /** Members stay the same once a quorum has begun. */
  private readonly members = new Map<Hash, readonly Masternode[]>();

  /** @param list may be extended at any time */
  constructor(
    readonly list: readonly Masternode[],
    readonly rules: QuorumRules = LLMQ_TEST,
  ) {}

  /** The quorums that are active as of a height of the best chain, the newest first. */
  activeAt(chain: Chain, height: number): SimulatedQuorum[] {
    const { active, interval, miningDelay } = this.rules;
    const quorums: SimulatedQuorum[] = [];
    let base = Math.floor((height - miningDelay) / interval) * interval;
    for (; base > 0 && quorums.length < active; base -= interval) quorums.push(...this.quorumFrom(chain, base));
    return quorums;
  }

  /** A quorum of the best chain, active or not, whose commitment is mined. */
  find(chain: Chain, hash: Hash): SimulatedQuorum | undefined {
    const base = chain.get(hash);
    if (base === undefined || !chain.isActive(base) || base.height === 0) return undefined;
    return base.height % this.rules.interval === 0 ? this.quorumFrom(chain, base.height)[0] : undefined;
  }

  private quorumFrom(chain: Chain, height: number): SimulatedQuorum[] {
    const [base, mined] = [chain.at(height), chain.at(height + this.rules.miningDelay)];
    return base === undefined || mined === undefined ? [] : [{ base, mined, members: this.membersOf(base.hash) }];
  }

  /** Those whose hash, with the quorum's, is lowest: random, and the same for everybody, as in DIP 6. */
  private membersOf(quorum: Hash): readonly Masternode[] {
    const known = this.members.get(quorum);
    if (known !== undefined) return known;
    const seed = hashToWire(quorum);
    const drawn = this.list
      .filter(({ banned }) => !banned)
      .map((masternode) => ({ masternode, lot: sha256d(Buffer.concat([hashToWire(masternode.proTxHash), seed])) }))
      .sort((a, b) => Buffer.compare(a.lot, b.lot))
      .slice(0, this.rules.size)
      .map(({ masternode }) => masternode);
    this.members.set(quorum, drawn);
    return drawn;
  }
}
