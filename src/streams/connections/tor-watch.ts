/**
 * What Tor is worth, as a service: it follows from the outcome of each dial through it and of the probes. It is down when the SOCKS port does not
 * accept us, and when nothing was reached through it for {@link FAILURES} dials in a row while no peer is connected through it.
 */

import type { ServiceEvent } from '../../contracts/events.js';
import { fill } from '../../messages/fill.js';
import { TOR } from '../../messages/tor.js';
import { PROXY_FAULTS } from '../../session/reach.js';
import type { ProxyOutcome } from '../ports.js';
import type { ServiceReport } from '../service-events.js';

export interface TorWatchDeps {
  /** `host:port` of the SOCKS port. */
  readonly proxy: string;
  /** Whether a peer is connected through it. */
  readonly isInUse: () => boolean;
  readonly report: ServiceReport;
  readonly emit: (event: ServiceEvent) => void;
}

/** Onion services come and go; of so many, one is there. */
const FAILURES = 8;

export class TorWatch {
  private code: string | undefined;
  private failures = 0;

  constructor(private readonly deps: TorWatchDeps) {}

  /** The SOCKS port did not accept us the last time. */
  get isGone(): boolean {
    return this.code !== undefined && this.code !== 'up' && this.code !== 'no-circuit';
  }

  /** @param outcome of a dial to a peer */
  onDial(outcome: ProxyOutcome): void {
    if (outcome.type === 'opened') {
      this.failures = 0;
      this.up();
    } else if (PROXY_FAULTS.has(outcome.code)) {
      this.down(outcome.code, outcome.detail);
    } else {
      this.failures += 1;
      if (this.isGone) this.up();
      if (this.failures < FAILURES || this.deps.isInUse()) return;
      const { code, detail } = outcome;
      this.down('no-circuit', fill(TOR['no-circuit'], { proxy: this.deps.proxy, count: FAILURES, code, detail }));
    }
  }

  /** @param outcome of a probe, which tells nothing of circuits */
  onProbe(outcome: ProxyOutcome): void {
    if (outcome.type === 'failed') this.down(outcome.code, outcome.detail);
    else if (this.code !== 'no-circuit') this.up();
  }

  private up(): void {
    if (this.code === 'up') return;
    this.code = 'up';
    this.deps.emit(this.deps.report('up', 'up', fill(TOR.up, { proxy: this.deps.proxy })));
  }

  private down(code: string, detail: string): void {
    if (this.code === code) return;
    this.code = code;
    this.deps.emit(this.deps.report('down', code, detail));
  }
}
