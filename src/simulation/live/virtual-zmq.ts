/** The relay's ZeroMQ sockets in virtual time: dashd's feed, the pool's socket and the events socket. All ends share one machine. */
import type { bindPull, openPublisher, openSubscription, ZmqHandlers, ZmqPull } from '../../adapters/zmq.js';
import { type Engine, MICROS_PER_MS } from '../engine.js';
import type { NotificationFrames, VirtualDashd } from './virtual-dashd.js';
import type { VirtualPool } from './virtual-pool.js';
import type { VirtualProcess } from './virtual-process.js';

export interface ZmqDeps {
  readonly engine: Engine;
  readonly process: VirtualProcess;
}

/** From one socket to another on the same machine: an assumption. */
const WAY_MICROS = 100;
/** As adapters/zmq.ts sets them. */
const RECONNECT_MS = 100;
const MAX_RECONNECT_MS = 2_000;
const DRAIN_QUIET_MS = 50;

/**
 * Subscribes to dashd. A message published before the subscription has reached dashd is lost, as is one published while the connection is
 * down; libzmq connects again by itself, with doubling pauses.
 */
export function virtualSubscription({ engine, process }: ZmqDeps, dashd: VirtualDashd): typeof openSubscription {
  return ({ connect, topics }, handlers) => {
    const wanted = new Set(topics);
    let state: 'up' | 'down' | undefined;
    let isClosed = false;
    let isConnected = false;
    let pauseMs = RECONNECT_MS;
    const tell = (action: () => void): void =>
      process.enter(() => {
        if (!isClosed) action();
      });
    const change = (next: 'up' | 'down', detail: string): void => {
      if (state === next) return;
      state = next;
      tell(() => handlers.state(next, detail));
    };
    const attempt = (): void => {
      if (isClosed || isConnected || !process.isAlive) return;
      if (dashd.isRunning) {
        isConnected = true;
        pauseMs = RECONNECT_MS;
        change('up', `connected to ${connect}`);
        return;
      }
      change('down', `nobody answers at ${connect}`);
      tryLater();
    };
    const tryLater = (): void => {
      engine.after(pauseMs * MICROS_PER_MS, attempt);
      pauseMs = Math.min(MAX_RECONNECT_MS, 2 * pauseMs);
    };
    const publishing = dashd.published$.subscribe((frames) => {
      if (!isConnected || !wanted.has(frames[0])) return;
      const copies = framesOf(frames);
      engine.after(WAY_MICROS, () => tell(() => handlers.frames(copies)));
    });
    publishing.add(
      dashd.stopped$.subscribe(() => {
        if (!isConnected) return;
        isConnected = false;
        change('down', `${connect} went away`);
        tryLater();
      }),
    );
    // The handshake of ZMTP and the subscription take a round trip each.
    engine.after(4 * WAY_MICROS, attempt);
    return {
      async close() {
        isClosed = true;
        publishing.unsubscribe();
      },
    };
  };
}

/** The receiver may keep the buffers. */
function framesOf([topic, body, sequence]: NotificationFrames): readonly Buffer[] {
  return [Buffer.from(topic, 'latin1'), Buffer.from(body), sequence];
}

/** The pool's socket: what arrives before it is read waits in it, and is lost when the process is killed. */
export function virtualPull({ engine, process }: ZmqDeps, pool: VirtualPool): typeof bindPull {
  return ({ bind }) => {
    const early: (readonly Buffer[])[] = [];
    let read = (frames: readonly Buffer[]): void => {
      early.push(frames);
    };
    let messages = 0;
    const connection = pool.connect((frames) =>
      process.enter(() => {
        messages += 1;
        read(frames);
      }),
    );
    const killed = process.killed$.subscribe(() => connection.close());
    return (handlers: ZmqHandlers): ZmqPull => {
      engine.after(0, () =>
        process.enter(() => {
          handlers.state('up', `listening on ${bind}`);
          read = (frames) => handlers.frames(frames);
          for (const frames of early.splice(0)) handlers.frames(frames);
        }),
      );
      return {
        async drain() {
          for (let before = -1; before !== messages; ) {
            before = messages;
            await new Promise<void>((resolve) => {
              engine.after(DRAIN_QUIET_MS * MICROS_PER_MS, () => process.enter(resolve));
            });
          }
        },
        async close() {
          killed.unsubscribe();
          connection.close();
          read = () => undefined;
        },
      };
    };
  };
}

/** The events socket. @param publish takes each message */
export function virtualPublisher(
  { engine, process }: ZmqDeps,
  publish: (message: string) => void,
): typeof openPublisher {
  return ({ bind }, handlers) => {
    engine.after(0, () => process.enter(() => handlers.state('up', `listening on ${bind}`)));
    return { publish, close: async () => undefined };
  };
}
