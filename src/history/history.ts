/**
 * The pool's blocks and their results: a fold over the lines of the history file, with queries. Bounded: the oldest blocks are removed
 * first, and before that their results per peer, which are most of what a block needs: 250 bytes for each of up to 1,500 peers.
 */
import { BoundedSet } from '../common/bounded.js';
import type { BlockEvent, BlockFinality, BlockReceived, BlockVerdict } from '../contracts/events.js';
import type { BlockLocks } from '../contracts/locks.js';
import type { BlockPropagation, Propagation } from '../contracts/propagation.js';
import type { BlockRecord, HistoryView, Kpis } from '../contracts/view.js';
import type { Hash } from '../wire/reader.js';
import { type HistoryLine, isHistoryLine } from './format.js';
import { type Counted, type Figures, figuresOf, kpisOf } from './kpis.js';

/** A block as in its lines, and as it is shown. */
interface Entry extends Counted {
  readonly received: BlockReceived;
  readonly verdict: BlockVerdict | undefined;
  readonly propagation: BlockPropagation | undefined;
  readonly finality: BlockFinality | undefined;
  readonly locks: BlockLocks | undefined;
  readonly record: BlockRecord;
  readonly figures: Figures | undefined;
}

const MAX_REPEATS = 256;
/** Results per peer, of all blocks: those of 10,000 blocks to 20 peers, or of 500 to 400; some 50 MB. */
export const MAX_PROOFS = 200_000;

export class History implements HistoryView {
  private readonly entries = new Map<Hash, Entry>();
  /** Oldest first. */
  private order: Hash[] = [];
  /** Blocks without a final state. */
  private readonly open = new Set<Hash>();
  /** Blocks that are sent again although they were delivered before: the new result does not replace the old one. */
  private readonly repeats = new BoundedSet<Hash>(MAX_REPEATS);
  private ofAll: Kpis | undefined;
  private lineCount = 0;
  /** Blocks with results per peer, the oldest first, and the number of these results. */
  private readonly detailed = new Set<Hash>();
  private proofs = 0;
  private surplus = 0;

