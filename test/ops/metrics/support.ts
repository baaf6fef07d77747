/** Metrics that are given events, and the samples that they export. */
import fc from 'fast-check';
import type { BlockProof, PeerProof, RelayEvent, ServiceEvent, Verdict } from '../../../src/contracts/events.js';
import { FAULT_CODES, OTHER } from '../../../src/ops/metrics/labels.js';
import { createMetrics, type Metrics } from '../../../src/ops/metrics.js';
import { clockAt } from '../../support/clock.js';
import { type Sample, samplesOf } from '../../support/exposition.js';
import { DELIVERED } from '../../support/verdict.js';

export const HASH = '000000000000000f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a697887';
export const PEER = '203.0.113.7:9999';
export const AT = 1_795_331_401_873.402;
export const DAY = 86_400_000;

/** Gives metrics to `use`, and lets go of them whatever happens. */
export async function withMetrics<T>(use: (metrics: Metrics) => Promise<T>): Promise<T> {
  const metrics = createMetrics({ clock: clockAt(AT), version: '0.1.0', network: 'regtest' });
  try {
    return await use(metrics);
  } finally {
    metrics.close();
  }
}

export async function read(metrics: Metrics): Promise<Sample[]> {
  return samplesOf((await metrics.text()).text);
}

/** What is left of the samples after these events. */
export function after(...events: readonly RelayEvent[]): Promise<Sample[]> {
  return withMetrics((metrics) => {
    for (const event of events) metrics.listen(event);
    return read(metrics);
  });
}

export function verdict(more: Partial<Verdict> = {}): RelayEvent {
  return {
    type: 'verdict',
    at: AT,
    ...DELIVERED,
    hash: HASH,
    size: 15_234,
    rpc: { outcome: 'duplicate', ms: 9.7 },
    peersReached: 2,
    peersTried: 3,
    accepted: 1,
    failed: 1,
    firstMs: 2.1,
    medianMs: 10.2,
    lastMs: 18.3,
    ...more,
  };
}

export function service(name: ServiceEvent['service'], state: ServiceEvent['state'], code: string): RelayEvent {
  return { type: 'service', at: AT, service: name, state, code, detail: '' };
}

export function finality(state: 'pending' | 'chainlocked' | 'buried' | 'orphaned', hash = HASH): RelayEvent {
  return { type: 'finality', at: AT, hash, state, confirmations: 1 };
}

export function proof(status: PeerProof['status'], reason?: string): BlockProof {
  const event = { type: 'proof', at: AT, hash: HASH, peer: PEER, protected: false, status } as const;
  return reason === undefined ? event : { ...event, reason };
}

/** Events as their types allow them, and somewhat beyond: codes are any text, figures are any. */
export function anyEvent(): fc.Arbitrary<RelayEvent> {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', 'toString', OTHER, PEER, HASH, 'a"b\\c\nd', ...FAULT_CODES),
  );
  const figure = fc.oneof(fc.double(), fc.nat(), fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY));
  const maybe = fc.option(figure, { nil: undefined });
  const base = {
    at: fc.double({ noNaN: true, noDefaultInfinity: true }),
    hash: word,
    peer: word,
    protected: fc.boolean(),
  };
  const changes = fc.array(fc.record({ peer: word, code: word, reason: word }), { maxLength: 5 });
  const kinds = [
    {
      type: fc.constant('received'),
      source: word,
      size: figure,
      gateMs: maybe,
      held: fc.option(fc.array(word), { nil: undefined }),
    },
    { type: fc.constant('refused'), source: word, size: figure, code: word, reason: word },
    { type: fc.constant('repeated'), source: word },
    { type: fc.constant('proof'), status: word, reason: fc.option(word, { nil: undefined }) },
    {
      type: fc.constant('verdict'),
      source: word,
      outcome: word,
      rpc: fc.option(fc.record({ outcome: word, ms: figure }), { nil: undefined }),
      peersReached: figure,
      peersTried: figure,
      firstMs: maybe,
      medianMs: maybe,
      lastMs: maybe,
    },
    { type: fc.constant('finality'), state: word },
    { type: fc.constant('peer-connected') },
    { type: fc.constant('peer-lost'), code: word, wasReady: fc.boolean(), bytesIn: figure, bytesOut: figure },
    {
      type: fc.constant('gossip'),
      added: figure,
      known: figure,
      futureDated: figure,
      refused: fc.dictionary(word, figure, { maxKeys: 5 }),
    },
    { type: fc.constant('plan'), connect: changes, disconnect: changes },
    { type: fc.constant('service'), service: word, state: word, code: word },
    { type: fc.constant('tip'), source: word },
    { type: word },
  ];
  // The types allow no such words: what is tested is that nothing rests on them.
  return fc.oneof(
    ...kinds.map((kind) => fc.record<Record<string, unknown>>({ ...base, ...kind })),
  ) as unknown as fc.Arbitrary<RelayEvent>;
}
