/**
 * The relay's events as server-sent events (WHATWG HTML, 9.2), for the dashboard and for scripts.
 *
 * `push` only queues an event, so that emitting one costs the relay no time. Events are serialised once for all clients, in batches in later turns of
 * the event loop. The latest are kept for clients that reconnect. Bounded: queue, kept events, clients in total and per client, and each client's backlog.
 */
import type { ServerResponse } from 'node:http';
import type { RelayEvent } from '../../contracts/events.js';
import type { HttpLimits } from './limits.js';

/** Events and characters serialised in one turn of the event loop: a few milliseconds at most. */
const BATCH = 32;
const BATCH_CHARS = 256 * 1024;
/** Most queued events. Beyond, the queue is dropped, and clients get `reset`: they must fetch everything again. */
const MAX_QUEUE = 10_000;
/** How long a client waits before it reconnects, milliseconds. */
const RETRY_MS = 2_000;
const RESET = 'event: reset\ndata: {}\n\n';

export interface EventStreamOptions {
  /** Identifies this run of the process, since event numbers start again in each. */
  readonly run: string;
  readonly limits: HttpLimits['events'];
  /** Called with the number of clients when it changes. */
  readonly onClients?: ((count: number) => void) | undefined;
}

export class EventStream {
  private readonly queue: RelayEvent[] = [];
  private readonly kept = new Map<number, string>();
  private keptBytes = 0;
  private last = 0;
  private isDue = false;
  /** The open streams, each with the client it belongs to. */
  private readonly streams = new Map<ServerResponse, string>();
  private readonly heartbeat: NodeJS.Timeout;
  private readonly run: string;
  private readonly limits: HttpLimits['events'];
  private readonly onClients: (count: number) => void;

  constructor({ run, limits, onClients }: EventStreamOptions) {
    this.run = run;
    this.limits = limits;
    this.onClients = onClients ?? (() => undefined);
    this.heartbeat = setInterval(() => this.write(Buffer.from(':\n\n')), limits.heartbeatMs).unref();
  }

  /** Whether a client may open one more stream; a limit per client keeps room for others. */
  hasRoomFor(client: string): 'yes' | 'client-full' | 'full' {
    const ofClient = [...this.streams.values()].filter((other) => other === client).length;
    if (ofClient >= this.limits.maxPerClient) return 'client-full';
    return this.streams.size < this.limits.maxStreams ? 'yes' : 'full';
  }

  /** Queues an event. O(1). */
  push(event: RelayEvent): void {
    if (this.queue.length === MAX_QUEUE) this.reset();
    this.queue.push(event);
    this.schedule();
  }

  /**
   * Adds a client, until it disconnects, falls too far behind, or the service closes.
   * @param response without a written head
   * @param client as in {@link hasRoomFor}
   * @param after the client's `Last-Event-ID`
   */
  open(response: ServerResponse, client: string, after: string | undefined): void {
    const leave = () => {
      if (this.streams.delete(response)) this.onClients(this.streams.size);
    };
    response.on('close', leave);
    response.on('error', leave);
    response.writeHead(200);
    response.write(`retry: ${RETRY_MS}\n${this.greeting(after)}`);
    this.streams.set(response, client);
    this.onClients(this.streams.size);
  }

  /** Ends all streams. Queued events are dropped. */
  close(): void {
    clearInterval(this.heartbeat);
    this.queue.length = 0;
    for (const client of this.streams.keys()) client.end();
  }

  /** The missed events or, when they are no longer kept, `reset`. */
  private greeting(after: string | undefined): string {
    const here = `id: ${this.idOf(this.last)}\n`;
    const from = after === undefined ? this.last : this.numberOf(after);
    if (from === undefined) return here + RESET;
    const missed = [...this.kept].filter(([number]) => number > from).map(([, frame]) => frame);
    // An id without data is no event: it only sets the client's Last-Event-ID.
    return missed.length === 0 ? `${here}\n` : missed.join('');
  }

  /** Undefined for an id of another run, or older than the kept events. */
  private numberOf(id: string): number | undefined {
    const [run, digits = ''] = id.split(':');
    if (run !== this.run || !/^\d{1,15}$/.test(digits) || id !== this.idOf(Number(digits))) return undefined;
    const number = Number(digits);
    return number <= this.last && number >= this.last - this.kept.size ? number : undefined;
  }

  private idOf(number: number): string {
    return `${this.run}:${number}`;
  }

  private schedule(): void {
    if (this.isDue) return;
    this.isDue = true;
    setImmediate(() => this.flush());
  }

  private flush(): void {
    this.isDue = false;
    const frames: string[] = [];
    for (let chars = 0; frames.length < BATCH && chars < BATCH_CHARS; chars += frames.at(-1)?.length ?? 0) {
      const event = this.queue.shift();
      if (event === undefined) break;
      frames.push(this.keep(event));
    }
    if (frames.length === 0) return;
    this.write(Buffer.from(frames.join('')));
    if (this.queue.length > 0) this.schedule();
  }

  private reset(): void {
    this.last += this.queue.length;
    this.queue.length = 0;
    this.kept.clear();
    this.keptBytes = 0;
    this.write(Buffer.from(`id: ${this.idOf(this.last)}\n${RESET}`));
  }

  private keep(event: RelayEvent): string {
    this.last += 1;
    const frame = `id: ${this.idOf(this.last)}\ndata: ${JSON.stringify(event)}\n\n`;
    this.kept.set(this.last, frame);
    this.keptBytes += frame.length;
    for (const [number, { length }] of this.kept) {
      if (this.kept.size <= this.limits.keptEvents && this.keptBytes <= this.limits.keptBytes) break;
      this.kept.delete(number);
      this.keptBytes -= length;
    }
    return frame;
  }

  /** Writes one buffer to all clients. */
  private write(bytes: Buffer): void {
    for (const client of this.streams.keys()) {
      client.write(bytes);
      if (client.writableLength > this.limits.maxBacklog) client.destroy();
    }
  }
}
