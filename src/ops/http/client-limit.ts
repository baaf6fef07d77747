import { BoundedMap } from '../../common/bounded.js';
import { type Clock, SECOND_MS } from '../../time.js';

/** Clients remembered; the oldest go first, so that many addresses cannot fill memory. */
const MAX_VISITORS = 10_000;

/** Counts what each client does, in windows of time on the monotonic clock. Looking does not count. */
export class ClientLimit {
  private readonly clients = new BoundedMap<string, { readonly until: number; count: number }>(MAX_VISITORS);

  constructor(
    private readonly rules: { readonly max: number; readonly windowMs: number },
    private readonly clock: Clock,
  ) {}

  add(client: string): void {
    const now = this.clock.monotonic();
    const known = this.clients.get(client);
    if (known !== undefined && known.until > now) {
      known.count += 1;
      return;
    }
    this.clients.renew(client, { until: now + this.rules.windowMs, count: 1 });
  }

  /** How long a client who has reached the maximum has to wait, seconds; 0 for others. */
  waitSeconds(client: string): number {
    const known = this.clients.get(client);
    if (known === undefined || known.count < this.rules.max) return 0;
    return Math.max(0, Math.ceil((known.until - this.clock.monotonic()) / SECOND_MS));
  }
}
