import type { Socket } from 'zeromq';

/**
 * Closes a socket that is open. libzmq takes it apart in threads of its own, for no longer than its linger time.
 * @returns what resolves when that is done: its endpoint is free, and nothing of it talks to another socket
 */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.events.on('end', () => resolve());
    socket.close();
  });
}
