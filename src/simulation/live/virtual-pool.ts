/** The pool's PUSH socket in virtual time: what it pushes while the relay does not listen waits, as ZeroMQ lets it. */
import type { Engine } from '../engine.js';

/** From one socket to another on the same machine: an assumption. */
const WAY_MICROS = 100;

type Receive = (frames: readonly Buffer[]) => void;

export class VirtualPool {
  /** Pushed while nobody was connected, in order. */
  private readonly waiting: (readonly Buffer[])[] = [];
  private receive: Receive | undefined;

  constructor(private readonly engine: Engine) {}

  /** How many messages wait for a relay. */
  get backlog(): number {
    return this.waiting.length;
  }

  /** Pushes one message, such as a raw block. */
  push(...frames: readonly Buffer[]): void {
    // The receiver may keep the buffers, and write to them.
    this.waiting.push(frames.map((frame) => Buffer.from(frame)));
    this.send();
  }

  /** A relay's socket listens. What is under way when it closes is lost with it. */
  connect(receive: Receive): { close(): void } {
    this.receive = receive;
    this.send();
    return {
      close: () => {
        if (this.receive === receive) this.receive = undefined;
      },
    };
  }

  private send(): void {
    const { receive } = this;
    if (receive === undefined) return;
    for (const frames of this.waiting.splice(0)) {
      this.engine.after(WAY_MICROS, () => {
        if (this.receive === receive) receive(frames);
      });
    }
  }
}
