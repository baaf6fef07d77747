import { fill } from '../messages/fill.js';
import { SCORE } from '../messages/peers.js';
import { HOUR_MS } from '../time.js';
import { earliness, earlinessBounds, pathTime } from './learned.js';
import type { PeerRecord, Source } from './record.js';

/** Points a peer earns (requirement 16). */
export interface Weights {
  /** By the best of its sources. The operator counts as much as dashd; other sources count less until the peer was tried. */
  readonly initial: Readonly<Record<Source, number>>;
  /** Times the success rate, which is between 0 and 1. */
  readonly success: number;
  /** By the time since the peer was last seen: under 1 h, under 6 h, under 24 h, longer. */
  readonly recency: { readonly hour: number; readonly sixHours: number; readonly day: number; readonly older: number };
  /** For a peer dashd itself had. */
  readonly fromDashd: number;
  /** Times how early blocks come over the peer, which is between 0 and 1 (learned.ts); 0: what was learned does not count. */
  readonly learned: number;
  /** The whole score of a protected peer. */
  readonly protected: number;
}

export const WEIGHTS: Weights = {
  initial: { local_dashd: 100, dashd: 100, configured: 100, masternode: 50, dns: 50, p2p_discovery: 50 },
  success: 100,
  recency: { hour: 50, sixHours: 30, day: 10, older: -20 },
  fromDashd: 30,
  learned: 0,
  protected: 999_999,
};

/** The weights that an operator may set, as the configuration has them. */
export interface WeightSettings {
  /** For a peer that dashd or the operator named. */
  readonly known: number;
  /** For one known from gossip or a DNS seed. */
  readonly heard: number;
  readonly success: number;
  readonly hour: number;
  readonly sixHours: number;
  readonly day: number;
  /** Subtracted, so not negative. */
  readonly older: number;
  readonly fromDashd: number;
}

/**
 * Of what was learned, where it counts: more than all other terms in sum, since among peers that can be reached nothing matters as much. A
 * peer that proves no blocks is unfit, whatever its score.
 */
const LEARNED_POINTS = 500;

/** The defaults, with what was learned. */
export const LEARNED_WEIGHTS: Weights = { ...WEIGHTS, learned: LEARNED_POINTS };

/** @param learned whether what was learned of peers counts */
export function weightsFrom({ weights, learned }: { weights: WeightSettings; learned: boolean }): Weights {
  const { known, heard, success, hour, sixHours, day, older, fromDashd } = weights;
  return {
    initial: {
      local_dashd: known,
      dashd: known,
      configured: known,
      masternode: heard,
      dns: heard,
      p2p_discovery: heard,
    },
    success,
    recency: { hour, sixHours, day, older: -older },
    fromDashd,
    learned: learned ? LEARNED_POINTS : 0,
    protected: WEIGHTS.protected,
  };
}

/** 95 % confidence. */
const Z = 1.96;

/**
 * The lower bound of the success rate with 95 % confidence (Wilson's interval). Chosen over the mean of a Beta prior because it
 * is exactly 0 for a peer never tried (a prior would give strangers points for nothing), 0.21 after one delivery of one, and
 * 0.84 at the end of a long unbroken record, so luck cannot outrank it. It rises with every success and falls with every failure.
 * Source: E. B. Wilson, "Probable inference", 1927.
 * @param succeeded weight of the successes, need not be whole
 */
export function successRate(succeeded: number, failed: number): number {
  const n = succeeded + failed;
  if (!(n > 0)) return 0;
  // Wilson's formula times n / n, so that no weight is too small to divide by.
  const spread = Z * Math.sqrt((succeeded * failed) / n + (Z * Z) / 4);
  return Math.max(0, (succeeded + (Z * Z) / 2 - spread) / (n + Z * Z));
}

export type TermLabel = 'protected' | 'initial' | 'success' | 'recency' | 'from-dashd' | 'learned' | 'floor';

export interface Term {
  readonly label: TermLabel;
  readonly value: number;
  readonly why: string;
}

