/** The lower bound in Node: writes a prepared frame to plain sockets as soon as ZeroMQ delivers a message. */
import { frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { emit, planOf } from '../child.js';
import type { ContenderPlan, FromContender } from '../process-messages.js';
import { connectAll, pullFrom } from './sockets.js';

const { ports, bind, blockSize } = planOf<ContenderPlan>();
const frame = frameOf(NETWORKS.regtest.magic, 'block', Buffer.alloc(blockSize));
const sockets = await connectAll(ports);
const messages = await pullFrom(bind);
emit<FromContender>({ type: 'ready' });
for await (const _message of messages) {
  for (const socket of sockets) socket.write(frame);
}
