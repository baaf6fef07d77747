/** Networks whose arithmetic can be done by hand. */
import { Engine } from '../../../src/simulation/engine.js';
import type { HostSpec } from '../../../src/simulation/net/hosts.js';
import { LatencyTable } from '../../../src/simulation/net/latency-table.js';
import { Transport, type TransportOptions } from '../../../src/simulation/net/transport.js';
import { RunRandom } from '../../../src/simulation/random.js';

/** 100 Mbit/s both ways, 12.5 bytes in a microsecond; 1 ms to the exchange of the first region. */
export const HOST: HostSpec = { region: 0, accessMs: 1, up: 12_500_000, down: 12_500_000 };
/** The other region, 38 ms away: with both access lines one way takes 40 ms, a round trip 80 ms. */
export const THERE: HostSpec = { ...HOST, region: 1 };
export const ONE_WAY = 40_000;

export interface TestNet {
  readonly engine: Engine;
  readonly transport: Transport;
  /** Sends, and notes when it arrives. @returns the list of arrivals, which fills as the engine runs */
  readonly arrivals: { readonly what: string; readonly at: number }[];
  readonly note: (what: string) => () => void;
}

/** Without jitter, losses and spread, unless told otherwise. */
export function testNet(options: Partial<TransportOptions> = {}, { seed = 1, spread = 0 } = {}): TestNet {
  const engine = new Engine();
  const roundTripMs = [
    [10, 76],
    [76, 10],
  ];
  const transport = new Transport({
    engine,
    random: new RunRandom(seed, 'test'),
    latency: new LatencyTable({ regions: ['here', 'there'], roundTripMs, spread }),
    options: { loss: 0, jitterMs: 0, ...options },
  });
  const arrivals: { what: string; at: number }[] = [];
  return { engine, transport, arrivals, note: (what) => () => arrivals.push({ what, at: engine.now }) };
}

/** When one message arrives on a new connection that is otherwise idle. */
export function timeOf(bytes: number, from: HostSpec = HOST, to: HostSpec = THERE): number {
  const { engine, transport, arrivals, note } = testNet();
  const link = transport.connect(transport.addHost(from), transport.addHost(to));
  transport.send(link, link.a, bytes, note('message'));
  engine.run();
  return arrivals[0]?.at ?? -1;
}
