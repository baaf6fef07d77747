/**
 * An established TCP connection in virtual time. `Carrier` says when bytes arrive; here is what the kernels of the two ends do besides:
 * they hold bytes for an application that does not read, and tell each end how the connection ended.
 *
 * Simplified: a write arrives as a whole, when its last byte does, as one chunk for each buffer; a kernel takes a write as a whole.
 */
import type { Engine } from '../engine.js';
import type { Carrier, HostId, Link } from '../network/carrier.js';

export interface TcpNetwork {
  readonly engine: Engine;
  readonly transport: Carrier;
}

export interface TcpEndHandlers {
  data(chunk: Buffer): void;
  /** Called once, last, when the other end has ended the connection. */
  closed(how: TcpEnding): void;
}

/** `fin`: all that was sent before has arrived. */
export type TcpEnding = 'fin' | 'reset';

/** What two kernels hold for an application that does not read. Linux lets each direction have some MiB (`tcp_wmem`). */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** IPv4 and TCP headers with a timestamp. */
export const CONTROL_BYTES = 52;

interface Write {
  readonly buffers: readonly Buffer[];
  readonly length: number;
  readonly taken: (() => void) | undefined;
}

/** Makes the two ends of a connection between two hosts, whose handshake is done. */
export function tcpEnds(network: TcpNetwork, link: Link, a: HostId, b: HostId): readonly [TcpEnd, TcpEnd] {
  const first: TcpEnd = new TcpEnd(network, link, a, () => second);
  const second: TcpEnd = new TcpEnd(network, link, b, () => first);
  return [first, second];
}

export class TcpEnd {
  /** Bytes that the application has read. */
  bytesIn = 0;
  /** Of writes that the kernel has taken. */
  bytesOut = 0;
  /** Bytes written that the kernel has not taken yet. */
  backlog = 0;
  private handlers: TcpEndHandlers | undefined;
  private readonly writes: Write[] = [];
  /** Bytes that the kernels hold: under way, or not read yet. */
  private held = 0;
  private readonly unread: Buffer[] = [];
  private paused = false;
  private hasEnded = false;
  /** How the other end ended it, until that is read. */
  private ending: TcpEnding | undefined;

  constructor(
    private readonly network: TcpNetwork,
    private readonly link: Link,
    private readonly host: HostId,
    private readonly other: () => TcpEnd,
  ) {}

  get open(): boolean {
    return !this.hasEnded;
  }

  attach(handlers: TcpEndHandlers): void {
    this.handlers = handlers;
  }

  /** @param taken called once the kernel has these bytes, never in this turn */
  write(buffers: readonly Buffer[], taken?: () => void): void {
    if (this.hasEnded) return;
    const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    this.writes.push({ buffers, length, taken });
    this.backlog += length;
    this.flush();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.network.engine.after(0, () => this.readOn());
  }

  /** The application ends the connection. What the kernel has taken still arrives, and is not followed by {@link TcpEndHandlers.closed} here. */
  end(how: TcpEnding = 'fin'): void {
    if (this.hasEnded) return;
    this.finish();
    this.carry(CONTROL_BYTES, () => this.other().over(how));
  }

  private carry(bytes: number, arrived: () => void): void {
    this.network.transport.send(this.link, this.host, bytes, arrived);
  }

  private flush(): void {
    for (let next = this.writes[0]; next !== undefined && this.hasRoom(next); next = this.writes[0]) {
      const write = next;
      this.writes.shift();
      this.backlog -= write.length;
      this.held += write.length;
      // One system call, and bytes that arrive one after the other: a block is read before the question behind it is here.
      for (const buffer of write.buffers) this.carry(buffer.length, () => this.other().receive(buffer));
      this.network.engine.after(0, () => this.take(write));
    }
  }

  /** A write larger than the window passes alone: a kernel would take it in parts. */
  private hasRoom({ length }: Write): boolean {
    return this.held === 0 || this.held + length <= WINDOW_BYTES;
  }

  private take({ length, taken }: Write): void {
    if (this.hasEnded) return;
    this.bytesOut += length;
    taken?.();
  }

  private receive(buffer: Buffer): void {
    if (this.hasEnded) return;
    this.unread.push(buffer);
    this.readOn();
  }

  /** The application may pause, or end the connection, at each chunk. */
  private readOn(): void {
    while (!this.paused) {
      const chunk = this.unread.shift();
      if (chunk === undefined) break;
      this.bytesIn += chunk.length;
      this.other().release(chunk.length);
      this.handlers?.data(chunk);
    }
    if (!this.paused && this.ending !== undefined) this.over(this.ending);
  }

  /** The other end has read so many bytes. That it has is known here half a round trip later. */
  private release(bytes: number): void {
    const { engine, transport } = this.network;
    this.held -= bytes;
    if (this.writes.length === 0) return;
    engine.after(transport.roundTrip(this.host, this.other().host) / 2, () => this.flush());
  }

  /** The other end has ended the connection. */
  private over(how: TcpEnding): void {
    if (this.hasEnded) {
      this.network.transport.close(this.link);
    } else if (this.unread.length > 0 && how === 'fin') {
      this.ending = how;
    } else {
      const { handlers } = this;
      this.finish();
      this.network.transport.close(this.link);
      handlers?.closed(how);
    }
  }

  private finish(): void {
    this.hasEnded = true;
    this.handlers = undefined;
    this.writes.length = 0;
    this.unread.length = 0;
    this.backlog = 0;
  }
}
