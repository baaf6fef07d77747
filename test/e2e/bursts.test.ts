/** A burst of blocks to simulated nodes, which take the time of the process that asks: how fast the pages answer is for test/dashd to say. */
import { after, before } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { freePort } from '../../src/simulated/free-port.js';
import { burstTests } from '../support/burst-tests.js';
import { RelayProcess } from '../support/relay-process.js';
import { SimulatedTestNetwork } from '../support/simulated-test-network.js';
import type { TestNetwork } from '../support/survival-tests.js';

await loadX11();
const simulated = await SimulatedTestNetwork.open();
const network: TestNetwork = simulated;
const port = await freePort();
const relay = new RelayProcess([...network.flags, `--http-port=${port}`]);
before(async () => {
  await relay.start();
  await relay.connected(network.peers);
});
after(async () => {
  await relay.remove();
  await simulated.stop();
});

burstTests(relay, network, () => `http://127.0.0.1:${port}`, [
  { blocks: 300, maxRssMb: 400, maxHealthMs: 5_000 },
  { blocks: 40, size: 1_000_000, maxRssMb: 600, maxHealthMs: 5_000 },
]);
