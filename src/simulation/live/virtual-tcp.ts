/**
 * TCP between the machines of a run: who listens where, and connecting. An address that no machine has answers nothing, as does one behind
 * a partition; a port at which nobody listens refuses.
 */
import { formatHostPort, type HostPort } from '../../address/host-port.js';
import type { HostId } from '../network/carrier.js';
import { CONTROL_BYTES, type TcpEnd, type TcpNetwork, tcpEnds } from './tcp-connection.js';

/** A machine: its place in the network, and its address there. */
export interface Machine {
  readonly host: HostId;
  /** An IPv4 address. */
  readonly ip: string;
}

/** @param remote the other end, `host:port` */
export type Accept = (end: TcpEnd, remote: string) => void;

export interface ConnectHandlers {
  connected(end: TcpEnd): void;
  /** Nobody listens there. */
  refused(): void;
}

const LOOPBACK = '127.0.0.1';
/** Linux' first ephemeral port (`ip_local_port_range`). */
const FIRST_EPHEMERAL = 32_768;
const EPHEMERAL_PORTS = 28_232;

export class VirtualTcp {
  private readonly machines = new Map<string, Machine>();
  private readonly listeners = new Map<string, Accept>();
  private opened = 0;

  constructor(private readonly network: TcpNetwork) {}

  /** Gives a host of the transport its address. */
  addMachine(host: HostId, ip: string): Machine {
    const machine = { host, ip };
    this.machines.set(ip, machine);
    return machine;
  }

  /**
   * Listens at all addresses of a machine, loopback included.
   * @returns a function that ends it
   * @throws Error with the code EADDRINUSE when the port is taken
   */
  listen(machine: Machine, port: number, accept: Accept): () => void {
    const key = formatHostPort({ host: machine.ip, port });
    if (this.listeners.has(key)) throw Object.assign(new Error(`${key} is taken`), { code: 'EADDRINUSE' });
    this.listeners.set(key, accept);
    return () => {
      this.listeners.delete(key);
    };
  }

  /** @returns a function that gives up; then none of the handlers is called */
  connect(from: Machine, to: HostPort, handlers: ConnectHandlers): () => void {
    const target = to.host === LOOPBACK ? from : this.machines.get(to.host);
    // Packets to an address that nobody has are lost.
    if (target === undefined) return () => undefined;
    const { transport } = this.network;
    const link = transport.connect(from.host, target.host);
    const sender = to.host === LOOPBACK ? LOOPBACK : from.ip;
    const remote = formatHostPort({ host: sender, port: this.nextEphemeral() });
    const key = formatHostPort({ host: target.ip, port: to.port });
    let isWanted = true;
    const answered = (isOpen: boolean): void => {
      const accept = isOpen && isWanted ? this.listeners.get(key) : undefined;
      if (accept === undefined) transport.close(link);
      if (!isWanted) return;
      if (accept === undefined) {
        handlers.refused();
        return;
      }
      const [ours, theirs] = tcpEnds(this.network, link, from.host, target.host);
      // The other end learns of it now, not with the third packet half a round trip later: a node is silent until it has read `version`.
      accept(theirs, remote);
      handlers.connected(ours);
    };
    transport.send(link, from.host, CONTROL_BYTES, () => {
      const isOpen = this.listeners.has(key);
      transport.send(link, target.host, CONTROL_BYTES, () => answered(isOpen));
    });
    return () => {
      isWanted = false;
    };
  }

  private nextEphemeral(): number {
    const port = FIRST_EPHEMERAL + (this.opened % EPHEMERAL_PORTS);
    this.opened += 1;
    return port;
  }
}
