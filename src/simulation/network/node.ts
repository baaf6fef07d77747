/**
 * A Dash node as far as blocks go: what it does with each message, and how long that takes, without the bytes.
 *
 * - Messages are handled one after the other: while a block is checked and connected, all others wait, as in Core's message thread.
 * - A block that extends the tip goes to high-bandwidth peers after CheckBlock, before it is connected; to the others its header goes after.
 * - A compact block of which transactions are missing takes a round trip to the one who sent it; what others send meanwhile counts only if
 *   nothing is missing. An unsolicited one needs more work than the tip, and a height of at most tip + 2.
 * - At equal work the block that came first stays.
 *
 * Source: Dash Core 23.1 net_processing.cpp, BIP 152.
 */
import type { Engine, Micros } from '../engine.js';
import type { BlockForm, SimBlock } from './block.js';
import type { Carrier, HostId } from './carrier.js';
import { choose } from './high-bandwidth.js';
import { KnownBlocks, type Progress } from './known-blocks.js';
import * as size from './messages.js';
import type { Endpoint, Peer } from './peer.js';
import type { NodeId } from './plan.js';
import { checkMicros, connectMicros, type Timing } from './timing.js';

/** What nodes share. */
export interface World {
  readonly engine: Engine;
  readonly carrier: Carrier;
  readonly timing: Timing;
  /** Transactions of a block that a node does not have. */
  missing(node: NodeId, block: SimBlock): number;
  /** A node has a block in its active chain for the first time. */
  connected(node: NodeId, block: SimBlock): void;
  /** Counts what a host sends. */
  sent(host: HostId, bytes: number): void;
}

export interface NodeSpec {
  readonly id: NodeId;
  readonly host: HostId;
  /** Time for the same work, relative to the median node. */
  readonly cpu: number;
}

/** Compact blocks that come unasked may be so far ahead of the tip, and full ones. Source: net_processing.cpp, validation.cpp. */
const COMPACT_AHEAD = 2;
const FULL_AHEAD = 288;
/** Blocks deeper than this are served in full. Source: net_processing.cpp, MAX_CMPCTBLOCK_DEPTH. */
const COMPACT_DEPTH = 5;

export class CoarseNode implements Endpoint {
  readonly takesCompact = true;
  readonly peers: Peer[] = [];
  /** Peers that it has asked for high bandwidth, the last deliverer last. */
  readonly chosen: Peer[] = [];
  private readonly blocks: KnownBlocks;
  private busyUntil: Micros = 0;

  constructor(
    private readonly world: World,
    private readonly spec: NodeSpec,
    private best: SimBlock,
  ) {
    this.blocks = new KnownBlocks(best);
  }

  get id(): NodeId {
    return this.spec.id;
  }

  get host(): HostId {
    return this.spec.host;
  }

  get tip(): SimBlock {
    return this.best;
  }

  /** Whether it has the whole block and found it valid. */
  holds(block: SimBlock): boolean {
    return block === this.best || this.blocks.holds(block);
  }

  /** Forgets all blocks but this one, which is its tip. Connections stay, and whom it has asked for high bandwidth. */
  reset(tip: SimBlock): void {
    this.best = tip;
    this.blocks.reset(tip);
  }

  /** The block was found here, or came by RPC. */
  submit(block: SimBlock): void {
    this.whenIdle(() => this.takeFull(undefined, block));
  }

  onBlock(from: Peer, block: SimBlock, form: BlockForm): void {
    from.knows = block.id;
    this.whenIdle(() => (form === 'full' ? this.takeFull(from, block) : this.takeCompact(from, block)));
  }

  onHeader(from: Peer, block: SimBlock): void {
    from.knows = block.id;
    if (this.isIdle) this.hearOf(from, block);
    else this.whenIdle(() => this.hearOf(from, block));
  }

  onGetData(from: Peer, block: SimBlock, form: BlockForm): void {
    this.whenIdle(() => {
      if (!this.holds(block)) return;
      this.give(from, block, block.height >= this.best.height - COMPACT_DEPTH ? form : 'full');
    });
  }

