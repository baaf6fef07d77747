import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Pull } from 'zeromq';

/** Plain TCP connections to all sinks. */
export async function connectAll(ports: readonly number[]): Promise<Socket[]> {
  return Promise.all(
    ports.map(async (port) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      await once(socket, 'connect');
      return socket;
    }),
  );
}

/** The pool's socket: the frames of each message, in order. */
export async function pullFrom(bind: string): Promise<AsyncIterable<Buffer[]>> {
  const pull = new Pull({ linger: 0 });
  await pull.bind(bind);
  return pull;
}
