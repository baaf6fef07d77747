import { describe } from 'node:test';
import { natsMissing } from '../../src/simulated/nats-servers.js';

/** A suite that needs nats-server; skipped, with the reason, where there is none. */
export function describeWithNats(name: string, define: () => void): void {
  describe(name, { skip: natsMissing() ?? false }, define);
}
