import type { Clock } from '../time.js';
import type { Hash } from '../wire/reader.js';
import {
  type BlockFault,
  type Body,
  checkBody,
  checkCoinbaseInContext,
  checkHeader,
  checkHeaderInContext,
  type Header,
  readBody,
  readHeader,
} from './consensus-rules.js';
import { regtestGenesis } from './genesis.js';
import type { Template } from './miner.js';
import { workOf } from './proof-of-work.js';

/** A known header and, once received, its block. */
export interface ChainBlock {
  readonly header: Header;
  readonly hash: Hash;
  readonly height: number;
  readonly parent: ChainBlock | undefined;
  /** The accumulated work up to this block. */
  readonly work: bigint;
  readonly raw: Buffer | undefined;
  readonly transactions: number;
  /** The block was part of the best chain, and is therefore fully validated. */
  readonly connected: boolean;
  /** The block is invalid. */
  readonly failed: boolean;
}

type Entry = { -readonly [Key in keyof ChainBlock]: ChainBlock[Key] } & { parent: Entry | undefined };

export type AcceptOutcome =
  | {
      readonly accepted: true;
      readonly block: ChainBlock;
      /** False for a block that was known before or was not stored. */
      readonly isNew: boolean;
      /** The blocks added to the best chain, oldest first. */
      readonly connected: readonly ChainBlock[];
    }
  | { readonly accepted: false; readonly fault: BlockFault };

export type HeadersOutcome =
  | { readonly accepted: true; readonly last: ChainBlock }
  | { readonly accepted: false; readonly fault: BlockFault };

type Headed = { readonly accepted: true; readonly last: Entry } | Extract<HeadersOutcome, { accepted: false }>;

export interface ChainOptions {
  readonly clock: Clock;
  /** The first height at which the coinbase is a special transaction. Core's regtest: 432 (`DIP0003Height`). */
  readonly specialFrom?: number;
}

export type TipListener = (tip: ChainBlock, connected: readonly ChainBlock[]) => void;

/** The tip of a branch, as in `getchaintips`. */
export interface Branch {
  readonly tip: ChainBlock;
  /** The last block in common with the best chain. */
  readonly fork: ChainBlock;
  readonly status: 'active' | 'invalid' | 'conflicting' | 'headers-only' | 'valid-fork' | 'valid-headers';
}

const REGTEST_DIP3_HEIGHT = 432;
const MEDIAN_SPAN = 11;
/** An unrequested block further ahead is not stored. Source: Core `validation.h`, `MIN_BLOCKS_TO_KEEP`. */
const MAX_AHEAD = 288;
/** A node with an older tip is in initial block download and announces nothing. Source: Core `validation.h`. */
const MAX_TIP_AGE_SECONDS = 6 * 60 * 60;
/** Twenty block intervals of 150 s. Source: Core `net_processing.cpp`, `CanDirectFetch`. */
const MAX_FETCH_AGE_SECONDS = 20 * 150;
/** The locator's first hashes are consecutive. */
const DENSE_LOCATOR = 10;

/** A block tree and its best chain. Source: Dash Core `validation.cpp`, `AcceptBlock` and its callers. */
export class Chain {
  private readonly entries = new Map<Hash, Entry>();
  private readonly children = new Map<Hash, Entry[]>();
  private readonly active: Entry[] = [];
  private readonly listeners = new Set<TipListener>();
  private readonly specialFrom: number;
  private heaviest: Entry;
  private locked: Entry | undefined;
  private caughtUp = false;

  constructor(private readonly options: ChainOptions) {
    this.specialFrom = options.specialFrom ?? REGTEST_DIP3_HEIGHT;
    const raw = regtestGenesis();
    const genesis = entryOf(readHeader(raw), undefined);
    this.entries.set(genesis.hash, genesis);
    this.heaviest = genesis;
    genesis.raw = raw;
    genesis.transactions = 1;
    genesis.connected = true;
    this.active.push(genesis);
  }

  get tip(): ChainBlock {
    const tip = this.active.at(-1);
    if (tip === undefined) throw new Error('a chain has at least its genesis block');
    return tip;
  }

  /** The known header with the most work, with or without its block. */
  get bestHeader(): ChainBlock {
    return this.heaviest.failed || this.heaviest.work < this.tip.work ? this.tip : this.heaviest;
  }

  /** True until the tip is recent for the first time: dashd announces no blocks before. */
  get initialDownload(): boolean {
    if (!this.caughtUp) this.caughtUp = this.tip.header.time >= this.nowSeconds - MAX_TIP_AGE_SECONDS;
    return !this.caughtUp;
  }

  /** Whether the tip is so recent that a new block is requested from the peer that announced it. */
  get canDirectFetch(): boolean {
    return this.tip.header.time > this.nowSeconds - MAX_FETCH_AGE_SECONDS;
  }

  get(hash: Hash): ChainBlock | undefined {
    return this.entries.get(hash);
  }

