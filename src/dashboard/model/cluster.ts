/** The relays of a cluster, and one block at the peers of all of them, as the page shows them. */
import type { StatusReply } from '../../contracts/api.js';
import type { ClusterPart, ClusterProof, ClusterReport } from '../../contracts/cluster.js';
import { formatAge, formatMs, plural } from './format.js';
import { SOURCE_NAMES } from './labels.js';
import { type Curve, curveOf } from './race-groups.js';

/** Whether this relay is one of several. */
export function isInCluster({ services }: Pick<StatusReply, 'services'>): boolean {
  return services.some(({ service }) => service === 'cluster');
}

/** @param now of the relay, ms since the epoch */
export function heardText(heardAt: number, now: number): string {
  return `heard ${formatAge(now - heardAt)} ago`;
}

/** What the relay that is asked says of itself, in a line. */
export function clusterText({ connected, relays, left, unstored }: ClusterReport): string {
  if (!connected) return 'no server answers: this relay works alone';
  return [
    plural(relays.length, 'relay'),
    ...(left > 0 ? [`${plural(left, 'peer')} left to others`] : []),
    ...(unstored > 0 ? [`${plural(unstored, 'block')} not stored yet`] : []),
  ].join(', ');
}

/** How a relay came by a block. */
export function cameText({ source, afterMs }: Pick<ClusterPart, 'source' | 'afterMs'>): string {
  return `from ${SOURCE_NAMES[source]}${afterMs > 0 ? `, ${formatMs(afterMs)} later` : ''}`;
}

/** The part of a block's race that is drawn as one curve. */
export interface ClusterCurve extends Curve {
  /** `all`, `signers`, or a relay's name. */
  readonly name: string;
  readonly kind: 'all' | 'signers' | 'relay';
}

/** All peers once, the signers among them, and the peers of each relay: a peer counts for the relay that proved it best. */
export function clusterCurves(race: readonly ClusterProof[]): readonly ClusterCurve[] {
  const signers = race.filter(({ role }) => role === 'signer');
  const relays = [...new Set(race.map(({ relay }) => relay))].sort();
  return [
    { name: 'all', kind: 'all', ...curve(race) },
    ...(signers.length > 0 ? [{ name: 'signers', kind: 'signers', ...curve(signers) } as const] : []),
    ...relays.map((relay) => ({
      name: relay,
      kind: 'relay' as const,
      ...curve(race.filter((proof) => proof.relay === relay)),
    })),
  ];
}

function curve(race: readonly ClusterProof[]): Curve {
  const times = race.flatMap(({ status, ms }) => (status === 'already-had' ? (ms ?? 0) : (ms ?? [])));
  return curveOf(times, race.length, race.filter(({ status }) => status === 'failed').length);
}
