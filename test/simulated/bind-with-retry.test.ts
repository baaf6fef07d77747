import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { bindWithRetry } from '../../src/simulated/bind-with-retry.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';

test('a port that is lent to somebody is waited for; anything else is an error at once', async () => {
  let tries = 0;
  const bind = (code: string) => async () => {
    tries += 1;
    if (tries < 3) throw Object.assign(new Error(code), { code });
    return 'bound';
  };
  assert.equal(await bindWithRetry(bind('EADDRINUSE')), 'bound');
  assert.equal(tries, 3);
  tries = 0;
  await assert.rejects(bindWithRetry(bind('EACCES')), { code: 'EACCES' });
  assert.equal(tries, 1);
});

test('the stand-in for dashd comes back on its ports, though they were taken meanwhile', async () => {
  await loadX11();
  const dashd = new SimulatedDashd({ user: 'user', password: 'secret' });
  await dashd.start();
  const ports = [dashd.node.port, ...[dashd.rpcUrl, dashd.zmqUrl].map((url) => Number(new URL(url).port))];
  await dashd.stop();
  const strangers = await Promise.all(
    // Another test's connection may have the port for a moment.
    ports.map((port) => bindWithRetry(() => listening(port))),
  );
  const started = dashd.start();
  for (const server of strangers) await new Promise((resolve) => server.close(resolve));
  await started;
  assert.deepEqual([dashd.node.port, ...[dashd.rpcUrl, dashd.zmqUrl].map((url) => Number(new URL(url).port))], ports);
  await dashd.stop();
});

function listening(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
