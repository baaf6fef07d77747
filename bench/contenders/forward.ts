/** The least that a program can do which sends the block that it is given: a message of its own, with its checksum, and no check at all. */
import { frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { emit, planOf } from '../child.js';
import type { ContenderPlan, FromContender } from '../process-messages.js';
import { connectAll, pullFrom } from './sockets.js';

const { ports, bind } = planOf<ContenderPlan>();
const sockets = await connectAll(ports);
const messages = await pullFrom(bind);
emit<FromContender>({ type: 'ready' });
for await (const [raw] of messages) {
  if (raw === undefined) continue;
  const frame = frameOf(NETWORKS.regtest.magic, 'block', raw);
  for (const socket of sockets) socket.write(frame);
}
