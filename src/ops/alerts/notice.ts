/** Notices: the content of an alert's messages, the same for all channels. */

import { COURSE } from '../../messages/alerts.js';
import { fill } from '../../messages/fill.js';
import { type AlertId, chapterOf, conditionOf, type Severity } from './conditions.js';
import type { AlertFacts, Details } from './sensors.js';
import { clean, formatDuration, formatTime } from './text.js';

/** An alert that is firing. Times are milliseconds since the Unix epoch. */
export interface StandingAlert {
  /** The alert's id; for alerts about a block followed by a colon and its hash. The same from `firing` to `resolved`. */
  readonly key: string;
  /** `test`: a test message. */
  readonly alert: AlertId | 'test';
  readonly aboutBlock: boolean;
  readonly severity: Severity;
  readonly title: string;
  /** The problem, on one line. */
  readonly summary: string;
  /** What to do about it, one sentence. */
  readonly remedy: string;
  /** The chapter about it in the project's documents. */
  readonly docs: string;
  /** When it began. */
  readonly since: number;
  readonly details: Details;
}

export interface Notice extends StandingAlert {
  readonly state: 'firing' | 'resolved';
  /** The number of earlier notices since it began. */
  readonly repeat: number;
  /** Of this message. */
  readonly at: number;
  /** From `since` until it was over; of resolved ones. */
  readonly lastedMs?: number;
  /** How often it came back while it was about to be resolved. */
  readonly returns: number;
  /** The message for people, some lines. */
  readonly text: string;
}

/** The state of an alert, as the engine has it. */
export interface Course {
  readonly key: string;
  readonly id: AlertId;
  readonly since: number;
  readonly facts: AlertFacts;
}

/** Longest text of others, such as a peer's or dashd's reason. */
const MAX_SUMMARY = 400;
const MAX_DETAILS = 20;

export function standingOf({ key, id, since, facts }: Course): StandingAlert {
  const { severity, aboutBlock = false, title, remedy } = conditionOf(id);
  const details = Object.entries(facts.details)
    .slice(0, MAX_DETAILS)
    .map(([name, value]) => [name, typeof value === 'string' ? clean(value, MAX_SUMMARY) : value]);
  return {
    key,
    alert: id,
    aboutBlock,
    severity,
    title,
    summary: clean(facts.summary, MAX_SUMMARY),
    remedy,
    docs: chapterOf(id),
    since,
    details: Object.fromEntries(details) as Details,
  };
}

export function firing(course: Course & { readonly repeat: number; readonly returns: number }, at: number): Notice {
  const standing = standingOf(course);
  const { repeat, returns } = course;
  const since = {
    time: formatTime(course.since),
    duration: repeat === 0 ? undefined : formatDuration(at - course.since),
    returns: timesReturned(returns),
  };
  const text = [standing.summary, fill(COURSE.since, since), standing.remedy, standing.docs].join('\n');
  return { ...standing, state: 'firing', repeat, returns, at, text };
}

/** @param until when the condition ended, a settle time before `at` */
export function resolved(
  course: Course & { readonly repeat: number; readonly returns: number },
  until: number,
  at: number,
): Notice {
  const standing = standingOf(course);
  const { repeat, returns } = course;
  const lastedMs = Math.max(0, until - course.since);
  const text = standing.aboutBlock
    ? fill(COURSE.resolved, { recovers: conditionOf(course.id).recovers, facts: standing.summary })
    : fill(COURSE.lasted, {
        duration: formatDuration(lastedMs),
        from: formatTime(course.since),
        to: formatTime(until),
        returns: timesReturned(returns),
        facts: standing.summary,
      });
  return { ...standing, state: 'resolved', repeat, returns, at, lastedMs, text };
}

/** How often it ended and came back; undefined when it did not. */
function timesReturned(returns: number): string | undefined {
  if (returns === 0) return undefined;
  return returns === 1 ? COURSE.once : fill(COURSE.times, { count: returns });
}

/** The notice of a test message. */
export function testNotice(at: number): Notice {
  return {
    key: 'test',
    alert: 'test',
    aboutBlock: false,
    severity: 'warning',
    title: 'Test',
    summary: COURSE.test,
    remedy: COURSE['test-remedy'],
    docs: 'docs/alerts.md',
    since: at,
    details: {},
    state: 'firing',
    repeat: 0,
    at,
    returns: 0,
    text: COURSE['test-text'],
  };
}
