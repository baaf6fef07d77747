import { after, describe } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { SimulatedGround } from '../support/ground.js';
import { survivalTests } from '../support/killing.js';
import { RelayProcess } from '../support/process.js';

describe('a relay among simulated nodes', async () => {
  await loadX11();
  const ground = await SimulatedGround.open();
  const relay = new RelayProcess(ground.flags);
  after(async () => {
    await relay.remove();
    await ground.stop();
  });
  survivalTests(relay, ground);
});
