/**
 * A slow uplink shared by many TCP connections, in user space: one queue, first in first out, that carries segments at a rate; each connection
 * has a congestion window of ten segments that doubles each round trip (RFC 6928, RFC 5681 slow start) and starts anew after an idle
 * second. No losses: the queue has no bound. What a connection writes waits in its own buffer until its window allows it.
 */
export interface UplinkOptions {
  readonly bytesPerSecond: number;
  /** Without waiting in the queue, ms. */
  readonly roundTripMs: number;
  /** ms, monotonic */
  readonly now: () => number;
  readonly after: (ms: number, act: () => void) => void;
}

const SEGMENT_BYTES = 1_448;
const INITIAL_WINDOW = 10 * SEGMENT_BYTES;
const IDLE_MS = 1_000;

export class SharedUplink {
  /** When the queue will be empty. */
  private freeAt = 0;
  private readonly due: { readonly at: number; readonly act: () => void }[] = [];
  private isWaiting = false;

  constructor(readonly options: UplinkOptions) {}

  /** @param deliver gets the bytes at the other end, in order */
  connection(deliver: (bytes: Buffer) => void): UplinkConnection {
    return new UplinkConnection(this, deliver);
  }

  /** Queues a segment; `arrived` is called at the other end, and `acknowledged` half a round trip later. */
  carry(bytes: number, arrived: () => void, acknowledged: () => void): void {
    const { bytesPerSecond, roundTripMs, now } = this.options;
    this.freeAt = Math.max(this.freeAt, now()) + (bytes / bytesPerSecond) * 1_000;
    this.at(this.freeAt + roundTripMs / 2, () => {
      arrived();
      this.at(now() + roundTripMs / 2, acknowledged);
    });
  }

  /** One timer for all: a segment takes less than the resolution of timers. */
  private at(at: number, act: () => void): void {
    let place = this.due.length;
    while (place > 0 && (this.due[place - 1]?.at ?? 0) > at) place -= 1;
    this.due.splice(place, 0, { at, act });
    this.wait();
  }

  private wait(): void {
    const [next] = this.due;
    if (this.isWaiting || next === undefined) return;
    this.isWaiting = true;
    this.options.after(Math.max(0, next.at - this.options.now()), () => {
      this.isWaiting = false;
      const now = this.options.now();
      const count = this.due.findIndex(({ at }) => at > now);
      for (const { act } of this.due.splice(0, count < 0 ? this.due.length : count)) act();
      this.wait();
    });
  }
}

export class UplinkConnection {
  private window = INITIAL_WINDOW;
  private inFlight = 0;
  private activeAt = 0;
  private readonly buffered: Buffer[] = [];

  constructor(
    private readonly uplink: SharedUplink,
    private readonly deliver: (bytes: Buffer) => void,
  ) {}

  write(bytes: Buffer): void {
    const { now } = this.uplink.options;
    if (this.inFlight === 0 && now() - this.activeAt > IDLE_MS) this.window = INITIAL_WINDOW;
    this.buffered.push(bytes);
    this.pump();
  }

  private pump(): void {
    let next = this.buffered[0];
    while (next !== undefined && this.inFlight < this.window) {
      const segment = next.subarray(0, SEGMENT_BYTES);
      if (segment.length === next.length) this.buffered.shift();
      else this.buffered[0] = next.subarray(SEGMENT_BYTES);
      this.send(segment);
      next = this.buffered[0];
    }
  }

  private send(segment: Buffer): void {
    this.inFlight += segment.length;
    this.uplink.carry(
      segment.length,
      () => this.deliver(segment),
      () => {
        this.inFlight -= segment.length;
        this.window += segment.length;
        this.activeAt = this.uplink.options.now();
        this.pump();
      },
    );
  }
}
