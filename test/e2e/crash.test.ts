import { after, describe } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { RelayProcess } from '../support/relay-process.js';
import { SimulatedTestNetwork } from '../support/simulated-test-network.js';
import { survivalTests } from '../support/survival-tests.js';

describe('a relay among simulated nodes', async () => {
  await loadX11();
  const network = await SimulatedTestNetwork.open();
  const relay = new RelayProcess(network.flags);
  after(async () => {
    await relay.remove();
    await network.stop();
  });
  survivalTests(relay, network);
});
