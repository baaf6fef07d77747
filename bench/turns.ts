/** Contenders run one at a time; the others are stopped (SIGSTOP). */
import { setTimeout as pause } from 'node:timers/promises';
import { refuse } from './cores.js';

/** Windows has no SIGSTOP. */
const CAN_HALT = process.platform !== 'win32';

/**
 * Time from the start of a contender's turn to the block, milliseconds: its timers run again by then, and the processor is idle, as it
 * would be between two blocks.
 */
const QUIET_MS = 10;

/** A process that takes turns. */
export interface TurnTaker {
  halt(): void;
  resume(): void;
  stop(): Promise<void>;
}

const contenders = new Set<TurnTaker>();

/** Adds a contender to the turns, of whichever rig. It runs until the next turn. */
export function enterTurns(contender: TurnTaker): void {
  contenders.add(contender);
}

/**
 * Lets only this contender run, or none: others would take processor time from it, such as a relay that still warms up. Resolves after
 * {@link QUIET_MS}.
 */
export async function takeTurn(contender?: TurnTaker): Promise<void> {
  if (!CAN_HALT && contenders.size > 1) refuse('contenders run while others are measured');
  for (const each of CAN_HALT ? contenders : []) {
    if (each === contender) each.resume();
    else each.halt();
  }
  await pause(QUIET_MS);
}

/** Removes a contender from the turns and ends it. */
export async function leaveTurns(contender: TurnTaker): Promise<void> {
  contenders.delete(contender);
  await contender.stop();
}

/** All elements, starting with a different one each turn. */
export function rotated<T>(all: readonly T[], turn: number): T[] {
  const first = turn % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
