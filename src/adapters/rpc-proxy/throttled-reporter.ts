/** What the proxy finds amiss. A closed list, fit for a metric's label. */
export type ProxyFaultCode =
  /** No connection to dashd. */
  | 'dashd-unreachable'
  /** The connection to dashd broke before its answer was complete, or what it answered is no HTTP. */
  | 'dashd-broke-off'
  /** A request that has been here before: dashd's address is the proxy's own. */
  | 'loop'
  /** Passed on without a look at it: a block in it reaches dashd alone. */
  | 'body-too-large'
  | 'buffers-full'
  | 'batch-too-large'
  | 'too-many-blocks'
  /** What a `submitblock` holds is no block: it went to dashd alone. */
  | 'no-block'
  /** A caller's mistakes. */
  | 'bad-request'
  | 'slow-request'
  | 'too-many-connections'
  /** A web page sent it. */
  | 'cross-site';

const QUIET_MS = 60_000;
/** All else is a caller's doing. */
const OF_DASHD: ReadonlySet<ProxyFaultCode> = new Set(['dashd-unreachable', 'dashd-broke-off', 'loop']);

/**
 * Reports a fault at most once a minute, and with the next report how many were left out: a caller that floods the proxy does not flood
 * the log. All that callers can cause counts together; what is amiss with dashd is reported beside it.
 */
export class ThrottledReporter {
  private readonly told = new Map<
    'callers' | 'dashd',
    { readonly at: number; readonly leftOut: Map<string, number> }
  >();

  constructor(
    private readonly tell: (code: ProxyFaultCode, detail: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  report(code: ProxyFaultCode, detail: string): void {
    const cause = OF_DASHD.has(code) ? 'dashd' : 'callers';
    const last = this.told.get(cause);
    const now = this.now();
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.leftOut.set(code, (last.leftOut.get(code) ?? 0) + 1);
      return;
    }
    this.told.set(cause, { at: now, leftOut: new Map() });
    const others = [...(last?.leftOut ?? [])].map(([kind, count]) => `${count} × ${kind}`);
    this.tell(code, others.length === 0 ? detail : `${detail} (not reported since the last one: ${others.join(', ')})`);
  }
}