  /** The block at a height of the best chain. */
  at(height: number): ChainBlock | undefined {
    return this.active[height];
  }

  isActive(block: ChainBlock): boolean {
    return this.active[block.height] === block;
  }

  /** The highest block with a ChainLock. */
  get bestLocked(): ChainBlock | undefined {
    return this.locked;
  }

  /** Whether a block is ChainLocked. A ChainLock covers all ancestors. */
  isLocked(block: ChainBlock): boolean {
    return this.locked !== undefined && ancestor(this.locked, block.height) === block;
  }

  /**
   * Applies a ChainLock to a block of the best chain: competing chains are rejected from now on.
   * @returns false for a block that is not higher than the last ChainLocked one, which dashd ignores
   */
  lock(hash: Hash): boolean {
    const entry = this.entries.get(hash);
    if (entry === undefined || !this.isActive(entry)) throw new Error(`${hash} is not in the best chain`);
    if (entry.height <= (this.locked?.height ?? -1)) return false;
    this.locked = entry;
    return true;
  }

  /** The tips of all branches, the highest first. Source: Core `rpc/blockchain.cpp`, `getchaintips`. */
  branches(): readonly Branch[] {
    const ends = [...this.entries.values()].filter(
      (entry) => entry === this.tip || (!this.isActive(entry) && (this.children.get(entry.hash) ?? []).length === 0),
    );
    return ends
      .sort((a, b) => b.height - a.height)
      .map((tip) => ({ tip, fork: this.forkOf(tip), status: this.statusOf(tip) }));
  }

  /** Calls back after each change of the tip. @returns a function that unsubscribes */
  onTip(listener: TipListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A template for a miner on the tip, or on another known block. */
  template(parent: ChainBlock = this.tip): Template {
    return {
      parent: parent.hash,
      height: parent.height + 1,
      time: Math.max(medianTime(parent) + 1, Math.floor(this.nowSeconds)),
      special: parent.height + 1 >= this.specialFrom,
    };
  }

  /**
   * Validates a serialised block, stores it, and activates its chain when that has more work.
   * @param requested an unrequested block is not stored when it has less work than the tip or is far ahead of it
   */
  accept(raw: Buffer, requested: boolean): AcceptOutcome {
    const body = readBody(raw);
    if (body === undefined) return refused({ kind: 'undecodable', reason: 'Block decode failed' });
    const broken = checkBody(body);
    if (broken !== undefined) return refused(broken);
    const headed = this.acceptHeader(body.header);
    if (!headed.accepted) return headed;
    const entry = headed.last;
    const wanted = requested || (entry.work >= this.tip.work && entry.height <= this.tip.height + MAX_AHEAD);
    if (entry.raw !== undefined || !wanted) return { accepted: true, block: entry, isNew: false, connected: [] };
    return this.store(entry, body, raw);
  }

  /** Validates consecutive headers whose first parent is known. The list must not be empty. */
  acceptHeaders(headers: readonly Buffer[]): HeadersOutcome {
    const read = headers.map((bytes) => readHeader(bytes));
    const broken = read.some((header, place) => place > 0 && header.previous !== read[place - 1]?.hash);
    if (broken && this.entries.has(read[0]?.previous ?? '')) {
      return refused({ kind: 'not-continuous', reason: 'non-continuous headers sequence' });
    }
    let outcome: HeadersOutcome = { accepted: true, last: this.tip };
    for (const header of read) {
      outcome = this.acceptHeader(header);
      if (!outcome.accepted) break;
    }
    return outcome;
  }

  /** A block locator, from which another node finds the last common block. Source: Core `chain.cpp`, `LocatorEntries`. */
  locator(from: ChainBlock = this.bestHeader): Hash[] {
    const hashes: Hash[] = [];
    let step = 1;
    for (let block: ChainBlock | undefined = from; block !== undefined; ) {
      hashes.push(block.hash);
      if (hashes.length > DENSE_LOCATOR) step *= 2;
      block = block.height === 0 ? undefined : ancestor(block, Math.max(0, block.height - step));
    }
    return hashes;
  }

  /** The newest block of the best chain in a locator; the genesis block when there is none. */
  fork(locator: readonly Hash[]): ChainBlock {
    for (const hash of locator) {
      const block = this.get(hash);
      if (block === undefined) continue;
      if (this.isActive(block)) return block;
      if (ancestor(block, this.tip.height) === this.tip) return this.tip;
    }
    return this.at(0) ?? this.tip;
  }

  private forkOf(tip: Entry): Entry {
    let at = tip;
    while (!this.isActive(at) && at.parent !== undefined) at = at.parent;
    return at;
  }

  private statusOf(tip: Entry): Branch['status'] {
    if (this.isActive(tip)) return 'active';
    if (hasFailed(tip)) return 'invalid';
    if (this.forkOf(tip).height < (this.locked?.height ?? -1)) return 'conflicting';
    if (!isComplete(tip)) return 'headers-only';
    return tip.connected ? 'valid-fork' : 'valid-headers';
  }

  private get nowSeconds(): number {
    return this.options.clock.now() / 1000;
  }

  private acceptHeader(header: Header): Headed {
    const known = this.entries.get(header.hash);
    if (known !== undefined) {
      return known.failed ? refused({ kind: 'known-invalid', reason: 'duplicate' }) : { accepted: true, last: known };
    }
    const broken = checkHeader(header);
    if (broken !== undefined) return refused(broken);
    const parent = this.entries.get(header.previous);
    if (parent === undefined) return refused({ kind: 'missing-parent', reason: 'prev-blk-not-found' });
    if (parent.failed) return refused({ kind: 'invalid-parent', reason: 'bad-prevblk' });
    const misplaced = checkHeaderInContext(header, { medianTime: medianTime(parent), now: this.nowSeconds });
    if (misplaced !== undefined) return refused(misplaced);
    const conflict = this.conflictAbove(parent);
    if (conflict !== undefined) return refused({ kind: 'conflicting', reason: conflict });
    return { accepted: true, last: this.index(header, parent) };
  }

  /** The fault of a new block on this parent, if it would compete with a ChainLocked block. */
  private conflictAbove(parent: Entry): string | undefined {
    if (this.locked === undefined) return undefined;
    if (parent.height < this.locked.height) return 'bad-chainlock';
    return ancestor(parent, this.locked.height) === this.locked ? undefined : 'bad-prevblk-chainlock';
  }

  private store(entry: Entry, body: Body, raw: Buffer): AcceptOutcome {
    const misplaced = checkCoinbaseInContext(body, entry.height, entry.height >= this.specialFrom);
    if (misplaced !== undefined) {
      entry.failed = true;
      return refused(misplaced);
    }
    entry.raw = raw;
    entry.transactions = body.scan.count;
    return { accepted: true, block: entry, isNew: true, connected: this.activate(this.best(entry)) };
  }

  /** Of a block and its complete descendants, the one with the most work; of equals, the one received first. */
  private best(entry: Entry): Entry {
    if (!isComplete(entry)) return entry;
    let best = entry;
    const open = [entry];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next.work > best.work) best = next;
      open.push(...(this.children.get(next.hash) ?? []).filter((child) => child.raw !== undefined));
    }
    return best;
  }

  private activate(candidate: Entry): ChainBlock[] {
    if (candidate.work <= this.tip.work || !isComplete(candidate)) return [];
    if (this.forkOf(candidate).height < (this.locked?.height ?? -1)) return [];
    const joining: Entry[] = [];
    for (let entry: Entry | undefined = candidate; entry !== undefined && !this.isActive(entry); entry = entry.parent) {
      joining.unshift(entry);
    }
    this.active.length = candidate.height + 1 - joining.length;
    for (const entry of joining) {
      entry.connected = true;
      this.active.push(entry);
    }
    for (const listener of this.listeners) listener(candidate, joining);
    return joining;
  }

  private index(header: Header, parent: Entry): Entry {
    const entry = entryOf(header, parent);
    this.entries.set(entry.hash, entry);
    this.children.set(parent.hash, [...(this.children.get(parent.hash) ?? []), entry]);
    if (entry.work > this.heaviest.work || this.heaviest.failed) this.heaviest = entry;
    return entry;
  }
}