/** The terms add up to the total. */
export interface Score {
  readonly total: number;
  readonly terms: readonly Term[];
}

/** The numbers without texts, for ranking 20,000 peers; {@link score} explains them. */
function parts(record: PeerRecord, now: number, weights: Weights) {
  let source: Source = 'p2p_discovery';
  let initial = Number.NEGATIVE_INFINITY;
  for (const candidate of record.sources) {
    if (weights.initial[candidate] > initial) {
      initial = weights.initial[candidate];
      source = candidate;
    }
  }
  if (record.sources.length === 0) initial = weights.initial[source];
  const rate = successRate(record.broadcasts.recent.succeeded, record.broadcasts.recent.failed);
  const ageMs = Math.max(0, now - record.lastSeen);
  return {
    source,
    initial,
    rate,
    success: weights.success * rate,
    ageMs,
    recency: recency(ageMs, weights),
    fromDashd: record.sources.includes('dashd') ? weights.fromDashd : 0,
    learned: learnedPoints(record, weights),
  };
}

function recency(ageMs: number, { recency }: Weights): number {
  if (ageMs < HOUR_MS) return recency.hour;
  if (ageMs < 6 * HOUR_MS) return recency.sixHours;
  if (ageMs < 24 * HOUR_MS) return recency.day;
  return recency.older;
}

/** A peer's score at `now` (ms) without its breakdown. Never below 0. */
export function scoreTotal(record: PeerRecord, now: number, weights: Weights = WEIGHTS): number {
  if (record.protected) return weights.protected;
  const { initial, success, recency, fromDashd, learned } = parts(record, now, weights);
  return Math.max(0, initial + success + recency + fromDashd + learned);
}

/** A peer's score at `now` (ms), with each of its terms and the reason for it. */
export function score(record: PeerRecord, now: number, weights: Weights = WEIGHTS): Score {
  if (record.protected) {
    const term: Term = { label: 'protected', value: weights.protected, why: SCORE.protected };
    return { total: weights.protected, terms: [term] };
  }
  const part = parts(record, now, weights);
  const { broadcasts } = record;
  const terms: Term[] = [
    { label: 'initial', value: part.initial, why: fill(SCORE.initial, { source: part.source }) },
    {
      label: 'success',
      value: part.success,
      why:
        broadcasts.recent.succeeded + broadcasts.recent.failed > 0
          ? fill(SCORE.success, { percent: (part.rate * 100).toFixed(0) })
          : SCORE['no-block'],
    },
    { label: 'recency', value: part.recency, why: fill(SCORE.recency, { hours: (part.ageMs / HOUR_MS).toFixed(1) }) },
  ];
  if (part.fromDashd !== 0) terms.push({ label: 'from-dashd', value: part.fromDashd, why: SCORE['from-dashd'] });
  if (weights.learned !== 0) terms.push({ label: 'learned', value: part.learned, why: learnedFrom(record) });
  const sum = part.initial + part.success + part.recency + part.fromDashd + part.learned;
  if (sum < 0) terms.push({ label: 'floor', value: -sum, why: SCORE.floor });
  return { total: Math.max(0, sum), terms };
}

/** The points for what was learned of a peer. */
export function learnedPoints(record: PeerRecord, { learned }: Weights): number {
  return learned === 0 ? 0 : learned * earliness(record);
}

/** What these may turn out to be, by what was seen so far. */
export function learnedBounds(
  record: PeerRecord,
  { learned }: Weights,
): { readonly least: number; readonly most: number } {
  if (learned === 0) return { least: 0, most: 0 };
  const { least, most } = earlinessBounds(record);
  return { least: learned * least, most: learned * most };
}

function learnedFrom(record: PeerRecord): string {
  const { lagMs, wayMs } = pathTime(record);
  const { learned } = record;
  return fill(learned === undefined ? SCORE['learned-nothing'] : SCORE.learned, {
    lag: Math.round(learned?.lagMs ?? lagMs),
    blocks: learned?.blocks.toFixed(0),
    way: Math.round(wayMs),
  });
}
