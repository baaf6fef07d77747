import { type Engine, EngineEvent, type Micros } from '../engine.js';
import type { Direction } from './link.js';

/** A burst of segments at the receiver's downlink. */
export class Burst extends EngineEvent {
  private isReceived = false;

  /**
   * @param firstByteAt when the first byte reaches the downlink
   * @param bytes of payload
   * @param arrived of the message that ends with this burst; undefined in the midst of one
   */
  constructor(
    private readonly engine: Engine,
    private readonly direction: Direction,
    private readonly firstByteAt: Micros,
    private readonly bytes: number,
    private readonly arrived: (() => void) | undefined,
  ) {
    super();
  }

  /** Runs when the last byte is at the downlink, and again when it is through, if that is later. */
  run(): void {
    const { direction } = this;
    const { receiver, isLocal } = direction;
    if (!direction.isAlive) return;
    if (!this.isReceived && !isLocal) {
      this.isReceived = true;
      const free = Math.max(receiver.downFreeAt, this.firstByteAt) + receiver.downMicros(this.bytes);
      receiver.downFreeAt = free;
      if (free > this.time && !this.engine.isFreeUntil(free)) {
        this.engine.post(free, this);
        return;
      }
    }
    this.arrived?.();
  }
}
