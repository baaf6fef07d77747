/** Who runs: one contender at a time. */
import { setTimeout as pause } from 'node:timers/promises';
import { refuse } from './cores.js';

/** Signals cannot halt a process there. */
const CAN_HALT = process.platform !== 'win32';

/**
 * So long a contender has from its turn's beginning to the block, milliseconds: what it does by itself is under way again by then, and the
 * machine has fallen asleep, as it would between two blocks.
 */
const QUIET_MS = 10;

/** A process that takes turns. */
export interface Runner {
  halt(): void;
  resume(): void;
  stop(): Promise<void>;
}

const contenders = new Set<Runner>();

/** From now on it takes turns with all that came before it, whatever rig they are of. Until the next turn it runs. */
export function enterTurns(contender: Runner): void {
  contenders.add(contender);
}

/**
 * From now on no contender runs but this one; none does when it is left out. The others would take time from it, the relay above all, which
 * has practice to finish. Waits until all is quiet.
 */
export async function takeTurn(contender?: Runner): Promise<void> {
  if (!CAN_HALT && contenders.size > 1) refuse('contenders that are not in turn go on running');
  for (const each of CAN_HALT ? contenders : []) {
    if (each === contender) each.resume();
    else each.halt();
  }
  await pause(QUIET_MS);
}

/** It takes no more turns, and ends. */
export async function leaveTurns(contender: Runner): Promise<void> {
  contenders.delete(contender);
  await contender.stop();
}

/** All of them, another first each time. */
export function rotated<T>(all: readonly T[], turn: number): T[] {
  const first = turn % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
