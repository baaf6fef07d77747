import type { RelayEvent } from '../../../contracts/events.js';
import type { Micros } from '../../engine.js';
import type { Observation, Seen } from '../observation.js';

/** What is wrong, when the rule is broken by now. */
type Answer = string | undefined;

/**
 * One run's check of a rule: what it does with each kind of what is seen, and of the relay's events. What it answers depends on what it
 * was given alone.
 */
export type Check = {
  readonly [Type in Seen['type']]?: (seen: Extract<Seen, { type: Type }>, at: Micros) => Answer;
} & {
  readonly [Type in RelayEvent['type']]?: (event: Extract<RelayEvent, { type: Type }>, at: Micros) => Answer;
} & {
  /** Called with everything, last: time has passed. */
  readonly time?: (at: Micros) => Answer;
};

/** A rule that holds after every event of every run, whatever the faults. */
export interface Invariant {
  /** A code, in kebab-case. */
  readonly name: string;
  /** The rule, as a sentence. */
  readonly rule: string;
  open(): Check;
}

export interface Violation {
  readonly invariant: string;
  readonly detail: string;
  /** What showed it. */
  readonly observation: Observation;
}

/** All rules of a run as one. @returns the first violation that an observation shows, undefined when it shows none */
export function watch(invariants: readonly Invariant[]): (observation: Observation) => Violation | undefined {
  const checks = invariants.map((invariant) => ({ invariant, check: invariant.open() }));
  return (observation) => {
    let violation: Violation | undefined;
    // Every check sees everything, also what another objects to.
    for (const { invariant, check } of checks) {
      const detail = answerOf(check, observation);
      if (detail !== undefined) violation ??= { invariant: invariant.name, detail, observation };
    }
    return violation;
  };
}

function answerOf(check: Check, observation: Observation): Answer {
  const { at } = observation;
  const seen = handlerOf(check, observation.type)?.(observation, at);
  const emitted =
    observation.type === 'event' ? handlerOf(check, observation.event.type)?.(observation.event, at) : undefined;
  return seen ?? emitted ?? check.time?.(at);
}

/** The handler of a type takes what is of that type: TypeScript cannot follow that through the index. */
function handlerOf(check: Check, type: Exclude<keyof Check, 'time'>) {
  return check[type] as ((seen: object, at: Micros) => Answer) | undefined;
}
