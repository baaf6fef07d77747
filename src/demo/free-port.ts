import { createServer } from 'node:net';

/** A port of 127.0.0.1 that nobody uses now, for who cannot be told to choose one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address !== 'object') throw new Error('a TCP server has an address');
  return address.port;
}
