import { type Clock, SECOND_MS } from '../../time.js';

/** Visitors remembered; the oldest go first, so that many addresses cannot fill memory. */
const MAX_VISITORS = 10_000;

/** Counts a visitor's failures in windows of time. Looking does not count. */
export class FailureCount {
  private readonly visitors = new Map<string, { readonly until: number; failures: number }>();

  constructor(
    private readonly rules: { readonly max: number; readonly windowMs: number },
    private readonly clock: Clock,
  ) {}

  add(visitor: string): void {
    const now = this.clock.monotonic();
    const known = this.visitors.get(visitor);
    if (known !== undefined && known.until > now) {
      known.failures += 1;
      return;
    }
    this.visitors.delete(visitor);
    this.visitors.set(visitor, { until: now + this.rules.windowMs, failures: 1 });
    if (this.visitors.size > MAX_VISITORS) this.visitors.delete(this.visitors.keys().next().value ?? visitor);
  }

  /** How long a visitor with too many failures has to wait, seconds; 0 for others. */
  waitSeconds(visitor: string): number {
    const known = this.visitors.get(visitor);
    if (known === undefined || known.failures < this.rules.max) return 0;
    return Math.max(0, Math.ceil((known.until - this.clock.monotonic()) / SECOND_MS));
  }
}
