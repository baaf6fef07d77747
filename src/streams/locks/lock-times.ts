/**
 * When each block of the pool's came, was dashd's tip, and was ChainLocked, as dashd announced it: for the time to its ChainLock. In memory
 * alone: of a block from before the start it is not known.
 */
import { BoundedMap } from '../../common/bounded.js';
import type { ChainLockTime } from '../../contracts/locks.js';
import { type Clock, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';

/** Blocks that are remembered; a pool finds a few in a day. */
const MAX_BLOCKS = 512;
/** A ChainLock of a later block locks the earlier ones: they are asked about within this time after its announcement. */
const ASKED_WITHIN_MS = 3 * SECOND_MS;

interface Times {
  readonly height?: number;
  /** Monotonic, ms. */
  readonly cameAt: number;
}

export class LockTimes {
  private readonly blocks = new BoundedMap<Hash, Times>(MAX_BLOCKS);
  /** Of any block: a block is reported once it is on disk, and on a busy machine dashd has its ChainLock before that. */
  private readonly tips = new BoundedMap<Hash, number>(MAX_BLOCKS);
  private readonly locks = new BoundedMap<Hash, number>(MAX_BLOCKS);
  /** Of any block, monotonic. */
  private lastLockAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  /** A block of the pool's. @param at its arrival, ms since the epoch */
  came(hash: Hash, at: number, height?: number): void {
    // How long ago that is: the two clocks advance alike.
    const cameAt = this.clock.monotonic() - (this.clock.now() - at);
    if (!this.blocks.has(hash)) this.blocks.set(hash, { cameAt, ...(height !== undefined && { height }) });
  }

  /** dashd has the block as its tip. */
  isTip(hash: Hash): void {
    if (!this.tips.has(hash)) this.tips.set(hash, this.clock.monotonic());
  }

  /** dashd announced the block's ChainLock. */
  isLocked(hash: Hash): void {
    this.lastLockAt = this.clock.monotonic();
    if (!this.locks.has(hash)) this.locks.set(hash, this.lastLockAt);
  }

  /** Of a block of the pool's that came since the start. */
  get(hash: Hash): { readonly height?: number; readonly ageMs: number; readonly locked: boolean } | undefined {
    const times = this.blocks.get(hash);
    if (times === undefined) return undefined;
    const { height, cameAt } = times;
    const ageMs = this.clock.monotonic() - cameAt;
    return { ageMs, locked: this.locks.has(hash), ...(height !== undefined && { height }) };
  }

  /** @returns of a block that is ChainLocked, as dashd has just said, when that happened; undefined for one from before the start */
  chainLock(hash: Hash): ChainLockTime | undefined {
    const times = this.blocks.get(hash);
    if (times === undefined) return undefined;
    const { cameAt } = times;
    const now = this.clock.monotonic();
    const byLater = this.lastLockAt > cameAt && now - this.lastLockAt < ASKED_WITHIN_MS ? this.lastLockAt : undefined;
    const announcedAt = this.locks.get(hash) ?? byLater;
    const at = announcedAt ?? now;
    const tipAt = this.tips.get(hash);
    return {
      ms: at - cameAt,
      ...(tipAt !== undefined && tipAt <= at && { sinceTipMs: at - tipAt }),
      seen: announcedAt === undefined ? 'asked' : 'feed',
    };
  }
}
