import { createServer } from 'node:net';

/** Below the range from which Linux takes the ports of outgoing connections: there, one of hundreds would soon be in the way. */
const FIRST = 20_000;
const COUNT = 12_000;
let last = process.pid % COUNT;

/** A port nobody listens at, and not the same one twice in a row. */
export async function freePort(): Promise<number> {
  last = (last + 1) % COUNT;
  const port = FIRST + last;
  return (await isFree(port)) ? port : freePort();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
