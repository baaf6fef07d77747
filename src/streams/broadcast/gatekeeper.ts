/**
 * The gate with its memory: it checks what the pool pushes, what dashd publishes and what the spool holds, each block once. A pool's
 * frame passes through here to the sockets in one turn of the event loop, so everything is synchronous.
 *
 * Bounds: 4,096 headers; under each, 4 bodies are checked, and 16 go to dashd.
 */

import { hash as digest } from 'node:crypto';
import {
  type Block,
  type Doubt,
  examine,
  hasProofOfWork,
  type Identified,
  type Inspection,
  identify,
  type Refused,
} from '../../block/gate.js';
import { blockBytes, otherReadings } from '../../block/payload.js';
import { type ChainContext, headerDoubts, heightDoubts } from '../../block/plausible.js';
import { BoundedMap } from '../../common/bounded.js';
import type { BlockRefused, BlockRepeated, BlockSource, LateCode } from '../../contracts/events.js';
import { DOUBTS, NOTES, REFUSAL_DETAILS, REFUSALS } from '../../messages/blocks.js';
import { fill } from '../../messages/fill.js';
import { type Clock, type Moment, momentOf } from '../../time.js';
import type { Network } from '../../wire/network.js';
import type { Hash } from '../../wire/reader.js';
import type { ChainTip } from './tip.js';

/** A block to be sent: at once when there is no doubt about it, otherwise once dashd has accepted it. The moment is that of its arrival. */
export interface Arrival extends Moment {
  readonly type: 'block';
  readonly source: BlockSource;
  readonly block: Block;
  /** From the arrival to the gate's result, milliseconds. */
  readonly gateMs: number;
  /** The doubts of the soft gate; empty when there are none. */
  readonly doubts: readonly { readonly code: string; readonly reason: string }[];
  /** What its sender should change, though the block was recognised. */
  readonly note?: string;
  /** Set when it is sent later than it was received first. */
  readonly late?: { readonly code: LateCode; readonly firstAt: number };
}

export type GateResult = Arrival | BlockRefused | BlockRepeated;

/** Topics of frames that carry a block. */
const BLOCK_TOPICS = new Set(['block', 'rawblock']);
const MAX_SEEN = 4_096;
/** Bodies under one header that are checked here, and that go to dashd: once there is a header, further bodies cost nothing to make. */
const MAX_EXAMINED = 4;
const MAX_BODIES = 16;

/** A header that was received before. */
interface Seen {
  /** There was no doubt about its body, or dashd published it. */
  clean: boolean;
  /** SHA-256 of the doubted bodies: the same header may come again with a valid body. */
  readonly doubted: Set<string>;
}

/** How a block came here. */
interface Origin {
  readonly source: BlockSource;
  /** As it was received, perhaps in hex. */
  readonly payload: Buffer;
  readonly note?: string;
}

export class Gatekeeper {
  private readonly seen = new BoundedMap<Hash, Seen>(MAX_SEEN);

  constructor(
    private readonly network: Network,
    private readonly tip: ChainTip,
    private readonly clock: Clock,
    private readonly look: typeof examine = examine,
  ) {}

  /** True when the block was received before, without doubts. */
  has(hash: Hash): boolean {
    return this.seen.get(hash)?.clean === true;
  }

  /**
   * Checks a message from the pool: a single frame is the block; of two or more, the first is the topic and the second the block. If
   * that gives no block, any bytes in the message that have a block's proof of work are taken for one.
   */
  fromPool(frames: readonly Buffer[]): GateResult {
    const time = momentOf(this.clock);
    const [first = Buffer.alloc(0), second] = frames;
    const frame = second ?? first;
    const topic = second === undefined ? undefined : first.toString('latin1', 0, 32);
    const reading = this.expected(topic, frame);
    if (reading.kind === 'block') return this.judge(time, reading.block, { source: 'pool', payload: frame });
    for (const { header, raw, note } of otherReadings(frames)) {
      const found = hasProofOfWork(header, this.network) ? identify(raw(), this.network) : reading;
      if (found.kind === 'block')
        return this.judge(time, found.block, { source: 'pool', payload: frame, note: withRemedy(note) });
    }
    const reason = reading.code === 'unknown-topic' ? reading.reason : withRemedy(reading.reason);
    return refusal(time.at, 'pool', frame, { ...reading, reason });
  }

  /** Checks a block that dashd published. @returns undefined for one that was received before, such as the pool's own */
  fromFeed(raw: Buffer): GateResult | undefined {
    const { at, monotonicAt } = momentOf(this.clock);
    const identified = identify(raw, this.network);
    if (identified.kind === 'refused') return refusal(at, 'dashd', raw, identified);
    const { hash, previous, time, bits } = identified.block;
    const isRepeated = this.isRepeated(identified.block);
    this.remember(hash).clean = true;
    const inspection = isRepeated ? undefined : this.look(identified.block);
    if (inspection?.kind === 'refused') return refusal(at, 'dashd', raw, inspection);
    // dashd has accepted it, and so the height it claims; a doubt of ours would only show that we know less.
    this.tip.see(hash, previous, inspection?.block.height, { time, bits });
    if (inspection === undefined) return undefined;
    const block = withHeight(inspection.block, this.tip.heightOf(hash));
    const gateMs = this.clock.monotonic() - monotonicAt;
    return { type: 'block', at, monotonicAt, source: 'dashd', block, doubts: [], gateMs };
  }

