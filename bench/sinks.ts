/**
 * The receiving peers, in one process of their own: TCP servers with as much of the Dash protocol as a session needs. Blocks are only
 * counted. What comes behind a block is read, and answered, once all sinks have theirs: separate hosts would not compete for processor time.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { encodeFrame } from '../src/wire/frame.js';
import { NETWORKS } from '../src/wire/network.js';
import { Reader } from '../src/wire/reader.js';
import { codecFor, type Message } from '../src/wire/registry.js';
import { emit, planOf } from './child.js';
import { MessageCutter } from './message-cutter.js';
import { nodeVersion } from './node-version.js';
import type { FromSinks, SinksPlan, ToSinks } from './process-messages.js';

const { magic } = NETWORKS.regtest;
const plan = planOf<SinksPlan>();

let missing = 0;
let firstAt = 0n;
let header = Buffer.alloc(0);
/** Of the sinks that have their block. */
const waiting: MessageCutter[] = [];

process.on('message', (message: ToSinks) => {
  header = Buffer.from(message.header);
  missing = plan.readers;
  firstAt = 0n;
  emit<FromSinks>({ type: 'armed' });
});

function onBlock(cutter: MessageCutter, isDashd: boolean): void {
  missing -= 1;
  if (!isDashd && firstAt === 0n) firstAt = process.hrtime.bigint();
  if (missing > 0) {
    cutter.pause();
    waiting.push(cutter);
    return;
  }
  emit<FromSinks>({ type: 'delivered', at: process.hrtime.bigint(), firstAt });
  for (const one of waiting.splice(0)) one.resume();
}

interface Role {
  readonly stalls: boolean;
  /** The first one is the pool's own dashd. */
  readonly isDashd: boolean;
}

function serve(socket: Socket, { stalls, isDashd }: Role): void {
  const send = (message: Message) => socket.write(encodeFrame(magic, message));
  const cutter: MessageCutter = new MessageCutter((command, payload) => {
    switch (command) {
      case 'block':
      case 'cmpctblock':
        return onBlock(cutter, isDashd);
      case 'version':
        send(nodeVersion());
        return send({ command: 'verack' });
      case 'verack':
        if (plan.compact) send({ command: 'sendcmpct', highBandwidth: true, version: 1n });
        return stalls && socket.pause();
      case 'ping':
        return send({ command: 'pong', nonce: nonceOf(payload) });
      case 'getheaders':
        return send({ command: 'headers', headers: [header] });
    }
  });
  socket.setNoDelay(true);
  socket.on('data', (chunk) => cutter.push(chunk));
  // A contender that ends resets its connections.
  socket.on('error', () => socket.destroy());
}

function nonceOf(ping: Buffer): bigint {
  return (codecFor('ping').decode(new Reader(ping)) as Extract<Message, { command: 'ping' }>).nonce;
}

async function listen(role: Role): Promise<number> {
  const server = createServer((socket) => serve(socket, role)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

const roles = Array.from(
  { length: plan.readers + plan.stalled },
  (_, n): Role => ({ stalls: n >= plan.readers, isDashd: n === 0 }),
);
emit<FromSinks>({ type: 'listening', ports: await Promise.all(roles.map(listen)) });
