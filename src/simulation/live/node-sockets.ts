/** The sockets of a simulated node, in virtual time. */
import type { NodeSocket, NodeSocketHandlers, NodeSockets } from '../../simulated/sockets.js';
import { type Engine, MICROS_PER_MS } from '../engine.js';
import type { Driver } from './driver.js';
import type { TcpEnd } from './tcp-connection.js';
import type { Machine, VirtualTcp } from './virtual-tcp.js';

/** Source: Core `netbase.h`, `DEFAULT_CONNECT_TIMEOUT`. */
const CONNECT_TIMEOUT_MS = 5_000;

export function nodeSockets(driver: Driver, tcp: VirtualTcp, machine: Machine): NodeSockets {
  const { engine } = driver;
  return {
    async listen(_host, port, accept) {
      const end = tcp.listen(machine, port, (socket, remote) => accept(new VirtualNodeSocket(engine, socket, remote)));
      return { close: async () => end() };
    },
    connect(host, port) {
      const place = `${host}:${port}`;
      return new Promise((resolve, reject) => {
        const giveUp = tcp.connect(
          machine,
          { host, port },
          {
            connected(end) {
              driver.touch();
              resolve(new VirtualNodeSocket(engine, end, place));
            },
            refused() {
              driver.touch();
              reject(new Error(`connect ECONNREFUSED ${place}`));
            },
          },
        );
        engine.after(CONNECT_TIMEOUT_MS * MICROS_PER_MS, () => {
          giveUp();
          driver.touch();
          reject(new Error(`connect ETIMEDOUT ${place}`));
        });
      });
    },
  };
}

/** One end of a connection as a simulated node has it. */
export function nodeSocket(engine: Engine, end: TcpEnd, remote: string): NodeSocket {
  return new VirtualNodeSocket(engine, end, remote);
}

class VirtualNodeSocket implements NodeSocket {
  private handlers: NodeSocketHandlers | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly end: TcpEnd,
    readonly remote: string,
  ) {}

  get open(): boolean {
    return this.end.open;
  }

  get backlog(): number {
    return this.end.backlog;
  }

  attach(handlers: NodeSocketHandlers): void {
    this.handlers = handlers;
    this.end.attach({ data: (chunk) => handlers.data(chunk), closed: () => handlers.closed() });
  }

  write(bytes: Buffer, accepted?: () => void): void {
    this.end.write([bytes], accepted);
  }

  pause(): void {
    this.end.pause();
  }

  resume(): void {
    this.end.resume();
  }

  destroy(): void {
    this.close('fin');
  }

  reset(): void {
    this.close('reset');
  }

  /** As node:net, which calls back in a later turn also when this end closes. */
  private close(how: 'fin' | 'reset'): void {
    if (!this.end.open) return;
    this.end.end(how);
    this.engine.after(0, () => this.handlers?.closed());
  }
}
