import type { Dial, PeerSocket } from '../../streams/ports.js';
import { type Engine, MICROS_PER_MS } from '../engine.js';
import type { Processor } from './processor.js';
import type { TcpEnd } from './tcp-connection.js';
import type { VirtualProcess } from './virtual-process.js';
import type { Machine, VirtualTcp } from './virtual-tcp.js';

export interface DialDeps {
  readonly engine: Engine;
  readonly tcp: VirtualTcp;
  readonly machine: Machine;
  /** Whose sockets they are: they close when it is killed. */
  readonly process: VirtualProcess;
  /** Its writes take no time unless given. */
  readonly processor?: Processor | undefined;
}

/** The relay's way to its peers, with the same endings as adapters/tcp.ts. */
export function virtualDial({ engine, tcp, machine, process, processor }: DialDeps): Dial {
  return (address, timeoutMs, handlers): PeerSocket => {
    let end: TcpEnd | undefined;
    let isOver = false;
    let paused = false;
    const endpoint = `${address.host}:${address.port}`;
    const close = (): void => {
      isOver = true;
      giveUp();
      cancelTimeout();
      killed.unsubscribe();
      const hangUp = (): void => end?.end();
      if (processor === undefined) hangUp();
      else processor.behindWrites(hangUp);
    };
    const closed = (...how: Parameters<typeof handlers.closed>): void => {
      if (isOver) return;
      process.enter(() => {
        if (isOver) return;
        close();
        handlers.closed(...how);
      });
    };
    const giveUp = tcp.connect(machine, address, {
      refused: () => closed('unreachable', `connect ECONNREFUSED ${endpoint}`),
      connected(socket) {
        end = socket;
        cancelTimeout();
        if (paused) socket.pause();
        socket.attach({
          data: (chunk) =>
            process.enter(() => {
              if (!isOver) handlers.data(chunk);
            }),
          closed: (how) =>
            how === 'fin'
              ? closed('closed-by-peer', 'the peer closed the connection')
              : closed('connection-error', 'read ECONNRESET'),
        });
        process.enter(() => {
          if (!isOver) handlers.connected();
        });
      },
    });
    const cancelTimeout = engine.after(timeoutMs * MICROS_PER_MS, () =>
      closed('dial-timeout', `no connection within ${timeoutMs / 1000} s`),
    );
    const killed = process.killed$.subscribe(close);
    return {
      write(buffers, taken) {
        const noted = (): void =>
          process.enter(() => {
            if (!isOver) taken?.();
          });
        const write = (): void => end?.write(buffers, noted);
        if (processor === undefined) write();
        else processor.write(write);
      },
      get backlog() {
        return end?.backlog ?? 0;
      },
      get bytesIn() {
        return end?.bytesIn ?? 0;
      },
      get bytesOut() {
        return end?.bytesOut ?? 0;
      },
      get endpoint() {
        return end === undefined || isOver ? undefined : endpoint;
      },
      pause() {
        paused = true;
        end?.pause();
      },
      resume() {
        paused = false;
        end?.resume();
      },
      destroy: close,
    };
  };
}
