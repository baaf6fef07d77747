/** Bursts of blocks to three real dashds, which are connected to nobody else. */
import { after, before } from 'node:test';
import { freePort } from '../../src/simulated/free-port.js';
import { burstTests } from '../support/bursts.js';
import { RelayProcess } from '../support/process.js';
import { DashdGround } from './ground.js';
import { describeWithDashd } from './harness.js';

describeWithDashd('a burst to dashds', () => {
  const ground = new DashdGround();
  const flags: string[] = [];
  const relay = new RelayProcess(flags);
  let http = '';
  before(async () => {
    await ground.open();
    const port = await freePort();
    http = `http://127.0.0.1:${port}`;
    flags.push(...ground.flags, `--http-port=${port}`);
    await relay.start();
    await relay.connected(ground.peers);
  });
  after(async () => {
    await relay.remove();
    await ground.remove();
  });
  burstTests(relay, ground, () => http, [
    { blocks: 1_000, maxRssMb: 512, maxHealthMs: 200 },
    { blocks: 120, size: 1_000_000, maxRssMb: 768, maxHealthMs: 200 },
  ]);
});
