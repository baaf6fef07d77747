/** Outgoing TCP connections: bytes in, bytes out, and one reason at the end. */

import { connect, type Socket } from 'node:net';
import { fill } from '../messages/fill.js';
import { SESSION } from '../messages/peers.js';
import { lookup } from './lookup.js';

export interface TcpHandlers {
  connected(): void;
  data(chunk: Buffer): void;
  /** Called once, last, unless the connection was destroyed from our side. */
  closed(code: TcpEnd, detail: string): void;
}

export type TcpEnd = 'unreachable' | 'dial-timeout' | 'closed-by-peer' | 'connection-error';

export interface TcpConnection {
  /** Writes the buffers with one system call if possible; `taken` is called when the kernel has the last byte. */
  write(buffers: readonly Buffer[], taken?: () => void): void;
  /** Bytes written that the kernel has not taken yet. */
  readonly backlog: number;
  /** The other end, `address:port`: the resolved address. Undefined before the connection is open and after it is closed. */
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
  let listener: TcpHandlers | undefined = handlers;
  const socket = connect({ host: address.host, port: address.port, noDelay: true, keepAlive: true, lookup });
  let end: { code: TcpEnd; detail: string } | undefined;
  socket.setTimeout(timeoutMs, () => {
    end = { code: 'dial-timeout', detail: fill(SESSION['dial-timeout'], { seconds: timeoutMs / 1000 }) };
    socket.destroy();
  });
  let open = false;
  // The socket's own counter includes bytes that are lost when the connection breaks.
  let bytesOut = 0;
  socket.once('connect', () => {
    open = true;
    socket.setTimeout(0);
    listener?.connected();
  });
  socket.on('data', (chunk) => listener?.data(chunk));
  socket.once('error', (error) => {
    end ??= { code: open ? 'connection-error' : 'unreachable', detail: error.message };
  });
  // A peer that stops sending is closed: half-open connections prove nothing.
  socket.once('end', () => socket.destroy());
  socket.once('close', () => {
    listener?.closed(end?.code ?? 'closed-by-peer', end?.detail ?? SESSION['closed-by-peer']);
  });
  return {
    write(buffers, taken) {
      writeAll(socket, buffers, () => {
        for (const { length } of buffers) bytesOut += length;
        taken?.();
      });
    },
    get backlog() {
      return socket.writableLength;
    },
    get endpoint() {
      const { remoteAddress, remotePort } = socket;
      return remoteAddress === undefined ? undefined : `${remoteAddress}:${remotePort}`;
    },
    get bytesIn() {
      return socket.bytesRead;
    },
    get bytesOut() {
      return bytesOut;
    },
    pause() {
      socket.pause();
    },
    resume() {
      socket.resume();
    },
    destroy() {
      listener = undefined;
      socket.destroy();
    },
  };
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
