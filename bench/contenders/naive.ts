/**
 * A simple broadcaster: builds the message for each peer, checksum included, and writes to the next peer when the previous write has
 * finished.
 */
import type { Socket } from 'node:net';
import { encodeFrame } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { emit, planOf } from '../child.js';
import type { ContenderPlan, FromContender } from '../process-messages.js';
import { connectAll, pullFrom } from './sockets.js';

const { magic } = NETWORKS.regtest;

async function sendTo(socket: Socket, raw: Buffer): Promise<void> {
  const frame = encodeFrame(magic, { command: 'block', raw });
  await new Promise<void>((resolve, reject) => {
    socket.write(frame, (error) => (error == null ? resolve() : reject(error)));
  });
}

const { ports, bind } = planOf<ContenderPlan>();
const sockets = await connectAll(ports);
const messages = await pullFrom(bind);
emit<FromContender>({ type: 'ready' });
for await (const [raw] of messages) {
  if (raw === undefined) continue;
  for (const socket of sockets) await sendTo(socket, raw);
}
