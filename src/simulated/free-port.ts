import { createServer } from 'node:net';

/** Below the ports that a system gives away by itself, to who binds port 0 or connects: none of those comes between asking and binding. */
const FIRST = 20_000;
const COUNT = 12_000;

/** So many ports are this process's own before it meets those of the next one. */
const STRIDE = 53;
let last = (process.pid * STRIDE) % COUNT;

/**
 * A port nobody listens at, never the same twice in a row and another than other processes are told at the same time: for who
 * must name a port before it is bound. Who never needs it again, once it is closed, can bind port 0.
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
 * Binds to a port that can be had again after it was closed: the system lends none of these to others.
 * @throws what `bind` throws, unless that is that the port is taken: then it is called with another one
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

/** Whether somebody else has the port. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
