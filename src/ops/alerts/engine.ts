/**
 * The alert engine: a pure state machine over events and times, one for each condition and for each block with a problem:
 *
 *   inactive ─ condition holds ─► pending ─ holds for the grace period in total ─► firing (notice) ─ over for the settle time ─► inactive (notice)
 *                                 └─ over for the settle time ─► inactive (no notice)       └─ notice repeated while it lasts
 *
 * The settle time doubles with each return, so that a flapping condition is one alert. Durations are on the monotonic clock, so that setting
 * the clock neither triggers nor prevents an alert; notices have wall-clock times. O(1) per event, O(conditions + blocks) per evaluation.
 */
import { exponentialMs } from '../../common/backoff.js';
import type { RelayEvent } from '../../contracts/events.js';
import { HOUR_MS, MINUTE_MS } from '../../time.js';
import { ALERT_IDS, type AlertId, type Condition, conditionOf } from './conditions.js';
import { firing, type Notice, resolved, type StandingAlert, standingOf } from './notice.js';
import { type AlertFacts, earliest, Sensors } from './sensors.js';

/** Longest settle time of a flapping condition. */
const MAX_SETTLE_MS = 30 * MINUTE_MS;
/** A condition that comes back within this time after it was resolved counts as a return. */
const RESTLESS_MS = HOUR_MS;
/** How long an alert about a block is listed as active, unless it is resolved. */
const BLOCK_STANDS_MS = 24 * HOUR_MS;
/** Blocks with a problem that are remembered, so that each is reported once; the oldest are removed. */
const MAX_BLOCKS = 1_000;

interface Track {
  readonly key: string;
  readonly id: AlertId;
  /** Pending or firing. */
  active: boolean;
  failing: boolean;
  /** The last time the condition began or ended. */
  changedAt: number;
  /** When it became active. */
  since: number;
  /** How long the condition held since then, up to `changedAt`. */
  failingMs: number;
  returns: number;
  /** Becoming active before this time counts as a return. */
  restlessUntil: number;
  /** The time of the last notice; undefined unless it is firing. */
  notifiedAt: number | undefined;
  repeat: number;
  facts: AlertFacts;
}

export interface Evaluation {
  readonly notices: readonly Notice[];
  /** Alerts about blocks that were removed before their notice. */
  readonly forgotten: number;
}

export class Engine {
  /** In the order of the table: a condition comes before those that it implies. */
  private readonly conditions: ReadonlyMap<string, Track>;
  private readonly blocks = new Map<string, Track>();
  private readonly sensors: Sensors;
  /** The current time, monotonic, ms. */
  private now = Number.NEGATIVE_INFINITY;
  private forgotten = 0;

  /** @param repeatAfterMs interval of repeated notices while an alert is firing; 0: never */
  constructor(public repeatAfterMs: number) {
    this.conditions = new Map(
      ALERT_IDS.filter((id) => conditionOf(id).aboutBlock !== true).map((id) => [id, inactive(id, id)]),
    );
    this.sensors = new Sensors((id, facts, block) => {
      const track = block === undefined ? this.conditions.get(id) : this.trackOf(id, block, facts);
      if (track === undefined) return;
      if (facts === undefined) markHealthy(track, this.now);
      else markFailing(track, facts, this.now);
    });
  }

  /**
   * Notes an event. O(1).
   * @param now on the monotonic clock, ms, as everywhere in this file
   * @returns whether {@link evaluate} may have something to report
   */
  note(event: RelayEvent, now: number): boolean {
    this.advance(now);
    return this.sensors.note(event, this.now);
  }

  /**
   * The notices that are due by now, in the order of the table.
   * @param wallNow the same moment, Unix ms
   */
  evaluate(now: number, wallNow = now): Evaluation {
    this.advance(now);
    const toWall = wallNow - this.now;
    this.sensors.weigh(this.now);
    const notices: Notice[] = [];
    for (const track of this.tracks()) {
      const notice = this.step(track, toWall);
      if (notice !== undefined) notices.push(notice);
    }
    const { forgotten } = this;
    this.forgotten = 0;
    return { notices, forgotten };
  }

  /** When to {@link evaluate} next without an event; undefined: not before the next event. */
  nextDue(): number | undefined {
    let next = this.sensors.nextWeighing(this.now);
    for (const track of this.tracks()) next = earliest([next, this.dueOf(track)]);
    return next;
  }

