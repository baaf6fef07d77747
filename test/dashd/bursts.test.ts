/** Bursts of blocks to three real dashds, which are connected to nobody else. */
import { after, before } from 'node:test';
import { freePort } from '../../src/simulated/free-port.js';
import { burstTests } from '../support/burst-tests.js';
import { RelayProcess } from '../support/relay-process.js';
import { DashdTestNetwork } from './dashd-test-network.js';
import { describeWithDashd } from './describe-with-dashd.js';

describeWithDashd('a burst to dashds', () => {
  const network = new DashdTestNetwork();
  const flags: string[] = [];
  const relay = new RelayProcess(flags);
  let http = '';
  before(async () => {
    await network.open();
    const port = await freePort();
    http = `http://127.0.0.1:${port}`;
    flags.push(...network.flags, `--http-port=${port}`);
    await relay.start();
    await relay.connected(network.peers);
  });
  after(async () => {
    await relay.remove();
    await network.remove();
  });
  burstTests(relay, network, () => http, [
    { blocks: 1_000, maxRssMb: 512, maxHealthMs: 200 },
    { blocks: 120, size: 1_000_000, maxRssMb: 768, maxHealthMs: 200 },
  ]);
});
