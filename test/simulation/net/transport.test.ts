import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Engine } from '../../../src/simulation/engine.js';
import type { HostSpec } from '../../../src/simulation/net/hosts.js';
import { LatencyTable } from '../../../src/simulation/net/latency-table.js';
import { Transport } from '../../../src/simulation/net/transport.js';
import { RunRandom } from '../../../src/simulation/random.js';

/** 100 Mbit/s both ways, 12.5 bytes each microsecond; 1 ms to the exchange. */
const HOST: HostSpec = { region: 0, accessMs: 1, up: 12_500_000, down: 12_500_000 };

describe('a message between two hosts', () => {
  test('arrives after its time on the uplink and the latency: half of the round trip, and both access lines', () => {
    const engine = new Engine();
    const latency = new LatencyTable({
      regions: ['here', 'there'],
      roundTripMs: [
        [10, 80],
        [80, 10],
      ],
      spread: 0,
    });
    const options = { loss: 0, jitterMs: 0 };
    const transport = new Transport({ engine, random: new RunRandom(1, 'test'), latency, options });
    const link = transport.connect(transport.addHost(HOST), transport.addHost({ ...HOST, region: 1 }));
    const arrivals: number[] = [];
    transport.send(link, link.a, 10_000, () => arrivals.push(engine.now));
    engine.run();
    assert.deepEqual(arrivals, [800 + 40_000 + 1_000 + 1_000]);
  });
});
