/** Starts, stops and kills the relay of a run, and says so to the invariants. */
import type { LiveRelay } from '../live/live-relay.js';
import type { RelayState, Seen } from './observation.js';

export interface RelayControlDeps {
  readonly relay: LiveRelay;
  readonly see: (seen: Seen) => void;
  /** The relay could not start, or could not close something: no fault of the network's or the disk's may lead to that. */
  readonly fail: (error: unknown) => void;
  /** The process has ended: its sockets are gone. */
  readonly ended: () => void;
}

export class RelayControl {
  /** What is to be done once the start or the stop that is under way is over. */
  private next: (() => void) | undefined;

  constructor(private readonly deps: RelayControlDeps) {}

  /** Starts a process; when one is still stopping, after that. What a start tells first is told by its ports. */
  start(): void {
    const { relay, fail } = this.deps;
    if (relay.state === 'stopping') {
      this.next = () => this.start();
      return;
    }
    if (relay.state === 'down') relay.start().then(() => this.over('started'), fail);
  }

  /** Asks the process to stop; when it is still starting, after that. */
  stop(): void {
    const { relay, fail } = this.deps;
    if (relay.state === 'starting') {
      this.next = () => this.stop();
      return;
    }
    if (relay.state !== 'running') return;
    this.say('stopping');
    relay.stop().then(() => {
      this.deps.ended();
      this.over('stopped');
    }, fail);
  }

  kill(): void {
    this.deps.relay.kill();
    this.end('killed');
  }

  losePower(): void {
    this.deps.relay.losePower();
    this.end('power-lost');
  }

  freeze(): void {
    this.deps.relay.freeze();
    this.say('frozen');
  }

  thaw(): void {
    this.say('thawed');
    this.deps.relay.thaw();
  }

  private end(state: RelayState): void {
    this.next = undefined;
    this.deps.ended();
    this.say(state);
  }

  private over(state: RelayState): void {
    this.say(state);
    const { next } = this;
    this.next = undefined;
    next?.();
  }

  private say(state: RelayState): void {
    this.deps.see({ type: 'relay', state });
  }
}
