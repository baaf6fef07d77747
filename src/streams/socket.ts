import { Observable } from 'rxjs';
import type { SocketNews } from './ports.js';

/** How an adapter opens a ZeroMQ socket: it calls back until it is closed. */
export type OpenSocket = (handlers: {
  frames(frames: readonly Buffer[]): void;
  state(state: 'up' | 'down' | 'refused', detail: string): void;
}) => { close(): Promise<void> };

/**
 * A ZeroMQ socket as a cold Observable: open while subscribed.
 * @param closing holds the promise of each close under way, since a teardown cannot wait for it
 */
export function socket(open: OpenSocket, closing: Set<Promise<void>>): Observable<SocketNews> {
  return new Observable((subscriber) => {
    const opened = open({
      frames: (frames) => subscriber.next({ type: 'frames', frames }),
      state: (state, detail) => subscriber.next({ type: 'state', state, detail }),
    });
    return () => {
      const closed = opened.close().finally(() => closing.delete(closed));
      closing.add(closed);
    };
  });
}
