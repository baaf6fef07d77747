import type { Socket } from 'zeromq';

/**
 * Closes an open socket. libzmq does so in its own threads, within the linger time. @returns resolves when that is done: the endpoint is
 * free, and the socket sends and receives nothing more
 */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.events.on('end', () => resolve());
    socket.close();
  });
}
