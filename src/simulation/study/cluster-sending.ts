/**
 * Several relays as one (docs/cluster.md), as far as time goes: the others stand at masternodes far from the pool and from each other, each
 * connection belongs to the nearest relay, and the block goes to the others behind the writes to the pool's own relay's peers: one way between
 * the regions, and its bytes at the speed of the link, since the servers' connections are in use all the time (their window is open). A relay at which it has arrived gives it to the node on its host, which is its dashd, and to its peers.
 */
import type { Micros } from '../engine.js';
import type { SimBlock } from '../network/block.js';
import type { Outside } from '../network/outside.js';
import type { NodeId } from '../network/plan.js';
import { Sending, type Write } from './sending.js';
import type { Stage } from './stage.js';

/** Not the farthest of all: that is a node with an odd connection. */
const FAR = 0.9;
/** Between the servers of two regions: 1 Gbit/s. */
const LINK_BYTES_PER_SECOND = 125_000_000;

/**
 * Where the other relays stand.
 * @param reachable masternodes that are candidates
 * @param count of the others
 */
export function sitesOf(stage: Stage, dashd: NodeId, reachable: readonly NodeId[], count: number): readonly NodeId[] {
  const sites: NodeId[] = [dashd];
  while (sites.length <= count) {
    const nearest = (id: NodeId): Micros => Math.min(...sites.map((site) => tripBetween(stage, site, id)));
    const byDistance = reachable
      .map((id) => ({ id, trip: nearest(id) }))
      .sort((a, b) => a.trip - b.trip || a.id - b.id);
    const site = byDistance[Math.floor(FAR * (byDistance.length - 1))];
    if (site === undefined) break;
    sites.push(site.id);
  }
  return sites.slice(1);
}

function tripBetween({ network, transport }: Stage, a: NodeId, b: NodeId): Micros {
  return transport.roundTrip(network.node(a).host, network.node(b).host);
}

/** The place in a list of relays of the one that is nearest to a node. */
export function nearestOf(stage: Stage, relays: readonly NodeId[], to: NodeId): number {
  const trips = relays.map((relay) => tripBetween(stage, relay, to));
  return trips.indexOf(Math.min(...trips));
}

export interface OtherRelay {
  readonly relay: Outside;
  /** On its host. */
  readonly dashd: NodeId;
  readonly writes: readonly Write[];
}

export interface ForwardingDeps {
  readonly stage: Stage;
  readonly block: SimBlock;
  /** From a relay's arrival to its first write. */
  readonly startUp: Micros;
  readonly asks: boolean;
  readonly write: Micros;
}

/** Sends the block from the pool's relay to the others, after a while. @param afterMicros when its own peers are written to */
export function forward(from: Outside, others: readonly OtherRelay[], afterMicros: Micros, deps: ForwardingDeps): void {
  const { stage, block } = deps;
  for (const { relay, dashd, writes } of others) {
    const oneWay = stage.transport.roundTrip(from.host, relay.host) / 2;
    const transfer = Math.ceil((block.bytes * 1_000_000) / LINK_BYTES_PER_SECOND);
    stage.engine.after(Math.ceil(afterMicros + oneWay + transfer), () => {
      const sending = new Sending({ ...deps, relay });
      sending.toDashd(dashd);
      sending.atOnce(writes);
    });
  }
}
