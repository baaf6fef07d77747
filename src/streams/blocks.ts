/**
 * The one stream of blocks: the pool's frames and dashd's feed, merged, deduplicated by block hash, judged by the gate. A pool's
 * frame passes through here to the sockets in one turn of the event loop, so everything is synchronous.
 */
import { hash as digest } from 'node:crypto';
import { type Block, inspect } from '../block/gate.js';
import { blockBytes } from '../block/payload.js';
import type { BlockRefused, BlockRepeated, BlockSource, LateCode } from '../events.js';
import { type Clock, type Moment, momentOf } from '../time.js';
import type { Network } from '../wire/network.js';
import type { Hash } from '../wire/reader.js';
import type { ChainTip } from './tip.js';

/** A block to be sent: at once where nothing is said against it, after dashd's consent otherwise. The moment is that at which it came in. */
export interface Arrival extends Moment {
  readonly type: 'block';
  readonly source: BlockSource;
  readonly block: Block;
  /** From the arrival until the gate had judged it, milliseconds. */
  readonly gateMs: number;
  /** What the soft gate has against it; empty: nothing. */
  readonly doubts: readonly { readonly code: string; readonly reason: string }[];
  /** Set when it is sent later than it was found. */
  readonly late?: { readonly code: LateCode; readonly firstAt: number };
}

export type Admission = Arrival | BlockRefused | BlockRepeated;

/** Topics of frames that carry a block. */
const BLOCK_TOPICS = new Set(['block', 'rawblock']);
const MAX_SEEN = 4_096;

export class Gatekeeper {
  /** Blocks seen, and of those in doubt a digest: the same header may come again with a body that is right. */
  private readonly seen = new Map<Hash, string | undefined>();

  constructor(
    private readonly network: Network,
    private readonly tip: ChainTip,
    private readonly clock: Clock,
    private readonly look: typeof inspect = inspect,
  ) {}

  has(hash: Hash): boolean {
    return this.seen.has(hash);
  }

  /** A message from the pool: one frame is the block; of two or more, the first is the topic and the second the block. */
  fromPool(frames: readonly Buffer[]): Admission {
    const time = momentOf(this.clock);
    const { at } = time;
    const [first = Buffer.alloc(0), second] = frames;
    const frame = second ?? first;
    const topic = second === undefined ? undefined : first.toString('latin1', 0, 32);
    if (topic !== undefined && !BLOCK_TOPICS.has(topic)) {
      return refused(at, 'pool', frame, 'unknown topic', `${JSON.stringify(topic)}; use "block" or "rawblock"`);
    }
    const bytes = blockBytes(frame);
    if (!bytes.ok) return refused(at, 'pool', frame, bytes.code, bytes.reason);
    return this.judge(time, 'pool', bytes.raw, frame);
  }

  /** A block that dashd published: `undefined` for one that has been here, as our own have when dashd tells of them. */
  fromFeed(raw: Buffer): Admission | undefined {
    const admission = this.judge(momentOf(this.clock), 'dashd', raw);
    if (admission.type === 'repeated') return undefined;
    // dashd vouches for it; a doubt of ours would only show that we know less.
    return admission.type === 'block' ? { ...admission, doubts: [] } : admission;
  }

  /** A block that the pool pushed before: that it has been here says nothing against it. */
  fromSpool(hash: Hash, raw: Buffer, firstAt: number): Admission {
    this.seen.delete(hash);
    const admission = this.judge(momentOf(this.clock), 'pool', raw);
    return admission.type === 'block' ? { ...admission, late: { code: 'recovered', firstAt } } : admission;
  }

  /** @param payload the block as it was received, perhaps in hex */
  private judge({ at, monotonicAt }: Moment, source: BlockSource, raw: Buffer, payload = raw): Admission {
    const inspection = this.look(raw, this.network);
    if (inspection.kind === 'refused') {
      const { code, reason, hash } = inspection;
      return { ...refused(at, source, payload, code, reason), size: raw.length, ...(hash !== undefined && { hash }) };
    }
    const { block } = inspection;
    if (this.isRepeated(block)) return { type: 'repeated', at, hash: block.hash, source };
    const doubts = [...inspection.doubts, ...this.parentDoubt(block)];
    this.remember(block.hash, doubts.length > 0 ? sha256(raw) : undefined);
    const gateMs = this.clock.monotonic() - monotonicAt;
    return { type: 'block', at, monotonicAt, source, block, doubts, gateMs };
  }

  private isRepeated({ hash, raw }: Block): boolean {
    if (!this.seen.has(hash)) return false;
    const doubted = this.seen.get(hash);
    return doubted === undefined || doubted === sha256(raw);
  }

  /** Nothing can be said about a parent while no tip is known: then the peers are all there is. */
  private parentDoubt(block: Block): Arrival['doubts'] {
    if (this.tip.hash === undefined || this.tip.knows(block.previous)) return [];
    return [{ code: 'parent', reason: `its parent ${block.previous} is neither the tip nor a recent block` }];
  }

  private remember(hash: Hash, doubted: string | undefined): void {
    this.seen.set(hash, doubted);
    for (const oldest of this.seen.keys()) {
      if (this.seen.size <= MAX_SEEN) break;
      this.seen.delete(oldest);
    }
  }
}

function refused(at: number, source: BlockSource, payload: Buffer, code: string, reason: string): BlockRefused {
  return { type: 'refused', at, source, size: payload.length, code, reason, sha256: sha256(payload) };
}

function sha256(bytes: Buffer): string {
  return digest('sha256', bytes, 'hex');
}
