/** Outgoing TCP connections: bytes in, bytes out, and one reason at the end. */

import { connect, type Socket } from 'node:net';
import { fill } from '../messages/fill.js';
import { SESSION, type SessionFaultCode } from '../messages/peers.js';
import { lookup } from './lookup.js';

export interface TcpHandlers {
  connected(): void;
  data(chunk: Buffer): void;
  /** Called once, last, unless the connection was destroyed from our side. */
  closed(code: TcpEnd, detail: string): void;
}

export type TcpEnd = Extract<
  SessionFaultCode,
  'unreachable' | 'dial-timeout' | 'closed-by-peer' | 'connection-error' | `proxy-${string}` | `tor-${string}`
>;

export interface TcpConnection {
  /** Writes the buffers with one system call if possible; `taken` is called when the kernel has the last byte. */
  write(buffers: readonly Buffer[], taken?: () => void): void;
  /** Bytes written that the kernel has not taken yet. */
  readonly backlog: number;
  /** The other end, `address:port`: the resolved address. Undefined before the connection is open, after it is closed, and behind a proxy. */
  readonly endpoint: string | undefined;
  readonly bytesIn: number;
  /** Of writes that the kernel has taken to their end. */
  readonly bytesOut: number;
  /** Reads no more bytes until {@link resume}; a chunk that was already read may still arrive. */
  pause(): void;
  resume(): void;
  destroy(): void;
}

/**
 * Dials at once. Nagle's algorithm is off: a ping behind a block must not wait for the block's acknowledgement.
 * @param timeoutMs for the connection to be made, milliseconds
 */
export function dial(
  address: { readonly host: string; readonly port: number },
  timeoutMs: number,
  handlers: TcpHandlers,
): TcpConnection {
  const socket = connectTo(address);
  const link = new TcpLink(socket, handlers);
  socket.setTimeout(timeoutMs, () => {
    link.fail('dial-timeout', fill(SESSION['dial-timeout'], { seconds: timeoutMs / 1000 }));
  });
  socket.once('connect', () => {
    socket.setTimeout(0);
    link.open();
  });
  return link;
}

/** A socket as connections to peers have it, being connected. */
export function connectTo({ host, port }: { readonly host: string; readonly port: number }): Socket {
  return connect({ host, port, noDelay: true, keepAlive: true, lookup });
}

/** A socket and whom it reports to. What arrives before {@link open} is not the peer's, and is the caller's to read. */
export class TcpLink implements TcpConnection {
  private listener: TcpHandlers | undefined;
  private end: { readonly code: TcpEnd; readonly detail: string } | undefined;
  private isOpen = false;
  /** The socket's own counter includes bytes that are lost when the connection breaks. */
  private taken = 0;

  /** @param isProxied the other end of the socket is not the peer */
  constructor(
    private readonly socket: Socket,
    handlers: TcpHandlers,
    private readonly isProxied = false,
  ) {
    this.listener = handlers;
    socket.once('error', (error) => {
      // Until it is open, a proxied connection ends for what the caller says of the proxy.
      if (isProxied && !this.isOpen) return;
      this.end ??= { code: this.isOpen ? 'connection-error' : 'unreachable', detail: error.message };
    });
    // A peer that stops sending is closed: half-open connections prove nothing.
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      this.listener?.closed(this.end?.code ?? 'closed-by-peer', this.end?.detail ?? SESSION['closed-by-peer']);
    });
  }

  /** The connection to the peer is made. @param rest what has come from the peer by now */
  open(rest?: Buffer): void {
    this.isOpen = true;
    this.socket.on('data', (chunk) => this.listener?.data(chunk));
    this.listener?.connected();
    if (rest !== undefined && rest.length > 0) this.listener?.data(rest);
  }

  /** Ends it for a reason that the system does not know. */
  fail(code: TcpEnd, detail: string): void {
    this.end ??= { code, detail };
    this.socket.destroy();
  }

  write(buffers: readonly Buffer[], taken?: () => void): void {
    writeAll(this.socket, buffers, () => {
      for (const { length } of buffers) this.taken += length;
      taken?.();
    });
  }

  get backlog(): number {
    return this.socket.writableLength;
  }

  get endpoint(): string | undefined {
    const { remoteAddress, remotePort } = this.socket;
    return this.isProxied || remoteAddress === undefined ? undefined : `${remoteAddress}:${remotePort}`;
  }

  get bytesIn(): number {
    return this.socket.bytesRead;
  }

  get bytesOut(): number {
    return this.taken;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  destroy(): void {
    this.listener = undefined;
    this.socket.destroy();
  }
}

function writeAll(socket: Socket, buffers: readonly Buffer[], taken: () => void): void {
  if (socket.destroyed) return;
  const done = (error?: Error | null) => {
    // Node reports writes that were under way when the connection broke as done.
    if (error == null && !socket.destroyed) taken();
  };
  if (buffers.length > 1) socket.cork();
  buffers.forEach((buffer, index) => {
    socket.write(buffer, index === buffers.length - 1 ? done : undefined);
  });
  socket.uncork();
}
