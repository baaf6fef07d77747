import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { fill } from '../../messages/fill.js';
import { PROXY } from '../../messages/proxy.js';
import { type ConnectionLimits, ConnectionSlots } from './connection-slots.js';
import { ProxiedRequest, type ProxiedRequestDeps } from './proxied-request.js';

/** Pipelined requests per connection. Clients do not pipeline, but a flood may: what arrives at once is read in one turn. */
const MAX_AHEAD = 100;
/** Approximate memory of a waiting request without its body. */
const REQUEST_BYTES = 2_048;

/** A pipelined request that waits for its turn; the part that Node reads ahead is charged to the memory budget. */
interface Waiting {
  readonly proxied: ProxiedRequest;
  readonly bytes: number;
}

/** The callers' connections and the queue of requests of each. */
export class Callers {
  private readonly queues = new WeakMap<Socket, Waiting[]>();
  /** Connections on which no further request is processed. */
  private readonly ended = new WeakSet<Socket>();
  private readonly slots: ConnectionSlots;
  private readonly deps: ProxiedRequestDeps;

  constructor(private readonly options: Omit<ProxiedRequestDeps, 'accepted'> & { readonly limits: ConnectionLimits }) {
    this.slots = new ConnectionSlots(
      options.limits,
      (socket) => this.queues.get(socket)?.[0]?.proxied.isAwaiting === true,
    );
    this.deps = { ...options, accepted: (socket) => this.slots.use(socket, true) };
  }

  /** Accepts a connection, or closes it when there are too many. */
  admit(socket: Socket): void {
    const { connections, connectionsPerAddress } = this.options.limits;
    const isAdmitted = this.slots.admit(socket, () =>
      this.deps.report(
        'too-many-connections',
        fill(PROXY['too-many-connections'], { max: connections, maxPerAddress: connectionsPerAddress }),
      ),
    );
    if (!isAdmitted) {
      socket.destroy();
      return;
    }
    socket.once('end', () => {
      const timer = setTimeout(() => socket.destroy(), this.deps.limits.lingerMs);
      socket.once('close', () => clearTimeout(timer));
    });
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    // The rest of a chunk after the request at which the connection was closed.
    if (socket.destroyed) return;
    const queue = this.queues.get(socket) ?? [];
    this.queues.set(socket, queue);
    this.slots.use(socket);
    const proxied = new ProxiedRequest(request, response, this.deps);
    // After a request that ends the connection, further ones are not processed.
    if (this.ended.has(socket) || queue.at(-1)?.proxied.isLast === true) return;
    const { memory } = proxied;
    const bytes = queue.length === 0 ? 0 : bytesAhead(request);
    if (queue.length > MAX_AHEAD || !memory.take(bytes)) {
      this.deps.report('bad-request', PROXY['too-many-pipelined']);
      socket.destroy();
      return;
    }
    queue.push({ proxied, bytes });
    if (queue.length === 1) void this.work(socket, queue);
  }

  /** True when a request was received completely, or is being forwarded, and awaits its answer. */
  isAwaiting(socket: Socket): boolean {
    return this.queues.get(socket)?.[0]?.proxied.isArriving === false;
  }

  private async work(socket: Socket, queue: Waiting[]): Promise<void> {
    for (let [next] = queue; next !== undefined; [next] = queue) {
      next.proxied.memory.give(next.bytes);
      if (!socket.destroyed && !this.ended.has(socket)) await next.proxied.begin();
      if (next.proxied.isLast) this.ended.add(socket);
      queue.shift();
    }
  }
}

function bytesAhead({ headers, readableHighWaterMark }: IncomingMessage): number {
  const body =
    headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : readableHighWaterMark;
  return REQUEST_BYTES + Math.min(body, readableHighWaterMark);
}
