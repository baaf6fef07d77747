/** A relay that is killed and stopped among real dashds, which are connected to nobody else. */
import { after, before } from 'node:test';
import { RelayProcess } from '../support/relay-process.js';
import { survivalTests } from '../support/survival-tests.js';
import { DashdTestNetwork } from './dashd-test-network.js';
import { describeWithDashd } from './describe-with-dashd.js';

describeWithDashd('a relay among dashds', () => {
  const network = new DashdTestNetwork();
  const flags: string[] = [];
  const relay = new RelayProcess(flags);
  before(async () => {
    await network.open();
    flags.push(...network.flags);
  });
  after(async () => {
    await relay.remove();
    await network.remove();
  });
  survivalTests(relay, network);
});
