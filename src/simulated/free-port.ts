import { createServer } from 'node:net';

/** Below the ephemeral ports, which the system assigns to connections and to binds of port 0: none of those can take a port in between. */
const FIRST = 20_000;
const COUNT = 12_000;

/** Distance between the first ports of two processes with consecutive ids. */
const STRIDE = 53;
let last = (process.pid * STRIDE) % COUNT;

/**
 * A port that is free at the moment, different from the previous one and from those that other processes get at the same time. For
 * configurations that need the number before the port is bound; otherwise bind port 0.
 * @param host an address of this machine, without brackets
 */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return onFreePort(async (port) => {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    return port;
  });
}

/**
 * Binds to a free port that can be bound again after it was closed, because the system does not assign it to other sockets.
 * @throws the error of `bind`, unless it is EADDRINUSE: then another port is tried
 */
export async function onFreePort<T>(bind: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    last = (last + 1) % COUNT;
    try {
      return await bind(FIRST + last);
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + COUNT - 1} is free`);
}

/** Whether the error is EADDRINUSE. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
