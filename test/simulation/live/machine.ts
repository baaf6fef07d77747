/** A memory disk in virtual time. */
import type { Disk } from '../../../src/adapters/disk.js';
import { MemoryDisk } from '../../../src/simulation/live/memory-disk.js';
import { RunRandom } from '../../../src/simulation/random.js';
import { Time } from '../../support/virtual-time.js';

export class Machine {
  readonly time = new Time();
  readonly memory: MemoryDisk;
  /** The disk as the process that runs now has it. */
  disk: Disk;

  constructor(seed = 1) {
    const { clock, scheduler } = this.time;
    this.memory = new MemoryDisk({ clock, scheduler, random: new RunRandom(seed, 'disk') });
    this.memory.tree.makeFolders('/data');
    this.memory.tree.root.sync();
    this.disk = this.memory.mount();
  }

  /** Lets time pass until work is done. */
  async finish<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const end = () => {
      isDone = true;
    };
    work.then(end, end);
    while (!isDone) await this.time.pass(1);
    return work;
  }

  /** The machine loses power, and a new process runs on it. */
  crash(): void {
    this.memory.crash();
    this.disk = this.memory.mount();
  }

  /** The process is killed, and a new one started. */
  kill(): void {
    this.memory.kill();
    this.disk = this.memory.mount();
  }

  /** Appends to a file. */
  async write(path: string, ...texts: readonly string[]): Promise<void> {
    const file = await this.disk.open(path, 'a', 0o600);
    for (const text of texts) await file.appendFile(text);
  }

  async sync(path: string): Promise<void> {
    const node = await this.disk.open(path, 'r', 0o600);
    await node.sync();
  }

  /** What is in a file, `none` where there is none. */
  text(path: string): string {
    try {
      return this.memory.tree.file(path).content.toString();
    } catch {
      return 'none';
    }
  }
}

/** All that `outcome` is for so many seeds, sorted. */
export async function outcomes(count: number, outcome: (seed: number) => Promise<string>): Promise<string[]> {
  const seen = new Set<string>();
  for (let seed = 1; seed <= count; seed += 1) seen.add(await outcome(seed));
  return [...seen].sort();
}
