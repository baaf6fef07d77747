import { createServer } from 'node:net';

/** Below the ports that a system gives away by itself, to who binds port 0 or connects: none of those comes between asking and binding. */
const FIRST = 20_000;
const COUNT = 12_000;

/** So many ports are this process's own before it meets those of the next one. */
const STRIDE = 53;
let last = (process.pid * STRIDE) % COUNT;

/**
 * A port nobody listens at, never the same twice in a row and another than other processes are told at the same time: for who
 * must name a port before it is bound. Who can bind port 0 needs none of this.
 * @param host an address of this machine, without brackets
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    last = (last + 1) % COUNT;
    // Whoever asks meanwhile moves `last` on.
    const port = FIRST + last;
    if (await isFree(host, port)) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + COUNT - 1} is free at ${host}`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
