/** The work of the memory disk: it takes virtual time, and may fail. */
import type { SchedulerLike } from 'rxjs';
import type { Clock } from '../../time.js';
import type { RunRandom } from '../random.js';
import { diskError } from './disk-error.js';
import { MemoryTree } from './memory-tree.js';

/** `write` adds bytes to a file; `name` makes, links, renames or removes a file or a folder. */
export type DiskWork = 'read' | 'write' | 'sync' | 'name';

/** Least and most milliseconds of each kind of work. */
export type DiskTimes = Readonly<Record<DiskWork, readonly [least: number, most: number]>>;

/** An SSD: a system call takes microseconds, a sync some milliseconds. */
const SSD_TIMES: DiskTimes = { read: [0.01, 0.1], write: [0.01, 0.1], name: [0.01, 0.1], sync: [1, 5] };

/** @returns the code of the error that this work fails with, such as `ENOSPC` or `EIO`; undefined when it succeeds */
export type DiskFault = (work: DiskWork, path: string) => string | undefined;

export interface MemoryDiskDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly scheduler: SchedulerLike;
  readonly random: RunRandom;
  /** Those of an SSD unless given. */
  readonly times?: DiskTimes;
}

/** A process that has the disk mounted. */
export interface DiskProcess {
  /** False once it was killed. */
  readonly isAlive: boolean;
  /** Runs an action of the process: when it was stopped, once it goes on. */
  readonly enter: (action: () => void) => void;
}

export class DiskMedium {
  /** Set to make work fail. */
  fault: DiskFault = () => undefined;
  /** Set to make all work take so many times as long. */
  slowness = 1;
  readonly tree: MemoryTree;

  constructor(readonly deps: MemoryDiskDeps) {
    this.tree = new MemoryTree(() => deps.clock.now());
  }

  /**
   * Does a piece of work in its time; a process that was killed does none, and gets no answer.
   * @param spoil what the work leaves when it fails
   * @throws what `act` throws, and the error that `fault` asks for
   */
  async work<T>(
    kind: DiskWork,
    path: string,
    process: DiskProcess,
    act: () => T,
    spoil: () => void = () => undefined,
  ): Promise<T> {
    const { random } = this.deps;
    if (!process.isAlive) return new Promise(() => undefined);
    const code = this.fault(kind, path);
    const run = (): T => {
      if (code === undefined) return act();
      spoil();
      throw diskError(code, path);
    };
    if (random.float() < 0.5) {
      await this.pass(kind, process);
      return run();
    }
    try {
      return run();
    } finally {
      await this.pass(kind, process);
    }
  }

  /** Never resolves for a process that was killed. */
  private pass(kind: DiskWork, process: DiskProcess): Promise<void> {
    const { random, scheduler, times = SSD_TIMES } = this.deps;
    const [least, most] = times[kind];
    const ms = (least + random.float() * (most - least)) * this.slowness;
    return new Promise((resolve) => {
      scheduler.schedule(() => {
        if (process.isAlive) process.enter(resolve);
      }, ms);
    });
  }
}
