/** Peers of a dashd, in a process of their own: they request each block announced by `inv` with `getdata`, as nodes do. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodeFrame } from '../src/wire/frame.js';
import { INV } from '../src/wire/inventory.js';
import { NETWORKS } from '../src/wire/network.js';
import { Reader } from '../src/wire/reader.js';
import { codecFor, type Message } from '../src/wire/registry.js';
import { emit, planOf } from './child.js';
import { MessageCutter } from './message-cutter.js';
import { nodeVersion } from './node-version.js';
import type { FetchersPlan, FromSinks, ToSinks } from './process-messages.js';

const { magic } = NETWORKS.regtest;
const { port, peers } = planOf<FetchersPlan>();

let missing = 0;
let firstAt = 0n;
let ready = 0;

process.on('message', (_expect: ToSinks) => {
  missing = peers;
  emit<FromSinks>({ type: 'armed' });
});

function onBlock(): void {
  if (missing === peers) firstAt = process.hrtime.bigint();
  missing -= 1;
  if (missing === 0) emit<FromSinks>({ type: 'delivered', at: process.hrtime.bigint(), firstAt });
}

function onVerack(): void {
  ready += 1;
  if (ready === peers) emit<FromSinks>({ type: 'listening', ports: [] });
}

function converse(socket: Socket): void {
  const send = (message: Message) => socket.write(encodeFrame(magic, message));
  const answer = (command: string, payload: Buffer) => {
    const decoded = codecFor(command)?.decode(new Reader(payload));
    switch (decoded?.command) {
      case 'version':
        return send({ command: 'verack' });
      case 'verack':
        return onVerack();
      case 'ping':
        return send({ command: 'pong', nonce: decoded.nonce });
      case 'inv': {
        const items = decoded.items.filter(({ type }) => type === INV.block);
        return items.length > 0 && send({ command: 'getdata', items });
      }
    }
  };
  const cutter = new MessageCutter((command, payload) => (command === 'block' ? onBlock() : answer(command, payload)));
  socket.on('data', (chunk) => cutter.push(chunk));
  send(nodeVersion());
}

for (let peer = 0; peer < peers; peer += 1) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  converse(socket);
}
