/**
 * The process of a relay in virtual time. Everything that calls into the relay's code comes through {@link VirtualProcess.enter}: after a
 * crash nothing does any more, while the process is stopped it waits, and the driver is told to let promises settle behind it.
 */
import { type SchedulerLike, Subject } from 'rxjs';
import type { NextTurn } from '../../streams/ports.js';
import type { Clock } from '../../time.js';
import type { Engine } from '../engine.js';
import { VirtualScheduler } from './virtual-scheduler.js';

export class VirtualProcess {
  readonly scheduler: SchedulerLike;
  readonly nextTurn: NextTurn;
  private readonly ends = new Subject<void>();
  /** Emits once, when the process is killed: the system closes its sockets then. */
  readonly killed$ = this.ends.asObservable();
  private alive = true;
  /** What called while the process was stopped, in order. */
  private waiting: (() => void)[] | undefined;

  /** @param touch tells the driver that code of the process has run */
  constructor(
    engine: Engine,
    clock: Clock,
    private readonly touch: () => void,
  ) {
    this.scheduler = new VirtualScheduler(
      engine,
      () => clock.now(),
      (action) => this.enter(action),
    );
    this.nextTurn = (action) => {
      engine.after(0, () => this.enter(action));
    };
  }

  get isAlive(): boolean {
    return this.alive;
  }

  /** Runs an action now; when the process is stopped, once it goes on; never when it was killed. */
  readonly enter = (action: () => void): void => {
    if (!this.alive) return;
    if (this.waiting !== undefined) {
      this.waiting.push(action);
      return;
    }
    this.touch();
    action();
  };

  /** SIGKILL: no code of the process runs any more. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.waiting = undefined;
    this.ends.next();
  }

  /** SIGSTOP. */
  stop(): void {
    if (this.alive) this.waiting ??= [];
  }

  /** SIGCONT: what was due meanwhile runs at once, each timer once. */
  goOn(): void {
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const action of waiting) this.enter(action);
  }
}
