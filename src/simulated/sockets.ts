/** What simulated nodes need of TCP: node:net provides it by default, the simulator a network in virtual time. */
import { connect, createServer, type Socket } from 'node:net';

export interface NodeSocketHandlers {
  data(chunk: Buffer): void;
  /** Called once, last, for whatever reason the connection ended. */
  closed(): void;
}

/** One end of an established connection. */
export interface NodeSocket {
  /** The other end, `host:port`. */
  readonly remote: string;
  /** False once the connection has ended at this end. */
  readonly open: boolean;
  /** Bytes written that the kernel has not accepted yet. */
  readonly backlog: number;
  /** Starts reading. Must be called in the turn in which the socket was handed over. */
  attach(handlers: NodeSocketHandlers): void;
  /** @param accepted called once the kernel has these bytes, or the connection has ended */
  write(bytes: Buffer, accepted?: () => void): void;
  /** Reads no more until {@link resume}, so that the sender's window fills. */
  pause(): void;
  resume(): void;
  /** Ends the connection; bytes that the kernel has accepted still arrive. */
  destroy(): void;
  /** Ends the connection with a reset. */
  reset(): void;
}

export interface NodeListener {
  /** Resolves when the port is free. Accepted connections stay open. */
  close(): Promise<void>;
}

export interface NodeSockets {
  /** Rejects with the system's error, when the port is taken. */
  listen(host: string, port: number, accept: (socket: NodeSocket) => void): Promise<NodeListener>;
  /** Rejects when nothing listens there. */
  connect(host: string, port: number): Promise<NodeSocket>;
}

export const tcpSockets: NodeSockets = {
  async listen(host, port, accept) {
    const server = createServer((socket) => accept(new TcpSocket(socket)));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return {
      async close() {
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
        });
      },
    };
  },
  async connect(host, port) {
    const socket = connect(port, host);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new TcpSocket(socket);
  },
};

class TcpSocket implements NodeSocket {
  readonly remote: string;

  constructor(private readonly socket: Socket) {
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
  }

  get open(): boolean {
    return this.socket.writable;
  }

  get backlog(): number {
    return this.socket.writableLength;
  }

  attach(handlers: NodeSocketHandlers): void {
    const { socket } = this;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => handlers.data(chunk));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => handlers.closed());
  }

  write(bytes: Buffer, accepted?: () => void): void {
    this.socket.write(bytes, accepted);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}
