/**
 * Assigns cores to processes. Contenders, and processes that share their machine in production, have half of the cores; receivers and the
 * pool have the rest. Otherwise the kernel wakes a receiver on the core of the writer, where it waits for the writer's turn of the event
 * loop to end: up to 3 ms, which a separate host would not.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

const refused = new Set<string>();
const [contenders, receivers] = halves(allowed());

/** Pins a process, with all its threads, to the cores for contenders. */
export function seatContender(pid: number): void {
  seat(pid, contenders);
}

/** Pins this process, and those it starts later, to the cores for receivers. */
export function seatReceivers(): void {
  seat(process.pid, receivers);
}

/** Lowers the priority of a process below the measured ones. Needs no privileges. */
export function giveWay(pid: number): void {
  orRefuse('observers run at normal priority', () => {
    for (const id of threadsOf(pid)) setPriority(id, constants.priority.PRIORITY_LOW);
  });
}

/** What the platform refused in this run, for the report. */
export function refusals(): string[] {
  return [...refused];
}

/** Parses the kernel's list format, such as `0-3,8`. */
export function parseCores(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function seat(pid: number, cores: readonly number[]): void {
  orRefuse('contenders and their receivers share all cores', () => {
    if (cores.length === 0) throw new Error('fewer than two cores');
    execFileSync('taskset', ['-acp', cores.join(','), String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  });
}

function halves(cores: readonly number[]): [number[], number[]] {
  const middle = Math.floor(cores.length / 2);
  return middle === 0 ? [[], []] : [cores.slice(0, middle), cores.slice(middle)];
}

/** The cores that this process may run on; none on platforms other than Linux. */
function allowed(): number[] {
  if (process.platform !== 'linux') return [];
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return list === undefined ? [] : parseCores(list);
}

/** On Linux each thread has its own priority. Source: setpriority(2), "C library/kernel differences". */
function threadsOf(pid: number): number[] {
  return process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid];
}

function orRefuse(what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    refuse(`${what} (${error instanceof Error ? error.message.split('\n', 1)[0] : error})`);
  }
}

/** Prints a refusal once and adds it to the report. */
export function refuse(what: string): void {
  if (refused.has(what)) return;
  refused.add(what);
  process.stderr.write(`not as it should be on this platform: ${what}\n`);
}
