/**
 * When to tell what: a pure machine over events and times. Each condition takes one course, and so does each block that something
 * is amiss with:
 *
 *   quiet ─ amiss ─► waiting ─ amiss for the grace period, all in all ─► standing (told) ─ well for a while ─► quiet (told)
 *                    └─ well for a while ─► quiet (never told)           └─ repeated while it lasts
 *
 * All durations are on the monotonic clock: no clock that is set lets an alert come early or never. What is told has the wall clock's times.
 *
 * How long "a while" is doubles with each return, so that what comes and goes is told as one alert that stands, not as many.
 */
import { exponentialMs } from '../../common/backoff.js';
import type { RelayEvent } from '../../contracts/events.js';
import { HOUR_MS, MINUTE_MS } from '../../time.js';
import { ALERT_IDS, type AlertId, type Condition, conditionOf } from './conditions.js';
import { firing, type Notice, resolved, type StandingAlert, standingOf } from './notice.js';
import { earliest, type Facts, Sensors } from './sensors.js';

/** Longest time for which something must be well before that is told, however restless it was. */
const MAX_SETTLE_MS = 30 * MINUTE_MS;
/** What comes back within this time after it was over has returned; later it is new. */
const RESTLESS_MS = HOUR_MS;
/** How long an alert about a block is shown as standing, unless it is taken back: nothing that happens later undoes it. */
const BLOCK_STANDS_MS = 24 * HOUR_MS;
/** Blocks with something amiss that are remembered, so that each is told once; the oldest give way. */
const MAX_BLOCKS = 1_000;

interface Track {
  readonly key: string;
  readonly id: AlertId;
  /** Not quiet. */
  active: boolean;
  amiss: boolean;
  /** When it became amiss or well, the last time. */
  changedAt: number;
  /** When it became active. */
  since: number;
  /** For how long it was amiss since then, up to `changedAt`. */
  amissMs: number;
  returns: number;
  /** Becoming active before this is one more return. */
  restlessUntil: number;
  /** When it was told last; undefined unless it stands. */
  toldAt: number | undefined;
  repeat: number;
  facts: Facts;
}

export interface Telling {
  readonly notices: readonly Notice[];
  /** Alerts about blocks that had to make way before they were told. */
  readonly forgotten: number;
}

export class Engine {
  /** In the order of the table: what implies others comes before them. */
  private readonly conditions: ReadonlyMap<string, Track>;
  private readonly blocks = new Map<string, Track>();
  private readonly sensors: Sensors;
  /** Of the event or the time being looked at. */
  private now = Number.NEGATIVE_INFINITY;
  private forgotten = 0;

  /** @param repeatAfterMs after which an alert that still stands is told again; 0: never */
  constructor(public repeatAfterMs: number) {
    this.conditions = new Map(
      ALERT_IDS.filter((id) => conditionOf(id).aboutBlock !== true).map((id) => [id, quiet(id, id)]),
    );
    this.sensors = new Sensors((id, facts, block) => {
      const track = block === undefined ? this.conditions.get(id) : this.trackOf(id, block, facts);
      if (track === undefined) return;
      if (facts === undefined) becomeWell(track, this.now);
      else becomeAmiss(track, facts, this.now);
    });
  }

  /**
   * Takes note of an event. O(1).
   * @param now on the monotonic clock, ms; so everywhere here
   * @returns whether there may be something to {@link tell} of
   */
  note(event: RelayEvent, now: number): boolean {
    this.advance(now);
    return this.sensors.note(event, this.now);
  }

  /**
   * What is to be told by now, in the order of the table.
   * @param wallNow the same moment, Unix ms
   */
  tell(now: number, wallNow = now): Telling {
    this.advance(now);
    const toWall = wallNow - this.now;
    this.sensors.weigh(this.now);
    const notices: Notice[] = [];
    for (const track of this.tracks()) {
      const notice = this.stepped(track, toWall);
      if (notice !== undefined) notices.push(notice);
    }
    const { forgotten } = this;
    this.forgotten = 0;
    return { notices, forgotten };
  }