  onGetTransactions(from: Peer, block: SimBlock, count: number): void {
    this.whenIdle(() => {
      if (!this.holds(block)) return;
      this.send(from, size.blocktxnBytes(count), (other) => other.owner.onTransactions(other, block));
    });
  }

  onTransactions(from: Peer, block: SimBlock): void {
    this.whenIdle(() => {
      const progress = this.blocks.get(block);
      if (progress?.state === 'incomplete' && progress.source === from) this.accept(from, progress);
    });
  }

  onHighBandwidth(from: Peer, wanted: boolean): void {
    from.wantsCompact = wanted;
  }

  onPing(from: Peer, answered: () => void): void {
    this.whenIdle(() => this.send(from, size.PING_BYTES, answered));
  }

  onClosed(from: Peer): void {
    remove(this.peers, from);
    remove(this.chosen, from);
    for (const progress of this.blocks.forget(from)) this.fetchIfPossible(progress);
  }

  private get isIdle(): boolean {
    return this.busyUntil <= this.world.engine.now;
  }

  /** Runs the action now, or when the block that is being processed is done. */
  private whenIdle(action: () => void): void {
    if (this.isIdle) action();
    else this.world.engine.at(this.busyUntil, () => this.whenIdle(action));
  }

  private send(to: Peer, bytes: number, arrived: (other: Peer) => void): void {
    if (to.isClosed) return;
    const { other } = to;
    this.world.sent(this.host, bytes);
    this.world.carrier.send(to.link, this.host, bytes, () => {
      if (!other.isClosed) arrived(other);
    });
  }

  private give(to: Peer, block: SimBlock, form: BlockForm): void {
    to.knows = block.id;
    this.send(to, size.blockMessageBytes(block, form), (other) => other.owner.onBlock(other, block, form));
  }

  private takeFull(from: Peer | undefined, block: SimBlock): void {
    const progress = this.blocks.get(block);
    if (this.holds(block) || progress?.state === 'processing') return;
    const isRequested = progress?.state === 'requested' && progress.source === from;
    // A node keeps no block that it did not ask for and that has less work than its chain.
    if (!isRequested && (block.height < this.best.height || block.height > this.best.height + FULL_AHEAD)) return;
    if (this.hasParent(block)) this.accept(from, this.blocks.note(block));
    else if (from !== undefined) this.hearOf(from, block);
  }

  private takeCompact(from: Peer, block: SimBlock): void {
    const known = this.blocks.get(block);
    if (this.holds(block) || known?.state === 'processing') return;
    const isRequested = known?.state === 'requested' && known.source === from;
    if (!this.hasParent(block)) this.hearOf(from, block);
    else if (block.height > this.best.height) {
      const isNear = block.height <= this.best.height + COMPACT_AHEAD;
      if (isRequested || isNear) this.reconstruct(from, this.blocks.note(block), isRequested);
    }
    // The work of the tip or less: in full if it was asked for, or not at all.
    else if (isRequested) this.ask(from, block, 'full');
  }

  private reconstruct(from: Peer, progress: Progress, isRequested: boolean): void {
    const { block, state } = progress;
    const missing = this.world.missing(this.id, block);
    if (missing === 0) {
      this.accept(from, progress);
    } else if (isRequested || state === 'announced') {
      progress.state = 'incomplete';
      progress.source = from;
      this.send(from, size.getblocktxnBytes(missing), (other) => other.owner.onGetTransactions(other, block, missing));
    }
  }

  /**
   * Somebody has a block with this header.
   * @param isNeeded a branch with as much work as the tip has is built on it
   */
  private hearOf(from: Peer, block: SimBlock, isNeeded = block.height >= this.best.height): void {
    if (block === this.best || from.isClosed) return;
    const progress = this.blocks.note(block);
    if (progress.state === 'connected' || progress.state === 'stored') return;
    if (!progress.announcers.includes(from)) progress.announcers.push(from);
    // Whoever has a block has its parent: getheaders would tell.
    if (!this.hasParent(block) && block.parent !== undefined) this.hearOf(from, block.parent, isNeeded);
    if (isNeeded) this.fetchIfPossible(progress);
  }

