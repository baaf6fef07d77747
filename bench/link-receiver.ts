/** The receiving end of one link of bench/links.ts, in a process of its own: it tells when it has the last byte of each block. */
import { createServer, type Socket } from 'node:net';
import { openNats } from '../src/adapters/nats.js';
import { openPull } from '../src/adapters/zmq.js';
import { allSubjects } from '../src/cluster/subjects.js';
import { emit, planOf } from './child.js';

export type LinkPlan = { readonly size: number } & (
  | { readonly kind: 'tcp' }
  | { readonly kind: 'zeromq-curve'; readonly publicKey: string; readonly secretKey: string; readonly client: string }
  | {
      readonly kind: 'nats-tls';
      readonly servers: readonly string[];
      readonly ca: string;
      readonly user: string;
      readonly password: string;
    }
);

export type FromReceiver =
  | { readonly type: 'listening'; readonly endpoint: string }
  /** On the machine's monotonic clock, nanoseconds. */
  | { readonly type: 'delivered'; readonly at: bigint };

const plan = planOf<LinkPlan>();

function onBytes(bytes: number): void {
  if (bytes === plan.size) emit<FromReceiver>({ type: 'delivered', at: process.hrtime.bigint() });
}

const listening = (endpoint: string): void => emit<FromReceiver>({ type: 'listening', endpoint });

function receiveTcp(): void {
  const server = createServer((socket: Socket) => {
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes < plan.size) return;
      onBytes(bytes);
      bytes = 0;
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    listening(typeof address === 'object' && address !== null ? `${address.port}` : '');
  });
}

if (plan.kind === 'tcp') receiveTcp();
else if (plan.kind === 'zeromq-curve') {
  const { publicKey, secretKey, client } = plan;
  openPull(
    { bind: 'tcp://127.0.0.1:0', curve: { publicKey, secretKey, allowedClients: [client] } },
    {
      frames: ([frame]) => onBytes(frame?.length ?? 0),
      state: (state, detail) => {
        if (state === 'up') listening(/tcp:\S+$/.exec(detail)?.[0] ?? detail);
      },
    },
  );
} else {
  const { servers, ca, user, password } = plan;
  openNats(
    { servers, client: user, user, password, tls: { ca }, subscribe: allSubjects('blockcast') },
    {
      message: ({ data }) => onBytes(data.length),
      up: (server) => listening(server),
      down: () => undefined,
      refused: () => undefined,
    },
  );
}
