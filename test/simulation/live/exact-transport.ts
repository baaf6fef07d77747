import type { Engine } from '../../../src/simulation/engine.js';
import type { HostSpec } from '../../../src/simulation/net/hosts.js';
import { LatencyTable } from '../../../src/simulation/net/latency-table.js';
import { Transport } from '../../../src/simulation/net/transport.js';
import { RunRandom } from '../../../src/simulation/random.js';

const LATENCY = new LatencyTable({ regions: ['here'], roundTripMs: [[40]], spread: 0 });

/** 5 ms from everywhere, with lines that take no time. */
export const HOST: HostSpec = { region: 0, accessMs: 5, up: 1e12, down: 1e12 };

/** Between two hosts 30 ms one way, on one host 50 µs; no jitter, no loss. */
export function exactTransport(engine: Engine): Transport {
  return new Transport({
    ...{ engine, latency: LATENCY, random: new RunRandom(1, 'test') },
    options: { jitterMs: 0, loss: 0 },
  });
}
