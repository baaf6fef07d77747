import { Observable } from 'rxjs';
import type { SocketNews } from '../ports.js';

/** Opens a ZeroMQ socket, which calls the handlers until it is closed. */
export type OpenSocket = (handlers: {
  frames(frames: readonly Buffer[]): void;
  state(state: 'up' | 'down' | 'refused', detail: string): void;
}) => { close(): Promise<void> };

/** A ZeroMQ socket of which the last messages matter. */
export interface Drainable {
  /** Reads on until nothing more comes; resolves at once when the socket is not open. */
  drain(): Promise<void>;
}

export interface DrainableSocket extends Drainable {
  readonly news$: Observable<SocketNews>;
  /** Closes a socket that is bound and was never read; one that was read closes when that ends. */
  closeUnread(): void;
}

/** As {@link socket}, for a socket that is read until it is empty before it closes. */
export function drainableSocket(
  open: (handlers: Parameters<OpenSocket>[0]) => ReturnType<OpenSocket> & Drainable,
  closing: Set<Promise<void>>,
): DrainableSocket {
  let opened: (ReturnType<OpenSocket> & Drainable) | undefined;
  const news$ = socket((handlers) => {
    opened = open(handlers);
    return opened;
  }, closing);
  return {
    news$,
    drain: async () => opened?.drain(),
    closeUnread() {
      if (opened === undefined) news$.subscribe().unsubscribe();
    },
  };
}

/**
 * A ZeroMQ socket as a cold Observable: open while subscribed.
 * @param closing takes the promise of each close under way: a teardown cannot wait for it
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
