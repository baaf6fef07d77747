import TinyQueue from 'tinyqueue';
import type { Random } from '../time.js';
import type { PeerKey } from './address.js';
import type { PeerRecord } from './record.js';

/** A peer that may be connected to. */
export interface Candidate {
  readonly record: PeerRecord;
  readonly score: number;
  readonly lot: number;
  /** The reason against it, when it is a last resort. */
  readonly bar?: string;
}

/**
 * Candidates are ordered in portions of this size, so that no step takes long. A heap is built in O(n) and returns one in O(log n): of
 * 20,000 candidates only a few dozen are used.
 */
const BATCH = 500;

/** One tier: returns the best candidate that passes a test. The others keep their places. */
export class Tier {
  /** Each is ordered; the best of all is the best of their heads. */
  readonly #batches: TinyQueue<Candidate>[] = [];
  #batch: Candidate[] = [];
  readonly #heldBack: Candidate[] = [];

  add(candidate: Candidate): void {
    this.#batch.push(candidate);
    if (this.#batch.length === BATCH) this.#close();
  }

  #close(): void {
    if (this.#batch.length > 0) this.#batches.push(new TinyQueue(this.#batch, byRank));
    this.#batch = [];
  }

  #next(): Candidate | undefined {
    this.#close();
    let best: TinyQueue<Candidate> | undefined;
    for (const batch of this.#batches) {
      const [head, leader] = [batch.peek(), best?.peek()];
      if (head !== undefined && (leader === undefined || byRank(head, leader) < 0)) best = batch;
    }
    return best?.pop();
  }

  get size(): number {
    return this.#heldBack.length + this.#batch.length + this.#batches.reduce((sum, batch) => sum + batch.length, 0);
  }

  /** Takes the best that fits and has `least` points. */
  take(least: number, fits: (record: PeerRecord) => boolean): Candidate | undefined {
    for (const [index, candidate] of this.#heldBack.entries()) {
      if (candidate.score < least) return undefined;
      if (fits(candidate.record)) {
        this.#heldBack.splice(index, 1);
        return candidate;
      }
    }
    for (let candidate = this.#next(); candidate !== undefined; candidate = this.#next()) {
      if (candidate.score >= least && fits(candidate.record)) return candidate;
      this.#heldBack.push(candidate);
      if (candidate.score < least) return undefined;
    }
    return undefined;
  }
}

/** The best first: by score; among equals at random, then by name. */
function byRank(a: Candidate, b: Candidate): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.lot !== b.lot) return a.lot - b.lot;
  return a.record.key < b.record.key ? -1 : 1;
}

/** A pseudo-random number for each key, different for each salt, independent of the order of keys: salted FNV-1a. */
export function lottery(random: Random): (key: PeerKey) => number {
  const salt = Number(random.u64() & 0xffff_ffffn);
  return (key) => {
    let hash = 0x811c_9dc5 ^ salt;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193);
    // The last characters barely affect the high bits of FNV; one more round mixes them in.
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
    return (hash ^ (hash >>> 13)) >>> 0;
  };
}