  private fetchIfPossible(progress: Progress): void {
    const { block, state, announcers } = progress;
    const [source] = announcers;
    if (state !== 'announced' || source === undefined || !this.hasParent(block)) return;
    progress.state = 'requested';
    progress.source = source;
    this.ask(source, block, block.height === this.best.height + 1 ? 'compact' : 'full');
  }

  private ask(from: Peer, block: SimBlock, form: BlockForm): void {
    this.send(from, size.GETDATA_BYTES, (other) => other.owner.onGetData(other, block, form));
  }

  private hasParent({ parent }: SimBlock): boolean {
    return parent === undefined || this.holds(parent);
  }

  /** All of the block is here. */
  private accept(from: Peer | undefined, progress: Progress): void {
    const { engine, timing } = this.world;
    const { block } = progress;
    progress.state = 'processing';
    progress.source = from;
    const checked = engine.now + checkMicros(block, this.spec.cpu, timing);
    // Only what extends the tip is announced at once, and only that is connected, or a branch of more work.
    if (block.parent?.id === this.best.id) engine.at(checked, () => this.announceAtOnce(block));
    const branch = block.height > this.best.height ? this.branchOf(block) : [];
    this.busyUntil = branch.reduce((end, each) => end + connectMicros(each, this.spec.cpu, timing), checked);
    engine.at(this.busyUntil, () => this.finish(from, progress, branch));
  }

  /** The block and those below it that are not in the active chain, the lowest first. */
  private branchOf(block: SimBlock): SimBlock[] {
    const branch: SimBlock[] = [];
    let other: SimBlock | undefined = this.best;
    for (let each: SimBlock | undefined = block; each !== undefined && each.id !== other?.id; each = each.parent) {
      branch.unshift(each);
      while (other !== undefined && other.height >= each.height) other = other.parent;
    }
    return branch;
  }

  private announceAtOnce(block: SimBlock): void {
    for (const peer of this.peers) if (peer.wantsCompact && peer.knows !== block.id) this.give(peer, block, 'compact');
  }

  private finish(from: Peer | undefined, progress: Progress, branch: readonly SimBlock[]): void {
    const { block } = progress;
    if (branch.length === 0) progress.state = 'stored';
    for (const each of branch) this.connect(each);
    if (branch.length > 0) {
      this.best = block;
      if (from !== undefined && !from.isClosed) this.favour(from);
      for (const peer of this.peers) if (peer.knows !== block.id) this.announce(peer, block);
    }
    for (const child of this.blocks.childrenOf(block)) this.fetchIfPossible(child);
  }

  private connect(block: SimBlock): void {
    const progress = this.blocks.note(block);
    if (progress.state === 'connected') return;
    progress.state = 'connected';
    this.world.connected(this.id, block);
  }

  private announce(peer: Peer, block: SimBlock): void {
    peer.knows = block.id;
    // Most nodes hear of most blocks from several: what changes nothing at the other end is counted, and not simulated.
    if (peer.target.holds(block)) this.world.sent(this.host, size.HEADERS_BYTES);
    else {
      const { other } = peer;
      this.world.sent(this.host, size.HEADERS_BYTES);
      this.world.carrier.send(peer.link, this.host, size.HEADERS_BYTES, () => {
        if (!other.isClosed) other.owner.onHeader(other, block);
      });
    }
  }

  /** The peer was the first to deliver a block. */
  private favour(peer: Peer): void {
    if (!peer.other.owner.takesCompact) return;
    const { added, dropped } = choose(this.chosen, peer);
    const tell = (to: Peer, wanted: boolean): void =>
      this.send(to, size.SENDCMPCT_BYTES, (other) => other.owner.onHighBandwidth(other, wanted));
    if (added !== undefined) tell(added, true);
    if (dropped !== undefined) tell(dropped, false);
  }
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
