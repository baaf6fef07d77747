import { BoundedMap } from '../../common/bounded.js';

/** Which peers failed lately. Bounded, oldest out: peers that come and go cannot fill memory. */
const MAX_REMEMBERED = 1_000;

export interface Failure {
  readonly at: number;
  readonly peer: string;
  readonly why: string;
}

export class FailingPeers {
  /** By peer, the latest failure of each; the longest ago first. */
  private readonly failures = new BoundedMap<string, Failure>(MAX_REMEMBERED);
  private newest: Failure | undefined;

  constructor(private readonly spanMs: number) {}

  add(failure: Failure): void {
    this.newest = failure;
    this.failures.renew(failure.peer, failure);
  }

  /** Removes failures older than the span. */
  forget(now: number): void {
    for (const [peer, { at }] of this.failures) {
      if (now - at < this.spanMs) return;
      this.failures.delete(peer);
    }
  }

  get size(): number {
    return this.failures.size;
  }

  get last(): Failure | undefined {
    return this.newest;
  }

  /** When the oldest failure is removed. */
  nextForgotten(): number | undefined {
    const oldest = this.failures.values().next().value;
    return oldest === undefined ? undefined : oldest.at + this.spanMs;
  }

  /** The number of different peers among the failed and the connected ones. */
  countWith(connected: ReadonlySet<string>): number {
    let others = 0;
    for (const peer of this.failures.keys()) if (!connected.has(peer)) others += 1;
    return connected.size + others;
  }
}