  /** @param maxBlocks at least 1 */
  constructor(
    private readonly maxBlocks: number,
    private readonly maxProofs = MAX_PROOFS,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** The number of lines that `lines` returns. */
  get lineTotal(): number {
    return this.lineCount;
  }

  /** Results per peer that were dropped since `lines` was last called: a file may still have them. */
  get dropped(): number {
    return this.surplus;
  }

  /** Applies an event of the relay. @returns the line to write; undefined when it adds nothing */
  note(event: BlockEvent): HistoryLine | undefined {
    if (!isHistoryLine(event) || this.isOfRepeat(event)) return undefined;
    return this.apply(event) ? event : undefined;
  }

  /** Applies a line of the file. @returns false when it adds nothing: its block is not the pool's, or was removed */
  apply(line: HistoryLine): boolean {
    if (!isOfPool(line)) return false;
    const known = this.entries.get(line.hash);
    if (line.type === 'received') {
      this.insert(entryOf({ received: line, finality: known?.finality, locks: known?.locks }));
      return true;
    }
    if (known === undefined) return false;
    // A new verdict has new figures.
    if (line.type === 'verdict') this.replace(entryOf({ ...known, verdict: line, figures: undefined }));
    else this.replace(entryOf({ ...known, [line.type]: line }));
    return true;
  }

  /** The block's state is final, also when it is `orphaned`. */
  settle(hash: Hash): void {
    this.open.delete(hash);
  }

  /** Updates the confirmations: shown, not written. */
  deepen(hash: Hash, confirmations: number, at: number): void {
    const known = this.entries.get(hash);
    if (known === undefined) return;
    const finality = { ...known.record.finality, at, confirmations };
    this.entries.set(hash, { ...known, record: { ...known.record, finality } });
  }

  /** Blocks without a final state, newest first. */
  *unsettled(): Generator<BlockRecord, void> {
    for (const hash of [...this.open].reverse()) {
      const entry = this.entries.get(hash);
      if (entry !== undefined) yield entry.record;
    }
  }

  /** All lines to keep, oldest first, without blocks that arrive meanwhile. */
  *lines(): Generator<HistoryLine, void> {
    this.surplus = 0;
    for (const hash of [...this.order]) {
      const entry = this.entries.get(hash);
      if (entry === undefined) continue;
      yield entry.received;
      if (entry.verdict !== undefined) yield entry.verdict;
      if (entry.propagation !== undefined) yield entry.propagation;
      if (entry.finality !== undefined) yield entry.finality;
      if (entry.locks !== undefined) yield entry.locks;
    }
  }

  clear(): void {
    this.entries.clear();
    this.order = [];
    this.open.clear();
    this.repeats.clear();
    this.detailed.clear();
    this.proofs = 0;
    this.surplus = 0;
    this.changed();
    this.lineCount = 0;
  }

  latest(limit: number, after?: Hash): readonly BlockRecord[] {
    const end = after === undefined ? this.order.length : this.order.lastIndexOf(after);
    const page = end < 0 ? [] : this.order.slice(Math.max(0, end - limit), end);
    return page.reverse().flatMap((hash) => this.entries.get(hash)?.record ?? []);
  }

  get(hash: Hash): BlockRecord | undefined {
    return this.entries.get(hash)?.record;
  }

  kpis(since?: number): Kpis {
    if (since !== undefined) return kpisOf(this.newestUntil(since));
    this.ofAll ??= kpisOf(this.entries.values());
    return this.ofAll;
  }

  private *newestUntil(since: number): Generator<Entry, void> {
    for (let at = this.order.length - 1; at >= 0; at -= 1) {
      const entry = this.entries.get(this.order[at] ?? '');
      if (entry === undefined || cameAt(entry.received) < since) return;
      yield entry;
    }
  }

  private isOfRepeat(event: HistoryLine): boolean {
    if (event.type === 'finality' || event.type === 'locks') return false;
    if (event.type !== 'received') return this.repeats.has(event.hash);
    this.repeats.delete(event.hash);
    if (this.entries.get(event.hash)?.verdict?.success !== true) return false;
    this.repeats.add(event.hash);
    return true;
  }

  /** A block arrives, or arrives again after it had failed. */
  private insert(entry: Entry): void {
    const { hash } = entry.received;
    const at = cameAt(entry.received);
    if (this.forget(hash)) this.order.splice(this.order.lastIndexOf(hash), 1);
    this.entries.set(hash, entry);
    this.lineCount += linesOf(entry);
    let place = this.order.length;
    // A clock may have been set back between two runs of the relay.
    while (place > 0 && this.cameAt(this.order[place - 1]) > at) place -= 1;
    this.order.splice(place, 0, hash);
    this.track(entry);
    while (this.order.length > this.maxBlocks) this.forget(this.order.shift() ?? '');
    this.count(hash, undefined, entry);
    this.changed();
  }

  private cameAt(hash: Hash | undefined): number {
    const entry = hash === undefined ? undefined : this.entries.get(hash);
    return entry === undefined ? 0 : cameAt(entry.received);
  }

  private replace(entry: Entry): void {
    const before = this.entries.get(entry.received.hash);
    this.lineCount += linesOf(entry) - (before === undefined ? 0 : linesOf(before));
    this.entries.set(entry.received.hash, entry);
    this.track(entry);
    this.count(entry.received.hash, before, entry);
    this.changed();
  }

  /** Counts a block's results per peer; beyond the bound the oldest blocks lose theirs, and keep their figures. */
  private count(hash: Hash, before: Entry | undefined, after: Entry | undefined): void {
    this.proofs += proofsOf(after) - proofsOf(before);
    if (proofsOf(after) === 0) this.detailed.delete(hash);
    else this.detailed.add(hash);
    for (const oldest of this.detailed) {
      if (this.proofs <= this.maxProofs) break;
      if (oldest !== hash) this.thin(oldest);
    }
  }

  private thin(hash: Hash): void {
    const entry = this.entries.get(hash);
    this.detailed.delete(hash);
    if (entry?.verdict === undefined) return;
    this.proofs -= proofsOf(entry);
    this.surplus += proofsOf(entry);
    const { verdict, record } = entry;
    const thinned = entryOf({ ...entry, verdict: { ...verdict, peers: [] } });
    // Confirmations are shown, and in no line.
    this.entries.set(hash, { ...thinned, record: { ...thinned.record, finality: record.finality } });
  }

  private forget(hash: Hash): boolean {
    const entry = this.entries.get(hash);
    if (entry === undefined) return false;
    this.lineCount -= linesOf(entry);
    this.count(hash, entry, undefined);
    this.entries.delete(hash);
    this.open.delete(hash);
    return true;
  }

  private track({ received: { hash }, state }: Entry): void {
    if (state === 'chainlocked' || state === 'buried') this.open.delete(hash);
    else this.open.add(hash);
  }

  private changed(): void {
    this.ofAll = undefined;
  }
}

/** When the pool found it, however often it was sent afterwards. */
function cameAt({ at, firstAt }: BlockReceived): number {
  return firstAt ?? at;
}

function proofsOf(entry: Entry | undefined): number {
  return entry?.verdict?.peers.length ?? 0;
}

function isOfPool(line: HistoryLine): boolean {
  if (line.type === 'finality' || line.type === 'locks') return true;
  return line.type === 'propagation' ? line.own : line.source !== 'dashd';
}

function linesOf({ verdict, propagation, finality, locks }: Entry): number {
  return 1 + [verdict, propagation, finality, locks].filter((line) => line !== undefined).length;
}

type Lines = Pick<Entry, 'received'> & Partial<Pick<Entry, 'verdict' | 'propagation' | 'finality' | 'locks'>>;

/** @param figures of the verdict, when they are known: one whose results per peer were dropped keeps its own */
function entryOf({
  received,
  verdict,
  propagation,
  finality,
  locks,
  figures = verdict && figuresOf(verdict),
}: Lines & Partial<Pick<Entry, 'figures'>>): Entry {
  const lines = { received, verdict, propagation, finality, locks };
  const { state = 'pending', chainLock } = finality ?? {};
  return { ...lines, record: recordOf(lines), figures, state, chainLock, networkMs: propagation?.medianMs };
}

function recordOf({ received, verdict: judged, propagation, finality: ended, locks }: Lines): BlockRecord {
  const { hash, size, transactions, gateMs } = received;
  const receivedAt = cameAt(received);
  const height = received.height ?? ended?.height;
  return {
    hash,
    ...(height !== undefined && { height }),
    size,
    ...(transactions !== undefined && { transactions }),
    receivedAt,
    ...(gateMs !== undefined && { gateMs }),
    ...(judged !== undefined && { verdict: verdictOf(judged) }),
    ...(propagation !== undefined && { propagation: propagationOf(propagation) }),
    finality: ended === undefined ? { at: receivedAt, state: 'pending' } : finalityOf(ended),
    ...(locks !== undefined && { locks: locksOf(locks) }),
  };
}

function verdictOf({ type: _type, at: _at, ...verdict }: BlockVerdict): NonNullable<BlockRecord['verdict']> {
  return verdict;
}

function propagationOf({ type: _type, at: _at, hash: _hash, ...propagation }: BlockPropagation): Propagation {
  return propagation;
}

function finalityOf({
  type: _type,
  hash: _hash,
  height: _height,
  ...finality
}: BlockFinality): BlockRecord['finality'] {
  return finality;
}

function locksOf({
  type: _type,
  hash: _hash,
  height: _height,
  ...locks
}: BlockLocks): NonNullable<BlockRecord['locks']> {
  return locks;
}