  /** @param wallNow as in {@link evaluate} */
  standing(now: number, wallNow = now): readonly StandingAlert[] {
    const isShown = (track: Track) =>
      track.notifiedAt !== undefined && (!isAboutBlock(track) || now - track.since < BLOCK_STANDS_MS);
    return this.tracks()
      .filter(isShown)
      .map((track) => standingOf(onWall(track, wallNow - now)));
  }

  private tracks(): Track[] {
    return [...this.blocks.values(), ...this.conditions.values()];
  }

  private advance(now: number): void {
    this.now = Math.max(this.now, now);
  }

  private trackOf(id: AlertId, block: string, facts: AlertFacts | undefined): Track | undefined {
    const key = `${id}:${block}`;
    const known = this.blocks.get(key);
    if (known !== undefined || facts === undefined) return known;
    const track = inactive(id, key);
    this.blocks.set(key, track);
    if (this.blocks.size > MAX_BLOCKS) this.forgetOldest();
    return track;
  }

  private forgetOldest(): void {
    const [oldest] = this.blocks.values();
    if (oldest === undefined) return;
    this.blocks.delete(oldest.key);
    if (oldest.failing && oldest.notifiedAt === undefined) this.forgotten += 1;
  }

  private step(track: Track, toWall: number): Notice | undefined {
    const due = this.dueOf(track);
    if (due === undefined || this.now < due) return undefined;
    if (!track.failing) return deactivate(track, this.now, toWall);
    track.repeat = track.notifiedAt === undefined ? 0 : track.repeat + 1;
    track.notifiedAt = this.now;
    return firing(onWall(track, toWall), this.now + toWall);
  }

  private dueOf(track: Track): number | undefined {
    const { active, failing, changedAt, notifiedAt } = track;
    if (!active) return undefined;
    const condition = conditionOf(track.id);
    if (!failing) return changedAt + settleMs(track, condition);
    if (notifiedAt === undefined)
      return this.isImplied(condition) ? undefined : changedAt + condition.graceMs - track.failingMs;
    return this.repeatAfterMs === 0 || condition.aboutBlock === true ? undefined : notifiedAt + this.repeatAfterMs;
  }

  private isImplied({ impliedBy = [] }: Condition): boolean {
    return impliedBy.some((id) => this.conditions.get(id)?.active === true);
  }
}

function inactive(id: AlertId, key: string): Track {
  const never = Number.NEGATIVE_INFINITY;
  return {
    key,
    id,
    active: false,
    failing: false,
    changedAt: never,
    since: never,
    failingMs: 0,
    returns: 0,
    restlessUntil: never,
    notifiedAt: undefined,
    repeat: 0,
    facts: { summary: '', details: {} },
  };
}

function markFailing(track: Track, facts: AlertFacts, now: number): void {
  track.facts = facts;
  if (track.failing) return;
  track.failing = true;
  track.changedAt = now;
  if (track.active || now < track.restlessUntil) track.returns += 1;
  else track.returns = 0;
  if (track.active) return;
  track.active = true;
  track.since = now;
  track.failingMs = 0;
}

function markHealthy(track: Track, now: number): void {
  if (!track.failing) return;
  track.failing = false;
  track.failingMs += now - track.changedAt;
  track.changedAt = now;
}

function onWall(track: Track, toWall: number): Track {
  return { ...track, since: track.since + toWall };
}

function deactivate(track: Track, now: number, toWall: number): Notice | undefined {
  const over = () => resolved(onWall(track, toWall), track.changedAt + toWall, now + toWall);
  const notice = track.notifiedAt === undefined ? undefined : over();
  if (notice !== undefined) track.restlessUntil = now + RESTLESS_MS;
  track.active = false;
  track.notifiedAt = undefined;
  return notice;
}

function settleMs({ returns, notifiedAt }: Track, condition: Condition): number {
  if (notifiedAt === undefined) return condition.settleMs;
  return exponentialMs(condition.settleMs, Math.max(condition.settleMs, MAX_SETTLE_MS), returns);
}

function isAboutBlock({ id }: Track): boolean {
  return conditionOf(id).aboutBlock === true;
}
