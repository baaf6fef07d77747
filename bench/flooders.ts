/**
 * Peers that flood on request, in a process of their own: they complete the handshake, behave, and then send one kind of message as fast as
 * the relay reads, until it disconnects them.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { largestMessage } from '../src/simulated/flood.js';
import { encodeFrame, frameOf } from '../src/wire/frame.js';
import { NETWORKS } from '../src/wire/network.js';
import { Reader } from '../src/wire/reader.js';
import { codecFor, type Message } from '../src/wire/registry.js';
import { emit, planOf } from './child.js';
import { MessageCutter } from './message-cutter.js';
import { nodeVersion } from './node-version.js';
import type { FloodersPlan, FloodKind, FromFlooders, ToFlooders } from './process-messages.js';

const { magic } = NETWORKS.regtest;
const { count } = planOf<FloodersPlan>();
/** Connected peers that do not flood yet. */
const calm: Socket[] = [];
const CHUNK_BYTES = 64 * 1024;
const frames = new Map<string, Buffer>();

process.on('message', ({ kind, peers }: ToFlooders) => {
  const flood = frames.get(kind) ?? floodOf(kind);
  frames.set(kind, flood);
  emit<FromFlooders>({ type: 'flooding' });
  for (const socket of calm.splice(0, peers)) pour(socket, flood);
});

/** Small messages are written in batches, to make a flood of them. */
function floodOf(kind: FloodKind): Buffer {
  const frame = frameOf(magic, ...largestMessage(kind));
  return Buffer.concat(Array.from({ length: Math.ceil(CHUNK_BYTES / frame.length) }, () => frame));
}

function pour(socket: Socket, flood: Buffer): void {
  if (socket.destroyed) return;
  socket.write(flood, () => setImmediate(pour, socket, flood));
}

function serve(socket: Socket): void {
  const send = (message: Message) => socket.write(encodeFrame(magic, message));
  const cutter = new MessageCutter((command, payload) => {
    switch (command) {
      case 'version':
        send(nodeVersion());
        return send({ command: 'verack' });
      case 'verack':
        return calm.push(socket);
      case 'ping':
        return send({ command: 'pong', nonce: nonceOf(payload) });
      default:
        return undefined;
    }
  });
  socket.setNoDelay(true);
  socket.on('data', (chunk) => cutter.push(chunk));
  socket.on('error', () => socket.destroy());
}

function nonceOf(payload: Buffer): bigint {
  const ping = codecFor('ping').decode(new Reader(payload));
  return ping.command === 'ping' ? ping.nonce : 0n;
}

async function listen(): Promise<number> {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

emit<FromFlooders>({ type: 'listening', ports: await Promise.all(Array.from({ length: count }, listen)) });
