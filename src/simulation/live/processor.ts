/** The time that a process takes for its writes. Its code takes none in virtual time: without this, all writes of a turn leave at once. */
import type { Engine, Micros } from '../engine.js';

export interface ProcessorTimes {
  /** From what wakes the process until its first write. */
  readonly startUp: Micros;
  /** From one write to the next. */
  readonly write: Micros;
}

export class Processor {
  private freeAt: Micros = 0;

  constructor(
    private readonly engine: Engine,
    private readonly times: ProcessorTimes,
  ) {}

  /** Carries out a write when its turn comes. */
  write(action: () => void): void {
    const at = Math.max(this.engine.now + this.times.startUp, this.freeAt);
    this.freeAt = at + this.times.write;
    this.engine.at(at, action);
  }

  /** Carries out an action behind the writes that were asked for so far. */
  behindWrites(action: () => void): void {
    this.engine.at(this.freeAt, action);
  }
}
