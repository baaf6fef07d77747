/**
 * One block from one process to another over the links that relays and pools use: a bare TCP connection, ZeroMQ with CURVE (as a pool that
 * is not on the relay's machine), and NATS with TLS (as another relay of the cluster, through one server). The three take turns in one run.
 *
 *   node dist/bench/links.js [--blocks 100] [--size 2000000]
 *
 * Needs nats-server and openssl.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { curveKeyPair, Push } from 'zeromq';
import { openNats } from '../src/adapters/nats.js';
import { openDesk } from '../src/adapters/nats-streams.js';
import { streamPlans } from '../src/cluster/stream-plans.js';
import { allSubjects, blockSubject } from '../src/cluster/subjects.js';
import { NatsServers, PASSWORDS } from '../src/simulated/nats-servers.js';
import { Child } from './child.js';
import type { FromReceiver, LinkPlan } from './link-receiver.js';
import { summarise } from './stats.js';

const { values } = parseArgs({
  options: { blocks: { type: 'string', default: '100' }, size: { type: 'string', default: '2000000' } },
});
const size = Number(values.size);
/** The first ones open windows and compile code. */
const WARM = 10;

interface Link {
  readonly name: string;
  readonly receiver: Child<FromReceiver>;
  /** Hands the block to the link, in the calling turn. */
  readonly send: (block: Buffer) => void;
  readonly close: () => unknown;
}

async function receiverOf(plan: LinkPlan): Promise<{ receiver: Child<FromReceiver>; endpoint: string }> {
  const receiver = new Child<FromReceiver>('./link-receiver.js', plan);
  const { endpoint } = await receiver.next('listening');
  return { receiver, endpoint };
}

async function tcp(): Promise<Link> {
  const { receiver, endpoint } = await receiverOf({ kind: 'tcp', size });
  const socket = connect({ host: '127.0.0.1', port: Number(endpoint), noDelay: true });
  await once(socket, 'connect');
  return { name: 'TCP', receiver, send: (block) => socket.write(block), close: () => socket.destroy() };
}

async function zeromq(): Promise<Link> {
  const [server, client] = [curveKeyPair(), curveKeyPair()];
  const { receiver, endpoint } = await receiverOf({ kind: 'zeromq-curve', size, ...server, client: client.publicKey });
  const push = new Push({
    linger: 0,
    curveServerKey: server.publicKey,
    curvePublicKey: client.publicKey,
    curveSecretKey: client.secretKey,
  });
  push.connect(endpoint);
  return { name: 'ZeroMQ, CURVE', receiver, send: (block) => void push.send(block), close: () => push.close() };
}

async function nats(servers: NatsServers): Promise<Link> {
  const access = (user: 'eu' | 'us' | 'setup') => ({
    servers: servers.addresses().split(','),
    client: user,
    user,
    password: PASSWORDS[user],
    tls: { ca: servers.ca },
  });
  const desk = await openDesk(access('setup'));
  for (const plan of streamPlans('blockcast')) await desk.make(plan, 1);
  await desk.close();
  const { servers: addresses, user, password } = access('us');
  const { receiver } = await receiverOf({ kind: 'nats-tls', size, servers: addresses, ca: servers.ca, user, password });
  let isUp = (): void => undefined;
  const up = new Promise<void>((resolve) => {
    isUp = resolve;
  });
  const link = openNats(
    { ...access('eu'), subscribe: allSubjects('blockcast') },
    { message: () => undefined, up: () => isUp(), down: () => undefined, refused: () => undefined },
  );
  await up;
  const subject = blockSubject({ name: 'blockcast', relay: 'eu' });
  return {
    name: 'NATS, TLS',
    receiver,
    // As a relay does it: stored by a stream as well.
    send: (block) => void link.store(subject, block, { network: 'regtest' }),
    close: () => link.close(),
  };
}

const servers = await NatsServers.start();
const links = [await tcp(), await zeromq(), await nats(servers)];
const block = Buffer.alloc(size, 0x5a);
const times = new Map(links.map(({ name }) => [name, { delivered: [] as number[], handed: [] as number[] }]));
for (let round = 0; round < WARM + Number(values.blocks); round += 1) {
  for (const { name, receiver, send } of links) {
    const from = process.hrtime.bigint();
    send(block);
    const handed = process.hrtime.bigint();
    const { at } = await receiver.next('delivered');
    if (round < WARM) continue;
    times.get(name)?.delivered.push(Number(at - from) / 1e6);
    times.get(name)?.handed.push(Number(handed - from) / 1e6);
  }
}
console.log(`${size} bytes, ${values.blocks} blocks over each link in turn, ms until the receiver has the last byte`);
for (const [name, { delivered, handed }] of times) {
  const { p50, p99, min } = summarise(delivered);
  const own = summarise(handed);
  console.log(
    `${name.padEnd(14)} median ${p50.toFixed(2)}, 99 % ${p99.toFixed(2)}, least ${min.toFixed(2)}; the sender's turn: median ${own.p50.toFixed(2)}`,
  );
}
for (const { receiver, close } of links) {
  await close();
  await receiver.stop();
}
await servers.stop();
