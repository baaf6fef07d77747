/**
 * The blocks in memory: those under way, and those pushed lately, which are served to peers that ask. Each is held once, as the message
 * that goes over the wire; everything else refers to it by its hash. Bounded by bytes: the oldest are dropped first, those that are no
 * longer under way before the others.
 */
import type { PushBlock, RecentBlocks } from '../../session/types.js';
import type { Hash } from '../../wire/reader.js';

/** Memory that a block takes besides its bytes. Measured, and rounded up. */
const OVERHEAD_BYTES = 4 * 1024;
/** While it is under way, more for each peer: its proofs, their entries, the peer's queue. Likewise. */
const OVERHEAD_BYTES_A_PEER = 640;
/** So many are counted at least: peers may connect while it is under way. */
const MIN_PEERS = 20;
/** Where a transaction begins, as V8 keeps such a number in a list. */
const POSITION_BYTES = 8;
const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024;
/** Bounds of the blocks that are no longer under way. */
const MAX_PAST_BLOCKS = 128;
const MAX_PAST_BYTES = 64 * 1024 * 1024;
/** Core's limit for one `headers` message. */
const MAX_HEADERS = 2_000;
/** Six bytes of the merkle root: the key by which a header is found without hashing it. */
const KEY = { at: 36, bytes: 6 } as const;

interface Held {
  readonly block: PushBlock;
  readonly served: boolean;
  /** Bytes of memory, with the overhead. */
  readonly cost: number;
}

export class RecentStore implements RecentBlocks {
  private readonly underWay = new Map<Hash, Held>();
  private readonly past = new Map<Hash, Held>();
  private readonly headers = new Map<number, PushBlock>();
  private readonly children = new Map<Hash, readonly PushBlock[]>();
  private underWayBytes = 0;
  private pastBytes = 0;

  /** @param maxBytes for all blocks together, with the overhead of each */
  constructor(private readonly maxBytes = DEFAULT_MEMORY_BYTES) {}

  /** Bytes held, with the overhead of each block. */
  get bytes(): number {
    return this.underWayBytes + this.pastBytes;
  }

  /**
   * Keeps a block that is under way, without serving it. It replaces another body under its header that is not served.
   * @param peers to which it is sent
   * @returns blocks under way that were dropped for it, the oldest first
   */
  hold(block: PushBlock, peers = MIN_PEERS): readonly Hash[] {
    const held = this.underWay.get(block.hash);
    if (held !== undefined && (held.served || held.block === block)) return [];
    this.forget(this.underWay, block.hash);
    this.forget(this.past, block.hash);
    const cost = costOf(block) + OVERHEAD_BYTES_A_PEER * Math.max(peers, MIN_PEERS);
    this.underWay.set(block.hash, { block, served: false, cost });
    this.underWayBytes += cost;
    return this.evict();
  }

  /** Serves a block from now on. @returns as {@link hold} does */
  add(block: PushBlock): readonly Hash[] {
    const gone = this.hold(block);
    const held = this.underWay.get(block.hash);
    if (held === undefined || held.served) return gone;
    this.underWay.set(block.hash, { ...held, served: true });
    this.index(block);
    return gone;
  }

  /** Serves a block that is not under way, as long as memory allows. */
  keep(block: PushBlock): void {
    if (this.underWay.has(block.hash) || this.past.has(block.hash)) return;
    const cost = costOf(block);
    this.past.set(block.hash, { block, served: true, cost });
    this.pastBytes += cost;
    this.index(block);
    this.trim();
  }

  private index(block: PushBlock): void {
    this.headers.set(keyOf(block.header), block);
    this.children.set(block.previous, [...(this.children.get(block.previous) ?? []), block]);
  }

  /** The block is no longer under way: it is kept while memory allows. */
  rest(hash: Hash): void {
    const held = this.underWay.get(hash);
    if (held === undefined) return;
    const cost = costOf(held.block);
    this.underWay.delete(hash);
    this.underWayBytes -= held.cost;
    this.past.set(hash, { ...held, cost });
    this.pastBytes += cost;
    if (!held.served) this.forget(this.past, hash);
    this.trim();
  }

  private trim(): void {
    for (const oldest of this.past.keys()) {
      if (this.past.size <= MAX_PAST_BLOCKS && this.pastBytes <= MAX_PAST_BYTES && this.bytes <= this.maxBytes) break;
      this.forget(this.past, oldest);
    }
  }

  /** dashd rejected the block: it is served no more, though what peers say of it is still understood. */
  withdraw(hash: Hash): void {
    const held = this.underWay.get(hash);
    if (held === undefined) {
      this.forget(this.past, hash);
      return;
    }
    this.underWay.set(hash, { ...held, served: false });
    this.orphan(held.block);
  }

  get(hash: Hash): PushBlock | undefined {
    const held = this.underWay.get(hash) ?? this.past.get(hash);
    return held?.served === true ? held.block : undefined;
  }

  byHeader(header: Buffer): PushBlock | undefined {
    const block = this.headers.get(keyOf(header));
    return block?.header.equals(header) === true ? block : undefined;
  }

  /** The served blocks whose parent is this one, the oldest first. */
  childrenOf(hash: Hash): readonly PushBlock[] {
    return this.children.get(hash) ?? NONE;
  }

  headersAfter(locator: readonly Hash[], stop: Hash): readonly Buffer[] {
    const headers: Buffer[] = [];
    for (const from of locator) {
      let next = this.childOf(from);
      while (next !== undefined && headers.length < MAX_HEADERS) {
        headers.push(next.header);
        if (next.hash === stop) break;
        next = this.childOf(next.hash);
      }
      if (headers.length > 0 || this.get(from) !== undefined) break;
    }
    return headers;
  }

  /** Of several children the one pushed last. */
  private childOf(parent: Hash): PushBlock | undefined {
    return this.childrenOf(parent).at(-1);
  }

  private evict(): readonly Hash[] {
    for (const oldest of this.past.keys()) {
      if (this.bytes <= this.maxBytes) break;
      this.forget(this.past, oldest);
    }
    const gone: Hash[] = [];
    for (const oldest of this.underWay.keys()) {
      // The newest stays, whatever its size.
      if (this.bytes <= this.maxBytes || this.underWay.size === 1) break;
      this.forget(this.underWay, oldest);
      gone.push(oldest);
    }
    return gone;
  }

  private forget(from: Map<Hash, Held>, hash: Hash): void {
    const held = from.get(hash);
    if (held === undefined) return;
    const { block, cost } = held;
    from.delete(hash);
    if (from === this.past) this.pastBytes -= cost;
    else this.underWayBytes -= cost;
    if (this.headers.get(keyOf(block.header)) === block) this.headers.delete(keyOf(block.header));
    this.orphan(block);
  }

  private orphan(block: PushBlock): void {
    const siblings = this.childrenOf(block.previous).filter((one) => one !== block);
    if (siblings.length === 0) this.children.delete(block.previous);
    else this.children.set(block.previous, siblings);
  }
}

const NONE: readonly PushBlock[] = [];

function costOf({ frame, compact }: PushBlock): number {
  const compactBytes = compact === undefined ? 0 : compact.frame.length + compact.count * POSITION_BYTES;
  return frame.length + compactBytes + OVERHEAD_BYTES;
}

function keyOf(header: Buffer): number {
  return header.readUIntLE(KEY.at, KEY.bytes);
}
