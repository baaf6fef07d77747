/**
 * The relay's Prometheus metrics. Counters and histograms are updated by events; gauges of the relay's state (peers, tip, history) are read at
 * each scrape. Names begin with `blockcast_` and end in their base unit; label values come from the closed lists of metrics/labels.ts.
 */
import { Registry } from 'prom-client';
import type { RelayEvent } from '../contracts/events.js';
import type { RelayView } from '../contracts/view.js';
import { type Clock, SECOND_MS } from '../time.js';
import { blockMetrics } from './metrics/blocks.js';
import { watchEventLoop } from './metrics/event-loop.js';
import { combinations, createInstruments } from './metrics/instruments.js';
import { ALERT_CHANNELS, ALERT_OUTCOMES, fold } from './metrics/labels.js';
import { gossipMetrics, peerMetrics, planMetrics, serviceMetrics, tipMetrics } from './metrics/peers-and-services.js';
import { propagationMetrics } from './metrics/propagation.js';
import { processMetrics, viewMetrics } from './metrics/state.js';

export interface MetricsDeps {
  readonly clock: Clock;
  /** The number of lost log lines. */
  readonly lostLines?: () => number;
  /** blockcast's version. */
  readonly version: string;
  readonly network: string;
}

export interface Metrics {
  /** Updates the metrics; microseconds. Never throws. */
  listen(event: RelayEvent): void;
  /** From then on `text` includes the relay's state. */
  attach(view: RelayView): void;
  /** Counts the outcome of an attempt to send an alert, or of the alert. */
  alertOutcome(channel: (typeof ALERT_CHANNELS)[number], outcome: (typeof ALERT_OUTCOMES)[number]): void;
  /** Sets the number of clients of the API's event stream. */
  sseClients(count: number): void;
  /** In Prometheus's text format. */
  text(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Stops watching the event loop; `text` still works. */
  close(): void;
}

/** From 1 ms, the resolution of the measurement, to 5 s, which only an overloaded machine reaches. */
const HOLD_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

export function createMetrics({ clock, version, network, lostLines = () => 0 }: MetricsDeps): Metrics {
  const registry = new Registry();
  const make = createInstruments(registry);
  make
    .gauge('blockcast_build_info', 'Always 1; the labels are versions and network.', ['version', 'network', 'node'])
    .set({ version, network, node: process.version }, 1);
  make.gauge('blockcast_start_time_seconds', 'When blockcast started, Unix time.', []).set({}, clock.now() / SECOND_MS);

  const blocks = blockMetrics(make);
  const onPeer = peerMetrics(make);
  const onPlan = planMetrics(make);
  const onGossip = gossipMetrics(make);
  const onService = serviceMetrics(make);
  const onTip = tipMetrics(make);
  const propagation = propagationMetrics(make);
  const alerts = make.counter(
    'blockcast_alerts_total',
    'Alerts by channel and outcome.',
    combinations({ channel: ALERT_CHANNELS, outcome: ALERT_OUTCOMES }),
  );
  const clients = make.gauge('blockcast_sse_clients', "Clients of the API's event stream.", [], [{}]);
  const holds = make.histogram(
    'blockcast_event_loop_hold_seconds',
    'The longest time, in each second, for which the event loop was blocked.',
    HOLD_SECONDS,
    [{}],
  );
  const readView = viewMetrics(make, clock);
  const readProcess = processMetrics(registry, make, lostLines);
  const eventLoop = watchEventLoop((seconds) => holds.observe({}, seconds));
  let view: RelayView | undefined;

  return {
    listen(event) {
      switch (event.type) {
        case 'peer-connected':
          return onPeer.connected(event);
        case 'peer-lost':
          return onPeer.lost(event);
        case 'plan':
          return onPlan(event);
        case 'gossip':
          return onGossip(event);
        case 'service':
          return onService(event);
        case 'tip':
          return onTip(event);
        case 'propagation':
          return propagation.onPropagation(event);
        case 'witness':
          return propagation.onWitness(event);
        case 'lock-forecast':
          return;
        default:
          return blocks.listen(event);
      }
    },
    attach(relay) {
      view = relay;
      // A pool's blocks may be days apart, so the last one is read from the history.
      const [last] = relay.history.latest(1);
      if (last !== undefined) blocks.cameAt('pool', last.receivedAt);
    },
    alertOutcome(channel, outcome) {
      alerts.add({ channel: fold(ALERT_CHANNELS, channel), outcome: fold(ALERT_OUTCOMES, outcome) });
    },
    sseClients(count) {
      clients.set({}, count);
    },
    async text() {
      if (view !== undefined) readView(view);
      readProcess();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
    close() {
      eventLoop.close();
    },
  };
}
