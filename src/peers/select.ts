/**
 * Which peers to connect to and which to drop: `select(book, live) → plan`. Pure; the plan gives a reason for every peer in it.
 *
 * In order:
 * 1. A protected peer is kept whatever happens, takes no slot and is never in `connect`: its connection is somebody else's.
 * 2. What is over the maximum goes, the worst first.
 * 3. Free slots are filled, a few with peers never tried (exploration), unless too few targets are left: then with the best at once.
 * 4. Peers with something definite against them ({@link unfitness}), and those that crowd a network or country, are
 *    replaced where somebody fit is there to replace them.
 * 5. A challenger replaces a sitting peer when it beats its score by the margin. The few on trial (exploration) are spared.
 * 6. Where no slot is free for exploration, one sitting peer makes way.
 * Steps 4 to 6 make `maxRotations` replacements at most in all, and never touch a connection that is still young.
 *
 * Candidates come in tiers: proven ones before untried ones, and in both those that dashd is connected to last, since they add
 * no reach. Within a tier by score, and among equals in an order drawn anew each time.
 *
 * Caps: at most `perGroup` peers of a network group and `perCountry` of a country. When the candidates are so uniform that slots stay
 * empty, the caps rise by one at a time until the slots are full or the ceilings are reached; then slots stay empty. So on public
 * networks one group never gets more than a quarter of the slots. A country that cannot be told counts for none.
 */
import type { AddressFamily, PeerKey } from './address.js';
import { mayDial } from './backoff.js';
import { lottery, Tier } from './candidates.js';
import { FITNESS, isTarget, type Surroundings, unfitness } from './fitness.js';
import type { LivePeer, Plan, SelectInput, SkipCode } from './plan.js';
import { isProtected, Planner, type Seat } from './planner.js';
import { isProven, type PeerRecord } from './record.js';
import { scoreTotal, WEIGHTS } from './score.js';

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
  const around = surroundings(input, live);
  const tiers = [new Tier(), new Tier(), new Tier(), new Tier()];
  const seats: Seat[] = [];
  const skipped = { 'unreachable family': 0, backoff: 0, 'breaker open': 0, unfit: 0 };
  const weigh = scorer(input);
  const lots = lottery(input.random);
  let candidates = 0;
  let steps = 0;
  // A copy: between steps the book may move a record, which would then be met twice.
  for (const record of [...input.book.records()]) {
    if (++steps % RECORDS_A_STEP === 0) yield;
    const peer = live.get(record.key);
    if (peer !== undefined) {
      if (!isProtected(record, peer)) seats.push(seatOf(record, peer, weigh(record), input, around));
      continue;
    }
    if (record.protected) continue;
    const reason = unsuitable(record, input, around);
    if (reason !== undefined) {
      skipped[reason]++;
      continue;
    }
    candidates++;
    tiers[tierOf(record, input)]?.add({ record, score: weigh(record), lot: lots(record.key) });
  }
  yield;
  return new Planner(input, seats, tiers).plan(candidates, skipped);
}

function scorer({ now, weights = WEIGHTS }: SelectInput): (record: PeerRecord) => number {
  return (record) => scoreTotal(record, now, weights);
}

function surroundings(input: SelectInput, live: ReadonlyMap<PeerKey, LivePeer>): Surroundings {
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

function seatOf(record: PeerRecord, live: LivePeer, score: number, input: SelectInput, around: Surroundings): Seat {
  const fitness = input.fitness ?? FITNESS;
  return {
    live,
    record,
    score,
    target: isTarget(record, live.ready, around, fitness),
    unfit: live.ready ? unfitness(record, input.now, around, fitness)?.text : undefined,
  };
}

function unsuitable(record: PeerRecord, input: SelectInput, around: Surroundings): SkipCode | undefined {
  if (!(input.families ?? DIALABLE).has(record.family)) return 'unreachable family';
  if (!mayDial(record.backoff, input.now)) return record.backoff.state === 'closed' ? 'backoff' : 'breaker open';
  if (unfitness(record, input.now, around, input.fitness ?? FITNESS) !== undefined) return 'unfit';
  return undefined;
}

function tierOf(record: PeerRecord, { dashdPeers }: SelectInput): number {
  return (isProven(record) ? 0 : 2) + (dashdPeers?.has(record.key) === true ? 1 : 0);
}
