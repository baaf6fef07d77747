/** Collects what is seen of a run, and checks every invariant after each observation. */
import type { Ports } from '../../relay/ports.js';
import { NETWORKS } from '../../wire/network.js';
import { MICROS_PER_MS, type Micros } from '../engine.js';
import { describeObservation, line } from './describe.js';
import { INVARIANTS } from './invariants/all.js';
import { type Violation, watch } from './invariants/invariant.js';
import type { Observation, Seen } from './observation.js';
import { WireTap } from './wire-tap.js';

export interface WatcherOptions {
  /** Puts a bug into the relay: other ports in the place of those it would have. */
  readonly plant?: ((ports: Ports) => Ports) | undefined;
  /** Called with each line of the event log. */
  readonly log?: ((line: string) => void) | undefined;
}

/** The pool's own dashd, as the relay dials it. */
const DASHD = { host: '127.0.0.1', port: 19_899 };

export class Watcher {
  /** The first one. */
  violation: Violation | undefined;
  observations = 0;
  readonly tap = new WireTap({ magic: NETWORKS.regtest.magic, dashd: DASHD, see: (seen) => this.see(seen) });
  private readonly check = watch(INVARIANTS);
  private now: () => Micros = () => 0;

  constructor(private readonly options: WatcherOptions) {}

  /** The ports of a process of the relay's, which is about to start. */
  wrap(ports: Ports): Ports {
    this.now = () => Math.round(ports.clock.monotonic() * MICROS_PER_MS);
    this.see({ type: 'relay', state: 'starting' });
    const watched = { ...ports, dial: this.tap.wrap(ports.dial) };
    // The bug is the relay's: what it does to the sockets is seen as what the relay does.
    return this.options.plant?.(watched) ?? watched;
  }

  see(seen: Seen, at = this.now()): void {
    const observation: Observation = { ...seen, at };
    this.observations += 1;
    this.violation ??= this.check(observation);
    const text = this.options.log === undefined ? undefined : describeObservation(observation);
    if (text !== undefined) this.options.log?.(text);
  }

  /** The relay, or the network around it, did what no fault excuses. */
  fail(error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.violation ??= {
      invariant: 'no-exception',
      detail,
      observation: { type: 'relay', state: 'stopped', at: this.now() },
    };
  }

  /** A line of the log that is no observation. */
  note(text: string): void {
    this.options.log?.(line(this.now(), text));
  }
}
