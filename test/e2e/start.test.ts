/** What a relay does while it starts. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { RelayProcess, until } from '../support/relay-process.js';
import { hashOf } from '../support/relay-under-test.js';

await loadX11();
const dashd = new SimulatedDashd({ user: 'user', password: 'secret' });
await dashd.start();
dashd.generate(1);
after(() => dashd.stop());

test('a block goes to dashd while the relay still reads what is on disk', async () => {
  const relay = new RelayProcess([
    `--dashd-rpc-url=${dashd.rpcUrl}`,
    `--dashd-rpc-user=${dashd.user}`,
    `--dashd-rpc-password=${dashd.password}`,
    `--dashd-p2p-port=${dashd.node.port}`,
    `--dashd-zmq-url=${dashd.zmqUrl}`,
  ]);
  try {
    // Whoever opens it waits for a writer, and none comes.
    const endless = join(relay.folder, 'countries.mmdb');
    execFileSync('mkfifo', [endless]);
    await relay.start([`--broadcast-country-db=${endless}`]);
    const raw = mineBlock(dashd.node.chain.template());
    const hash = hashOf(raw);
    await relay.push(raw);
    await until('the verdict', () =>
      relay.events.find((event) => event.type === 'verdict' && event.hash === hash && event.outcome === 'local-only'),
    );
    assert.equal(dashd.node.chain.get(hashOf(raw))?.connected, true);
    assert.doesNotMatch(relay.output, /peer file/, 'the peers are read behind the countries, which never end');
  } finally {
    await relay.remove();
  }
});
