/**
 * A disk in memory for simulated relays, in virtual time. It survives the processes that use it, loses at a crash what POSIX lets a disk
 * lose (memory-nodes.ts), and can be slow or fail. What is random is drawn from a stream of its own.
 *
 * Each piece of work takes effect as it begins or as it ends, so that a process that is killed meanwhile has done it or not. Bound: what
 * is not synced is held twice at most.
 */
import type { Disk } from '../../adapters/disk.js';
import { DiskMedium, type DiskProcess } from './disk-medium.js';
import { MountedDisk } from './mounted-disk.js';

export class MemoryDisk extends DiskMedium {
  private readonly mounts = new Set<MountedDisk>();

  /** The disk as one process has it. @param enter runs what the process does when it is answered; at once unless given */
  mount(enter?: DiskProcess['enter']): Disk {
    const mounted = new MountedDisk(this, enter);
    this.mounts.add(mounted);
    return mounted;
  }

  /**
   * Kills the processes: nothing that they asked for is answered any more. What they wrote stays, and so do their locks until nobody has
   * refreshed them for long enough. A process that starts after this mounts the disk anew.
   */
  kill(): void {
    for (const mounted of this.mounts) mounted.isAlive = false;
    this.mounts.clear();
  }

  /** The machine loses power: kills the processes, and loses what was not synced. */
  crash(): void {
    this.kill();
    this.tree.root.losePower(this.deps.random);
  }
}
