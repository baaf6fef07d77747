/** A relay that is killed and stopped among real dashds, which are connected to nobody else. */
import { after, before } from 'node:test';
import { survivalTests } from '../support/killing.js';
import { RelayProcess } from '../support/process.js';
import { DashdGround } from './ground.js';
import { describeWithDashd } from './harness.js';

describeWithDashd('a relay among dashds', () => {
  const ground = new DashdGround();
  const flags: string[] = [];
  const relay = new RelayProcess(flags);
  before(async () => {
    await ground.open();
    flags.push(...ground.flags);
  });
  after(async () => {
    await relay.remove();
    await ground.remove();
  });
  survivalTests(relay, ground);
});