function entryOf(header: Header, parent: Entry | undefined): Entry {
  return {
    header,
    hash: header.hash,
    height: parent === undefined ? 0 : parent.height + 1,
    parent,
    work: workOf(header.bits) + (parent?.work ?? 0n),
    raw: undefined,
    transactions: 0,
    connected: false,
    failed: false,
  };
}

/** The block at a height in the chain that ends with `block`. */
export function ancestor(block: ChainBlock, height: number): ChainBlock | undefined {
  let at: ChainBlock | undefined = block;
  while (at !== undefined && at.height > height) at = at.parent;
  return at?.height === height ? at : undefined;
}

/** Seconds: the median of a block's time and the ten before it. Source: Core `chain.h`, `GetMedianTimePast`. */
export function medianTime(block: ChainBlock): number {
  const times: number[] = [];
  for (let at: ChainBlock | undefined = block; at !== undefined && times.length < MEDIAN_SPAN; at = at.parent) {
    times.push(at.header.time);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}

/** Whether a block and all its ancestors were received. */
function isComplete(block: ChainBlock): boolean {
  let at: ChainBlock | undefined = block;
  while (at !== undefined && !at.connected) {
    if (at.raw === undefined) return false;
    at = at.parent;
  }
  return true;
}

/** Whether a block or one of its ancestors is invalid. */
function hasFailed(block: ChainBlock): boolean {
  let at: ChainBlock | undefined = block;
  while (at !== undefined && !at.connected) {
    if (at.failed) return true;
    at = at.parent;
  }
  return false;
}

function refused(fault: BlockFault): { readonly accepted: false; readonly fault: BlockFault } {
  return { accepted: false, fault };
}
