import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port nobody uses now. It is let go before it is taken, so somebody else might be faster; on loopback nobody is. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
