/** The lower bound in Node: writes a prepared frame to plain sockets as soon as ZeroMQ delivers a message. */
import { frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { emit, planOf } from '../child.js';
import type { ContenderPlan, FromContender } from '../process-messages.js';
import { connectAll, pullFrom } from './sockets.js';

const { ports, bind, blockSize, form } = planOf<ContenderPlan>();
const command = form === 'compact' ? 'cmpctblock' : 'block';
const frame = frameOf(NETWORKS.regtest.magic, command, Buffer.alloc(blockSize));
const sockets = await connectAll(ports);
const messages = await pullFrom(bind);
emit<FromContender>({ type: 'ready' });
for await (const _message of messages) {
  for (const socket of sockets) socket.write(frame);
}
