/**
 * Who runs, and whom it makes way for. The bench has a few cores for what would be a host each: one contender runs at a time, and where the
 * receivers' times are taken, it yields to them.
 */
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

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
const refused = new Set<string>();

/** From now on it takes turns with all that came before it, whatever rig they are of. Until the next turn it runs. */
export function enterTurns(contender: Runner): void {
  contenders.add(contender);
}

/**
 * From now on no contender runs but this one; none does when it is left out. The others would take time from it, the relay above all, which
 * rehearses for ever. Waits until all is quiet.
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

/**
 * Gives a process a lower priority than the receivers have. They are woken on the core of whoever writes to them, and there they would wait
 * until its turn of the event loop ends, up to 3 ms, as no host of their own would. It takes no privileges.
 */
export function yieldToReceivers(pid: number): void {
  try {
    for (const id of threadsOf(pid)) setPriority(id, constants.priority.PRIORITY_LOW);
  } catch (error) {
    refuse(`contenders have the priority of their receivers (${error instanceof Error ? error.message : error})`);
  }
}

/** On Linux a priority is a thread's, not a process's. Source: setpriority(2), "C library/kernel differences". */
function threadsOf(pid: number): number[] {
  return process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid];
}

function refuse(what: string): void {
  if (refused.has(what)) return;
  refused.add(what);
  process.stderr.write(`not as it should be on this platform: ${what}\n`);
}

/** How a run was not what it should be, because the platform refused. */
export function refusals(): string[] {
  return [...refused];
}

/** All of them, another first each time. */
export function rotated<T>(all: readonly T[], turn: number): T[] {
  const first = turn % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
