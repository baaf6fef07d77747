import { Pull, Push } from 'zeromq';
import { read, type ZmqHandlers, type ZmqSocket } from './zmq.js';
import { closed } from './zmq-close.js';

export interface ZmqLoop {
  /** Begins to read what is sent, as from the pool's socket. */
  open(handlers: ZmqHandlers): ZmqSocket;
  /** One frame. One call at a time. */
  send(bytes: Buffer): Promise<void>;
}

let opened = 0;

/** A way through ZeroMQ and back that does not leave the process. It ends when what was opened is closed. */
export async function createLoop(): Promise<ZmqLoop> {
  opened += 1;
  const endpoint = `inproc://blockcast-loop-${opened}`;
  const pull = new Pull({ linger: 0 });
  const push = new Push({ linger: 0 });
  await pull.bind(endpoint);
  push.connect(endpoint);
  return {
    open(handlers) {
      const reading = read(pull, handlers);
      return {
        async close() {
          await Promise.all([closed(push), closed(pull), reading]);
        },
      };
    },
    send: (bytes) => push.send(bytes),
  };
}