  /** When to {@link tell} next though nothing happens; undefined: not before something does. */
  nextDue(): number | undefined {
    let next = this.sensors.nextWeighing(this.now);
    for (const track of this.tracks()) next = earliest([next, this.dueOf(track)]);
    return next;
  }

  /** @param wallNow as in {@link tell} */
  standing(now: number, wallNow = now): readonly StandingAlert[] {
    const isShown = (track: Track) =>
      track.toldAt !== undefined && (!isAboutBlock(track) || now - track.since < BLOCK_STANDS_MS);
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

  private trackOf(id: AlertId, block: string, facts: Facts | undefined): Track | undefined {
    const key = `${id}:${block}`;
    const known = this.blocks.get(key);
    if (known !== undefined || facts === undefined) return known;
    const track = quiet(id, key);
    this.blocks.set(key, track);
    if (this.blocks.size > MAX_BLOCKS) this.forgetOldest();
    return track;
  }

  private forgetOldest(): void {
    const [oldest] = this.blocks.values();
    if (oldest === undefined) return;
    this.blocks.delete(oldest.key);
    if (oldest.amiss && oldest.toldAt === undefined) this.forgotten += 1;
  }

  private stepped(track: Track, toWall: number): Notice | undefined {
    const due = this.dueOf(track);
    if (due === undefined || this.now < due) return undefined;
    if (!track.amiss) return quieten(track, this.now, toWall);
    track.repeat = track.toldAt === undefined ? 0 : track.repeat + 1;
    track.toldAt = this.now;
    return firing(onWall(track, toWall), this.now + toWall);
  }

  private dueOf(track: Track): number | undefined {
    const { active, amiss, changedAt, toldAt } = track;
    if (!active) return undefined;
    const condition = conditionOf(track.id);
    if (!amiss) return changedAt + settleMs(track, condition);
    if (toldAt === undefined)
      return this.isImplied(condition) ? undefined : changedAt + condition.graceMs - track.amissMs;
    return this.repeatAfterMs === 0 || condition.aboutBlock === true ? undefined : toldAt + this.repeatAfterMs;
  }

  private isImplied({ impliedBy = [] }: Condition): boolean {
    return impliedBy.some((id) => this.conditions.get(id)?.active === true);
  }
}

function quiet(id: AlertId, key: string): Track {
  const never = Number.NEGATIVE_INFINITY;
  return {
    key,
    id,
    active: false,
    amiss: false,
    changedAt: never,
    since: never,
    amissMs: 0,
    returns: 0,
    restlessUntil: never,
    toldAt: undefined,
    repeat: 0,
    facts: { said: '', details: {} },
  };
}

function becomeAmiss(track: Track, facts: Facts, now: number): void {
  track.facts = facts;
  if (track.amiss) return;
  track.amiss = true;
  track.changedAt = now;
  if (track.active || now < track.restlessUntil) track.returns += 1;
  else track.returns = 0;
  if (track.active) return;
  track.active = true;
  track.since = now;
  track.amissMs = 0;
}

function becomeWell(track: Track, now: number): void {
  if (!track.amiss) return;
  track.amiss = false;
  track.amissMs += now - track.changedAt;
  track.changedAt = now;
}

function onWall(track: Track, toWall: number): Track {
  return { ...track, since: track.since + toWall };
}

function quieten(track: Track, now: number, toWall: number): Notice | undefined {
  const over = () => resolved(onWall(track, toWall), track.changedAt + toWall, now + toWall);
  const notice = track.toldAt === undefined ? undefined : over();
  if (notice !== undefined) track.restlessUntil = now + RESTLESS_MS;
  track.active = false;
  track.toldAt = undefined;
  return notice;
}

function settleMs({ returns, toldAt }: Track, condition: Condition): number {
  if (toldAt === undefined) return condition.settleMs;
  return exponentialMs(condition.settleMs, Math.max(condition.settleMs, MAX_SETTLE_MS), returns);
}

function isAboutBlock({ id }: Track): boolean {
  return conditionOf(id).aboutBlock === true;
}
