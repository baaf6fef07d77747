import { BoundedMap } from '../../common/bounded.js';
import { type Clock, SECOND_MS } from '../../time.js';

/** Visitors remembered; the oldest go first, so that many addresses cannot fill memory. */
const MAX_VISITORS = 10_000;

/** Counts what each visitor does, in windows of time on the monotonic clock. Looking does not count. */
export class VisitorCount {
  private readonly visitors = new BoundedMap<string, { readonly until: number; count: number }>(MAX_VISITORS);

  constructor(
    private readonly rules: { readonly max: number; readonly windowMs: number },
    private readonly clock: Clock,
  ) {}

  add(visitor: string): void {
    const now = this.clock.monotonic();
    const known = this.visitors.get(visitor);
    if (known !== undefined && known.until > now) {
      known.count += 1;
      return;
    }
    this.visitors.renew(visitor, { until: now + this.rules.windowMs, count: 1 });
  }

  /** How long a visitor who has reached the maximum has to wait, seconds; 0 for others. */
  waitSeconds(visitor: string): number {
    const known = this.visitors.get(visitor);
    if (known === undefined || known.count < this.rules.max) return 0;
    return Math.max(0, Math.ceil((known.until - this.clock.monotonic()) / SECOND_MS));
  }
}
