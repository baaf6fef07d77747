/**
 * The byte-level front of a coarse node, for what connects to it from outside the model: the real relay. The coarse node decides what it
 * does with a block and when; the front speaks the protocol, byte by byte, and its chain follows the coarse node's.
 *
 * A block that arrives enters the coarse node at once. The front handles no further message until the coarse node is done with it, which a
 * ping on the same machine tells (0.1 ms). A block that the coarse node connects otherwise enters the front's chain at that moment, and
 * the front announces it.
 */
import { HEADER_SIZE, hashHeader } from '../../block/x11.js';
import type { Chain, ChainBlock } from '../../simulated/chain.js';
import type { Processing } from '../../simulated/node.js';
import type { SimBlock } from '../network/block.js';
import type { DashNetwork } from '../network/dash-network.js';
import type { CoarseNode } from '../network/node.js';
import type { Outside } from '../network/outside.js';
import type { Peer } from '../network/peer.js';
import type { NodeId } from '../network/plan.js';
import type { BlockBytes } from './block-bytes.js';

export class Front {
  private readonly coarse: CoarseNode;
  private readonly outside: Outside;
  private readonly peer: Peer;
  private chain: Chain | undefined;
  /** Blocks that came through the front, and are with the coarse node now. */
  private readonly underWay = new Set<number>();

  constructor(
    network: DashNetwork,
    id: NodeId,
    private readonly bytes: BlockBytes,
  ) {
    this.coarse = network.node(id);
    this.outside = network.outside(this.coarse.host);
    this.peer = network.dial(this.outside, id);
  }

  /** For the simulated node of the front. A block that the coarse network does not know is judged by the front's own chain. */
  readonly processing: Processing = (raw, done) => {
    const block = this.bytes.blockOf(hashHeader(raw.subarray(0, HEADER_SIZE)));
    if (block === undefined) {
      done();
      return;
    }
    this.underWay.add(block.id);
    this.coarse.onBlock(this.peer.other, block, 'full');
    this.outside.ping(this.peer, () => {
      this.underWay.delete(block.id);
      done();
    });
  };

  /** Has a chain follow the coarse node's, and the coarse node take what enters the chain otherwise: by RPC. */
  attach(chain: Chain): void {
    this.chain = chain;
    this.follow(this.coarse.tip);
    chain.onTip((_tip, connected) => this.pass(connected));
  }

  /** The coarse node has connected a block. */
  connected(block: SimBlock): void {
    if (!this.underWay.has(block.id)) this.follow(block);
  }

  private follow(block: SimBlock): void {
    const { chain } = this;
    if (chain === undefined || block.parent === undefined) return;
    const raw = this.bytes.rawOf(block);
    if (chain.get(hashHeader(raw.subarray(0, HEADER_SIZE)))?.raw !== undefined) return;
    this.follow(block.parent);
    chain.accept(raw, true);
  }

  private pass(connected: readonly ChainBlock[]): void {
    for (const { hash } of connected) {
      const block = this.bytes.blockOf(hash);
      if (block !== undefined && !this.coarse.holds(block) && !this.underWay.has(block.id)) this.coarse.submit(block);
    }
  }
}
