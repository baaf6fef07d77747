/** Paths that are cut: which pairs of hosts lose all that they send to each other, and what waits until they no longer do. */
import { MICROS_PER_MS, type Micros } from '../engine.js';
import type { HostId } from './hosts.js';
import type { Direction } from './link.js';

/** The longest pause before TCP sends again. Source: Linux, `TCP_RTO_MAX`. */
const LONGEST_PAUSE: Micros = 120_000 * MICROS_PER_MS;
const MAX_HOSTS = 2 ** 26;

export class Cuts {
  /** How many cuts a path has. */
  private readonly counts = new Map<number, number>();
  private readonly held = new Map<number, Direction[]>();

  has(a: HostId, b: HostId): boolean {
    return this.counts.size > 0 && this.counts.has(pathOf(a, b));
  }

  add(a: HostId, b: HostId): void {
    const path = pathOf(a, b);
    this.counts.set(path, (this.counts.get(path) ?? 0) + 1);
  }

  /** Undoes one. @returns what waits for the path, when it was the last */
  remove(a: HostId, b: HostId): readonly Direction[] {
    const path = pathOf(a, b);
    const count = (this.counts.get(path) ?? 0) - 1;
    if (count > 0) {
      this.counts.set(path, count);
      return [];
    }
    this.counts.delete(path);
    const held = this.held.get(path) ?? [];
    this.held.delete(path);
    return held;
  }

  hold(direction: Direction): void {
    const path = pathOf(direction.sender.id, direction.receiver.id);
    const held = this.held.get(path);
    if (held === undefined) this.held.set(path, [direction]);
    else held.push(direction);
  }
}

/**
 * The first attempt not before `now` of a sender that sends again and again: after the timeout, then at pauses that double (RFC 6298 §5.5).
 * @param since the first attempt
 */
export function nextAttempt(since: Micros, now: Micros, timeout: Micros): Micros {
  let at = since;
  for (let pause = timeout; at < now; pause = Math.min(LONGEST_PAUSE, 2 * pause)) at += pause;
  return at;
}

function pathOf(a: HostId, b: HostId): number {
  return Math.min(a, b) * MAX_HOSTS + Math.max(a, b);
}
