/** Gauges of the cluster; absent where the relay works alone. */
import type { RelayView } from '../../contracts/view.js';
import type { Instruments } from './instruments.js';

export function clusterMetrics({ gauge }: Pick<Instruments, 'gauge'>): (view: RelayView) => void {
  const connected = gauge('blockcast_cluster_connected', '1 while this relay is connected to a NATS server.', []);
  const relays = gauge('blockcast_cluster_relays', 'Relays of the cluster that are heard, this one included.', []);
  const left = gauge('blockcast_cluster_left_peers', 'Peers that this relay leaves to others of the cluster.', []);
  const unstored = gauge(
    'blockcast_cluster_unstored_blocks',
    'Blocks of this relay that no stream has stored yet.',
    [],
  );
  const dropped = gauge(
    'blockcast_cluster_dropped_messages',
    'Messages of other relays that were dropped since the start.',
    [],
  );
  return ({ cluster }) => {
    const report = cluster?.report();
    connected.set({}, report && Number(report.connected));
    relays.set({}, report?.relays.length);
    left.set({}, report?.left);
    unstored.set({}, report?.unstored);
    dropped.set({}, report?.dropped);
  };
}
