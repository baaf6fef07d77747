import { Pull, Push } from 'zeromq';
import { read, type ZmqHandlers, type ZmqSocket } from './zmq.js';
import { closed } from './zmq-close.js';

export interface ZmqLoop {
  /** Starts to read messages, as the pool socket does. */
  open(handlers: ZmqHandlers): ZmqSocket;
  /** One frame. One call at a time. */
  send(bytes: Buffer): Promise<void>;
}

let opened = 0;

/** A loop through ZeroMQ within the process. It ends when its socket is closed. */
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
