/** What the proxy finds amiss. A closed list, fit for a metric's label. */
export type ProxyFaultCode =
  /** No connection to dashd. */
  | 'dashd unreachable'
  /** The connection to dashd broke before its answer was complete, or what it answered is no HTTP. */
  | 'dashd broke off'
  /** Passed on without a look at it: a block in it reaches dashd alone. */
  | 'body too large'
  | 'buffers full'
  | 'batch too large'
  | 'too many blocks'
  /** A caller's mistakes. */
  | 'bad request'
  | 'slow request'
  | 'too many connections'
  /** A request that has been here before: dashd's address is the proxy's own. */
  | 'loop';

const QUIET_MS = 10_000;

/**
 * Lets the first complaint of a kind through, then one in ten seconds, which says how many were left out: whoever floods the
 * proxy does not flood the log.
 */
export class Complaints {
  private readonly told = new Map<ProxyFaultCode, { at: number; leftOut: number }>();

  constructor(
    private readonly tell: (code: ProxyFaultCode, detail: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  complain(code: ProxyFaultCode, detail: string): void {
    const last = this.told.get(code);
    const now = this.now();
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.leftOut += 1;
      return;
    }
    this.told.set(code, { at: now, leftOut: 0 });
    const others = last?.leftOut ?? 0;
    this.tell(code, others === 0 ? detail : `${detail} (and ${others} more of the kind before it)`);
  }
}
