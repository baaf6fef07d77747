/** A network path on 127.0.0.1 that can be cut: a TCP forwarder in front of one port. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { bindWithRetry } from '../../src/simulated/bind-with-retry.js';

export class Forwarder {
  private server: Server | undefined;
  private readonly pairs = new Map<Socket, Socket>();
  /** Accepted while the path was silent. */
  private readonly held = new Set<Socket>();
  private silent = false;
  private listenPort = 0;

  constructor(private readonly target: number) {}

  /** Its port; 0 before the first `open`. */
  get port(): number {
    return this.listenPort;
  }

  /** Forwards bytes, including those that were held back. */
  async open(): Promise<void> {
    this.silent = false;
    for (const [near, far] of this.pairs) join(near, far);
    for (const socket of this.held) this.link(socket);
    this.held.clear();
    if (this.server === undefined) await bindWithRetry(() => this.listen());
  }

  /** Forwards nothing and closes nothing, like a router that drops packets. */
  silence(): void {
    this.silent = true;
    for (const [near, far] of this.pairs) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
    }
  }

  /** Ends all connections and refuses new ones. */
  async refuse(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of [...this.pairs.keys(), ...this.held]) socket.destroy();
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  private async listen(): Promise<void> {
    const server = createServer((socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.listenPort, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address !== null && typeof address === 'object') this.listenPort = address.port;
    this.server = server;
  }

  private accept(socket: Socket): void {
    if (!this.silent) {
      this.link(socket);
      return;
    }
    this.held.add(socket);
    socket.once('close', () => this.held.delete(socket));
    socket.once('error', () => socket.destroy());
  }

  private link(near: Socket): void {
    const far = connect(this.target, '127.0.0.1');
    this.pairs.set(near, far);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      // Either end may be killed at any time: the other notices it as without a forwarder.
      one.on('error', () => other.destroy());
      one.once('close', () => {
        other.destroy();
        this.pairs.delete(near);
      });
    }
    join(near, far);
  }
}

function join(near: Socket, far: Socket): void {
  near.pipe(far);
  far.pipe(near);
}
