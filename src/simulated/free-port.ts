import { createServer } from 'node:net';

/** Below the ephemeral ports, which the system assigns to connections and to binds of port 0: none of those can take a port in between. */
const FIRST = 20_000;
const COUNT = 12_000;

/**
 * Ports that a process has to itself, so that a port which it has closed stays free for it. The first of them is held open as the sign of
 * that to other processes; the system frees it when the process ends, however it ends.
 */
const SPAN = 50;
const SPANS = COUNT / SPAN;
/** Once a process has so many, it uses them again from the start. */
const MANY = 10 * SPAN;

const own: number[] = [];
let used = 0;
let leasing: Promise<void> | undefined;

/**
 * A port that is free at the moment, different from the previous ones and from those that other processes get. For configurations that
 * need the number before the port is bound; otherwise bind port 0.
 * @param host an address of this machine, without brackets
 */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return onFreePort(async (port) => {
    const server = createServer();
    await listen(server, port, host);
    await new Promise((resolve) => server.close(resolve));
    return port;
  });
}

/**
 * Binds to a free port that can be bound again after it was closed, because neither the system nor another process assigns it.
 * @throws the error of `bind`, unless it is EADDRINUSE: then another port is tried
 */
export async function onFreePort<T>(bind: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    if (tries > 0 && tries % MANY === 0) await leaseMore();
    try {
      return await bind(await nextPort());
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
}

/** Whether the error is EADDRINUSE. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

async function nextPort(): Promise<number> {
  for (;;) {
    const port = own[used];
    used += 1;
    if (port !== undefined) return port;
    used = own.length < MANY ? own.length : 0;
    if (own.length < MANY) await leaseMore();
  }
}

/** Those who ask at the same time wait for the same ports. @throws Error when other processes have them all */
function leaseMore(): Promise<void> {
  leasing ??= lease().finally(() => {
    leasing = undefined;
  });
  return leasing;
}

async function lease(): Promise<void> {
  for (let tried = 0; tried < SPANS; tried += 1) {
    const first = FIRST + ((process.pid + tried) % SPANS) * SPAN;
    const sign = createServer().unref();
    try {
      await listen(sign, first, '127.0.0.1');
    } catch (error) {
      if (!isTaken(error)) throw error;
      continue;
    }
    for (let port = first + 1; port < first + SPAN; port += 1) own.push(port);
    return;
  }
  throw new Error(`no ports from ${FIRST} to ${FIRST + COUNT - 1} are free`);
}

function listen(server: ReturnType<typeof createServer>, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}
