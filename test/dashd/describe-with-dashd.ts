import { describe } from 'node:test';
import { findDashd } from '../../src/simulated/dashd-process.js';

/** A suite that needs a real dashd; skipped, with the reason, where there is none. */
export function describeWithDashd(name: string, define: () => void): void {
  const skip = findDashd() === undefined ? 'no dashd: set DASHD=/path/to/dashd, or put it on the PATH' : false;
  describe(name, { skip }, define);
}
