/** The faults that the proxy reports: a closed list, also the label of a metric. */
import { fill } from '../../messages/fill.js';
import { PROXY } from '../../messages/proxy.js';
export type ProxyFaultCode =
  /** No connection to dashd. */
  | 'dashd-unreachable'
  /** dashd closed the connection before its answer was complete, or the answer is not HTTP. */
  | 'dashd-broke-off'
  /** The proxy received its own request: the configured address of dashd is that of the proxy. */
  | 'loop'
  /** The request was forwarded without being inspected: a block in it reaches dashd only. */
  | 'body-too-large'
  | 'buffers-full'
  | 'batch-too-large'
  | 'too-many-blocks'
  /** The parameter of a `submitblock` is not a block: it was forwarded to dashd only. */
  | 'no-block'
  /** Faults of a caller. */
  | 'bad-request'
  | 'slow-request'
  | 'too-many-connections'
  /** The request came from a web page. */
  | 'cross-site';

const QUIET_MS = 60_000;
/** All other faults are those of callers. */
const OF_DASHD: ReadonlySet<ProxyFaultCode> = new Set(['dashd-unreachable', 'dashd-broke-off', 'loop']);

/**
 * Reports a fault at most once per minute, with the number of faults omitted since the previous report, so that a caller cannot flood the log.
 * Faults of callers share one limit, faults of dashd another.
 */
export class ThrottledReporter {
  private readonly reported = new Map<
    'callers' | 'dashd',
    { readonly at: number; readonly leftOut: Map<string, number> }
  >();

  constructor(
    private readonly emit: (code: ProxyFaultCode, detail: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  report(code: ProxyFaultCode, detail: string): void {
    const cause = OF_DASHD.has(code) ? 'dashd' : 'callers';
    const last = this.reported.get(cause);
    const now = this.now();
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.leftOut.set(code, (last.leftOut.get(code) ?? 0) + 1);
      return;
    }
    this.reported.set(cause, { at: now, leftOut: new Map() });
    const others = [...(last?.leftOut ?? [])].map(([kind, count]) => `${count} × ${kind}`);
    this.emit(code, others.length === 0 ? detail : fill(PROXY.omitted, { detail, others: others.join(', ') }));
  }
}
