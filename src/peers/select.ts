/**
 * Which peers to connect to and which to drop: `select(book, live) → plan`. Pure; the plan gives a reason for every peer in it.
 *
 * In order:
 * 1. A protected peer is kept whatever happens, takes no slot and is never in `connect`: its connection is somebody else's.
 * 2. What is over the maximum goes, the worst first.
 * 3. Free slots are filled, a few with peers never tried (exploration), unless too few targets are left: then with the best at once.
 * 4. Peers with something definite against them ({@link unfitness}), those that dashd is connected to by itself, and those that crowd a
 *    network or country, are replaced where somebody fit is there to replace them.
 * 5. A challenger replaces a sitting peer when it beats its score by the margin. The few on trial (exploration) are spared.
 * 6. Where no slot is free for exploration, one sitting peer makes way.
 * Steps 4 to 6 make `maxRotations` replacements at most in all, and never touch a connection that is still young.
 *
 * Candidates come in tiers: proven ones before untried ones, and in both those that dashd is connected to last, since they add
 * no reach: they fill slots that would stay empty, and replace nobody, whatever their score. Within a tier by score, and among equals in an order drawn anew each time.
 *
 * With fewer targets than the minimum up to half of the free slots go to the last resort: peers that the operator configured, and proven ones
 * whatever is remembered of them, and slow ones, each at most once a minute (standing.ts).
 *
 * Caps: at most `perGroup` peers of a network group and `perCountry` of a country. When the candidates are so uniform that slots stay
 * empty, the caps rise by one at a time until the slots are full or the ceilings are reached; then slots stay empty. So on public
 * networks one group never gets more than a quarter of the slots. A country that is not known counts for none.
 */
import type { AddressFamily, PeerKey } from './address.js';
import { type Candidate, lottery, Tier } from './candidates.js';
import { FITNESS, type FitnessContext, isTarget, liveUnfitness } from './fitness.js';
import { needsRefill, type OpenConnection, type Plan, type SelectInput, type SkipCode } from './plan.js';
import { isProtected, Planner, type Slot } from './planner.js';
import { isProven, type PeerRecord } from './record.js';
import { learnedBounds, learnedPoints, scoreTotal, WEIGHTS } from './score.js';
import { barOf, isConfigured, mayRetry } from './standing.js';

const DIALABLE: ReadonlySet<AddressFamily> = new Set(['ipv4', 'ipv6', 'name']);
const RECORDS_A_STEP = 500;

/** The whole plan at once. */
export function select(input: SelectInput): Plan {
  const steps = selecting(input);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps of a millisecond or so, for a caller that must not hold the event loop between them. */
export function* selecting(input: SelectInput): Generator<undefined, Plan> {
  const live = new Map(input.live.map((peer) => [peer.key, peer]));
  const context = fitnessContext(input, live);
  const sorting = new Sorting(input, context);
  const slots: Slot[] = [];
  const weigh = scorer(input);
  let steps = 0;
  // A copy: between steps the book may move a record, which would then be met twice.
  for (const record of [...input.book.records()]) {
    if (++steps % RECORDS_A_STEP === 0) yield;
    const peer = live.get(record.key);
    if (peer === undefined) sorting.add(record, weigh);
    else if (!isProtected(record, peer)) slots.push(slotOf(record, peer, weigh(record), input, context));
  }
  yield;
  const { tiers, lastResort, candidates, skipped } = sorting;
  return new Planner(input, slots, tiers, lastResort).plan(candidates, skipped);
}

/** Those that are not connected: candidates, last resorts, and the others with the reason that counts. */
class Sorting {
  readonly tiers = [new Tier(), new Tier(), new Tier(), new Tier()];
  /** Configured, proven, others. */
  readonly lastResort = [new Tier(), new Tier(), new Tier()];
  candidates = 0;
  readonly skipped: Record<SkipCode, number> = {
    'unreachable-family': 0,
    backoff: 0,
    'breaker-open': 0,
    'no-network-service': 0,
    failing: 0,
    slow: 0,
  };
  private readonly shortage: Shortage | undefined;
  private readonly lots;

  constructor(
    private readonly input: SelectInput,
    private readonly context: FitnessContext,
  ) {
    this.shortage = shortageOf(input, context);
    this.lots = lottery(input.random);
  }

  add(record: PeerRecord, weigh: (record: PeerRecord) => number): void {
    if (record.protected) return;
    const { now, fitness = FITNESS, families = DIALABLE } = this.input;
    if (!families.has(record.family)) {
      this.skipped['unreachable-family']++;
      return;
    }
    const bar = barOf(record, now, this.context, fitness);
    const candidate = (): Candidate => ({ record, score: weigh(record), lot: this.lots(record.key) });
    if (bar === undefined) {
      this.candidates++;
      this.tiers[tierOf(record, this.input)]?.add(candidate());
      return;
    }
    this.skipped[bar.code]++;
    if (this.shortage === undefined || bar.code === 'no-network-service') return;
    if (mayRetry(record, bar, now, this.shortage))
      this.lastResort[resortOf(record)]?.add({ ...candidate(), bar: bar.text });
  }
}

type Shortage = 'few' | 'none';

/** Whether too few targets are connected, or nobody at all; undefined when there are enough. */
function shortageOf(input: SelectInput, context: FitnessContext): Shortage | undefined {
  let targets = 0;
  let ready = 0;
  for (const peer of input.live) {
    const record = input.book.get(peer.key);
    if (record === undefined || isProtected(record, peer)) continue;
    if (peer.ready) ready++;
    if (isTarget(record, peer.ready, context, input.fitness ?? FITNESS)) targets++;
  }
  if (!needsRefill(targets, input.limits)) return undefined;
  return ready === 0 ? 'none' : 'few';
}

function scorer({ now, weights = WEIGHTS }: SelectInput): (record: PeerRecord) => number {
  return (record) => scoreTotal(record, now, weights);
}

function fitnessContext(input: SelectInput, live: ReadonlyMap<PeerKey, OpenConnection>): FitnessContext {
  const pings: number[] = [];
  for (const peer of live.values()) {
    const ping = peer.ready ? input.book.get(peer.key)?.ping : undefined;
    if (ping !== undefined) pings.push(ping.smoothedMs);
  }
  pings.sort((a, b) => a - b);
  const medianPingMs = pings[(pings.length - 1) >> 1];
  return {
    ...(input.tipHeight === undefined ? {} : { tipHeight: input.tipHeight }),
    ...(medianPingMs === undefined ? {} : { medianPingMs }),
  };
}

function slotOf(
  record: PeerRecord,
  live: OpenConnection,
  score: number,
  input: SelectInput,
  context: FitnessContext,
): Slot {
  const { fitness = FITNESS, weights = WEIGHTS } = input;
  return {
    live,
    record,
    score,
    learned: learnedPoints(record, weights),
    bounds: learnedBounds(record, weights),
    reached: input.dashdPeers?.has(record.key) === true && !isConfigured(record),
    target: isTarget(record, live.ready, context, fitness),
    unfit: live.ready ? liveUnfitness(record, input.now, context, fitness)?.text : undefined,
  };
}

/** An operator's word counts as much as a handshake. */
function tierOf(record: PeerRecord, { dashdPeers }: SelectInput): number {
  const isVouchedFor = isProven(record) || isConfigured(record);
  return (isVouchedFor ? 0 : 2) + (dashdPeers?.has(record.key) === true ? 1 : 0);
}

function resortOf(record: PeerRecord): number {
  if (isConfigured(record)) return 0;
  return isProven(record) ? 1 : 2;
}
