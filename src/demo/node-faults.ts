import type { SimulatedNode } from '../simulated/node.js';

/** A fault of a node, with texts for the screen. */
export interface NodeFault {
  readonly node: SimulatedNode;
  /** In a few words. */
  readonly remark: string;
  /** As a sentence without its subject. */
  readonly story: string;
}

/** The block from which a node is slow. */
const SLOW_AT = 3;
/**
 * In each direction. Pings are smoothed: the newest counts a quarter, and over 500 ms is slow. So one ping with this latency suffices, and
 * the block is still proven before its verdict.
 */
const SLOW_LATENCY_MS = 1_300;

/**
 * Injects faults into nodes just before a block is sent to them: at the first block one node starts to crash in the middle of blocks and
 * another stops answering; later the best becomes slow. It chooses peers that the relay replaces, so that the faults and what comes of them are visible.
 */
export class NodeFaultSchedule {
  private blocks = 0;

  constructor(private readonly nodes: readonly SimulatedNode[]) {}

  /**
   * Call it just before each block is sent: the nodes are in this process, and answer before the relay reports the block.
   * @param connected the peers of the relay that it would replace, by `host:port`
   */
  onBlock(connected: ReadonlySet<string>): readonly NodeFault[] {
    this.blocks += 1;
    const sound = this.nodes
      .filter(({ address, behaviour }) => connected.has(address) && Object.keys(behaviour).length === 0)
      .toSorted((a, b) => a.linkQuality.latencyMs - b.linkQuality.latencyMs);
    if (this.blocks === 1) return [...sound.slice(-1).map(dies), ...sound.slice(-2, -1).map(fallsSilent)];
    return this.blocks === SLOW_AT ? sound.slice(0, 1).map(turnsSlow) : [];
  }
}

function dies(node: SimulatedNode): NodeFault {
  node.behaviour = { diesMidBlock: true };
  return { node, remark: 'dies mid-block', story: 'will break off in the middle of every block' };
}

function fallsSilent(node: SimulatedNode): NodeFault {
  node.fallSilent();
  return { node, remark: 'never answers', story: 'will not say another word' };
}

function turnsSlow(node: SimulatedNode): NodeFault {
  const before = 2 * node.linkQuality.latencyMs;
  node.linkQuality = { latencyMs: SLOW_LATENCY_MS };
  const now = 2 * SLOW_LATENCY_MS;
  return {
    node,
    remark: `turned slow: ${now} ms`,
    story: `was ${before} ms away, the nearest of the book’s peers, and is now ${now} ms away`,
  };
}
