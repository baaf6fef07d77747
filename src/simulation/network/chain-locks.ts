/**
 * The votes of a quorum's members for the blocks of one height: each votes once, for the first that it connects, and a block that enough
 * voted for is locked (DIP 8). The quorum's own messages are left out: they take the same time for every contender.
 */
import type { Micros } from '../engine.js';
import type { SimBlock } from './block.js';
import type { NodeId } from './plan.js';

/** Of 400 members. Source: Dash Core, llmq/params.h, LLMQ_400_60. */
const THRESHOLD = 0.6;

/** Votes that lock a block. */
export function threshold(members: number): number {
  return Math.ceil(THRESHOLD * members);
}

export interface Lock {
  readonly block: SimBlock;
  readonly at: Micros;
}

export class ChainLockVotes {
  private readonly voted = new Set<NodeId>();
  private readonly votes = new Map<number, number>();
  private readonly needed: number;
  private readonly members: ReadonlySet<NodeId>;
  private found: Lock | undefined;

  constructor(
    members: readonly NodeId[],
    private readonly height: number,
  ) {
    this.members = new Set(members);
    this.needed = threshold(members.length);
  }

  /** Undefined while no block is locked; two blocks cannot be. */
  get lock(): Lock | undefined {
    return this.found;
  }

  votesFor({ id }: SimBlock): number {
    return this.votes.get(id) ?? 0;
  }

  /** A node has connected a block. */
  connected(node: NodeId, block: SimBlock, at: Micros): void {
    if (block.height !== this.height || !this.members.has(node) || this.voted.has(node)) return;
    this.voted.add(node);
    this.votes.set(block.id, this.votesFor(block) + 1);
    if (this.votesFor(block) === this.needed) this.found = { block, at };
  }
}