  /** Checks a block of the spool. The pool pushed it before, so it counts as new however often it was received. */
  fromSpool(hash: Hash, raw: Buffer, firstAt: number): GateResult {
    this.seen.delete(hash);
    const time = momentOf(this.clock);
    const identified = identify(raw, this.network);
    if (identified.kind === 'refused') return refusal(time.at, 'pool', raw, identified);
    const admission = this.judge(time, identified.block, { source: 'pool', payload: raw });
    return admission.type === 'block' ? { ...admission, late: { code: 'recovered', firstAt } } : admission;
  }

  /**
   * Checks a block that another relay of the cluster was given, as strictly as one of the pool's.
   * @param firstAt when that relay published it, ms since the epoch; given for one that was published while this relay was away
   */
  fromCluster(raw: Buffer, firstAt?: number): GateResult {
    const time = momentOf(this.clock);
    const identified = identify(raw, this.network);
    if (identified.kind === 'refused') return refusal(time.at, 'cluster', raw, identified);
    const admission = this.judge(time, identified.block, { source: 'cluster', payload: raw });
    if (admission.type !== 'block' || firstAt === undefined) return admission;
    return { ...admission, late: { code: 'recovered', firstAt } };
  }

  /** Reads a message by the documented format. */
  private expected(topic: string | undefined, frame: Buffer): Identified | Refused {
    if (topic !== undefined && !BLOCK_TOPICS.has(topic)) {
      const reason = fill(REFUSALS['unknown-topic'], { topic: JSON.stringify(topic) });
      return { kind: 'refused', code: 'unknown-topic', reason, size: frame.length };
    }
    const bytes = blockBytes(frame);
    if (!bytes.ok) return { kind: 'refused', code: bytes.code, reason: bytes.reason, size: frame.length };
    return identify(bytes.raw, this.network);
  }

  /**
   * Cheap checks come first: whether the header is known, whether it fits the chain. A body is checked once.
   */
  private judge({ at, monotonicAt }: Moment, identified: Block, { source, payload, note }: Origin): GateResult {
    const { hash, size } = identified;
    if (this.isRepeated(identified)) return { type: 'repeated', at, hash, source };
    const bodies = this.seen.get(hash)?.doubted.size ?? 0;
    if (bodies >= MAX_BODIES) {
      const reason = fill(REFUSALS['too-many-bodies'], { count: bodies });
      return refusal(at, source, payload, { code: 'too-many-bodies', reason, size, hash });
    }
    const context = this.tip.contextOf(identified.previous);
    const ofHeader = [...headerDoubts(identified, context, this.network), ...this.parentDoubts(identified)];
    const inspection = this.inspect(identified, ofHeader, bodies);
    if (inspection.kind === 'refused') return refusal(at, source, payload, inspection);
    const doubts = [...inspection.doubts, ...heightDoubts(inspection.block, context), ...ofHeader];
    const seen = this.remember(hash);
    if (doubts.length === 0) seen.clean = true;
    else seen.doubted.add(sha256(identified.raw));
    const notes = [note, inspection.cutOff === undefined ? undefined : cutOff(inspection.cutOff)].filter(isText);
    return {
      type: 'block',
      at,
      monotonicAt,
      source,
      block: withHeight(inspection.block, heightOf(inspection.block, context)),
      doubts,
      gateMs: this.clock.monotonic() - monotonicAt,
      ...(notes.length > 0 && { note: notes.join('; ') }),
    };
  }

  /** When a doubt about the header makes dashd check the block anyway, the body is not checked here. */
  private inspect(block: Block, ofHeader: readonly Doubt[], bodies: number): Inspection {
    if (bodies >= MAX_EXAMINED) {
      const reason = fill(DOUBTS['too-many-bodies'], { count: bodies });
      return { kind: 'block', block, doubts: [{ code: 'transactions', reason }] };
    }
    return ofHeader.some(({ code }) => code !== 'parent') ? { kind: 'block', block, doubts: [] } : this.look(block);
  }

  private isRepeated({ hash, raw }: Block): boolean {
    const seen = this.seen.get(hash);
    return seen !== undefined && (seen.clean || (seen.doubted.size > 0 && seen.doubted.has(sha256(raw))));
  }

  /** While no tip is known there is no doubt about parents: without dashd, the block goes to the peers. */
  private parentDoubts({ previous }: Block): Doubt[] {
    if (this.tip.hash === undefined || this.tip.knows(previous)) return [];
    return [{ code: 'parent', reason: fill(DOUBTS.parent, { parent: previous }) }];
  }

  private remember(hash: Hash): Seen {
    const seen = this.seen.get(hash) ?? { clean: false, doubted: new Set() };
    this.seen.set(hash, seen);
    return seen;
  }
}

/** A height is one more than the parent's; while that is not known, the height that the block claims is used for display. */
function heightOf({ height }: Block, { parentHeight }: ChainContext): number | undefined {
  return parentHeight === undefined ? height : parentHeight + 1;
}

function withHeight(block: Block, height: number | undefined): Block {
  return height === undefined || height === block.height ? block : { ...block, height };
}

function cutOff(bytes: number): string {
  return fill(NOTES['cut-off'], { bytes: bytes === 1 ? '1 byte' : `${bytes} bytes` });
}

/** With what a pool that sends something else should change. */
function withRemedy(reason: string): string {
  return fill(REFUSAL_DETAILS.remedy, { reason });
}

function isText(note: string | undefined): note is string {
  return note !== undefined;
}

/** @param payload as it was received */
function refusal(at: number, source: BlockSource, payload: Buffer, why: Omit<Refused, 'kind'>): BlockRefused {
  const { code, reason, size, hash } = why;
  return {
    type: 'refused',
    at,
    source,
    size,
    code,
    reason,
    sha256: sha256(payload),
    ...(hash !== undefined && { hash }),
  };
}

function sha256(bytes: Buffer): string {
  return digest('sha256', bytes, 'hex');
}
