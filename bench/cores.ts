/**
 * Whose cores are whose. Contenders have half of them, and what shares their machine in earnest; receivers and the pool have the rest. A
 * receiver is woken on the core of whoever writes to it, and waits there until that one's turn of the event loop ends: up to 3 ms, as no
 * host of its own would.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

const refused = new Set<string>();
const [contenders, receivers] = halves(allowed());

/** Puts a process, all its threads, on the cores for contenders. */
export function seatContender(pid: number): void {
  seat(pid, contenders);
}

/** Puts this process, and those it will start, on the cores for receivers. */
export function seatReceivers(): void {
  seat(process.pid, receivers);
}

/** Gives a process a lower priority than those have whose times are taken. It takes no privileges. */
export function giveWay(pid: number): void {
  orRefuse('onlookers do not give way', () => {
    for (const id of threadsOf(pid)) setPriority(id, constants.priority.PRIORITY_LOW);
  });
}

/** How a run was not what it should be, because the platform refused. */
export function refusals(): string[] {
  return [...refused];
}

/** A list as the kernel writes it, such as `0-3,8`. */
export function parseCores(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function seat(pid: number, cores: readonly number[]): void {
  orRefuse('contenders and their receivers share all cores', () => {
    if (cores.length === 0) throw new Error('there are no two cores to be told apart here');
    execFileSync('taskset', ['-acp', cores.join(','), String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  });
}

function halves(cores: readonly number[]): [number[], number[]] {
  const middle = Math.floor(cores.length / 2);
  return middle === 0 ? [[], []] : [cores.slice(0, middle), cores.slice(middle)];
}

/** The cores that this process may run on; none where only Linux's ways are known. */
function allowed(): number[] {
  if (process.platform !== 'linux') return [];
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return list === undefined ? [] : parseCores(list);
}

/** On Linux a priority is a thread's, not a process's. Source: setpriority(2), "C library/kernel differences". */
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

/** Told once, and in the report. */
export function refuse(what: string): void {
  if (refused.has(what)) return;
  refused.add(what);
  process.stderr.write(`not as it should be on this platform: ${what}\n`);
}
