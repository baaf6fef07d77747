/** The pool's own dashd under a second address: a block that only dashd has has reached nobody else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { InProcessNetwork } from '../support/in-process-network.js';

const ending: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

async function start(peers: (p2pPort: number) => string | Promise<string>): Promise<InProcessNetwork> {
  const flags: Record<string, string> = {};
  const net = await InProcessNetwork.start({
    flags,
    prepare: async (dashd) => {
      flags['peers'] = await peers(dashd.node.port);
    },
  });
  ending.unshift(() => net.stop());
  return net;
}

/** Passes connections on, from a port of its own: what a translation of addresses looks like from both ends. */
async function translation(port: number): Promise<string> {
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on('error', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.push(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function assertLocalOnly(net: InProcessNetwork): Promise<void> {
  await net.service('peers', 'own-dashd');
  await net.relay.connected(1);
  const raw = net.mine();
  await net.relay.push(raw);
  await net.relay.verdictSays(raw, (verdict) => [verdict.outcome, verdict.peersTried, verdict.peersReached], [
    'local-only',
    1,
    1,
  ]);
  assert.equal(net.relay.relay.view.peers().length, 1);
}

describe("the pool's own dashd", () => {
  test('counts once when it is named by a name and by its address', async () => {
    await assertLocalOnly(await start((port) => `localhost:${port}`));
  });

  test('counts once when it is reached through a translation of addresses', async () => {
    await assertLocalOnly(await start(translation));
  });
});
