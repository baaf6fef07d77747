/** What a study assumes besides its scenario. `docs/race.md` says how much each of it matters. */

import type { HostMix } from '../net/host-mix.js';
import type { LatencyTable } from '../net/latency-table.js';
import type { TransportOptions } from '../net/transport.js';
import type { NodeAssumptions } from '../network/draw-plan.js';
import { TIMING, type Timing } from '../network/timing.js';

export interface Model {
  readonly table: LatencyTable;
  readonly hosts: HostMix;
  readonly nodes: NodeAssumptions;
  readonly timing: Timing;
  readonly transport: Partial<TransportOptions>;
  /** Blocks of other pools before ours: they decide who is whose high-bandwidth peer, and what a relay has seen. */
  readonly warmUpBlocks: number;
  /** Share of the nodes that start again between two blocks. */
  readonly restarts: number;
  /** From the pool's message until the relay writes, or dashd has read the request: microseconds. */
  readonly startUp: number;
  /** Whether what proves a block follows it on the uplink, 125 bytes for each peer. */
  readonly asks: boolean;
}

/** Each node starts again about every four days: 157.5 s ÷ 4 days. */
const RESTARTS = 157.5 / (4 * 24 * 3_600);

export const ASSUMPTIONS: Omit<Model, 'table' | 'hosts'> = {
  nodes: { cpuSigma: 0.4, listening: 0.5 },
  timing: TIMING,
  transport: {},
  warmUpBlocks: 10,
  restarts: RESTARTS,
  startUp: 500,
  asks: false,
};
