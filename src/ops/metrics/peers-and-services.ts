/** Metrics of peer connections, connection plans, gossip, services and the chain tip. */
import type { GossipEvent, PeerEvent, PlanEvent, ServiceEvent, TipEvent } from '../../contracts/events.js';
import { combinations, type Instruments, type Labels } from './instruments.js';
import {
  ADDRESS_REFUSALS,
  DIRECTIONS,
  FAULT_CODES,
  fold,
  OTHER,
  PLAN_CODES,
  ROLES,
  SERVICE_STATES,
  SERVICES,
  STAGES,
  serviceCodes,
  TIP_SOURCES,
} from './labels.js';

type PeerConnected = Extract<PeerEvent, { readonly type: 'peer-connected' }>;
type PeerLost = Extract<PeerEvent, { readonly type: 'peer-lost' }>;

export function peerMetrics({ counter }: Instruments) {
  const connections = counter(
    'blockcast_peer_connections_total',
    'Connections with a finished handshake.',
    combinations({ role: ROLES }),
  );
  const faults = counter(
    'blockcast_peer_faults_total',
    'Connections that ended, by stage and reason.',
    combinations({ role: ROLES, stage: STAGES, code: [...FAULT_CODES, OTHER] }),
  );
  const bytes = counter(
    'blockcast_peer_bytes_total',
    'Bytes to and from peers, counted when a connection ends.',
    combinations({ direction: DIRECTIONS }),
  );
  return {
    connected(event: PeerConnected): void {
      connections.add({ role: roleOf(event) });
    },
    lost(event: PeerLost): void {
      const stage = event.wasReady ? 'connected' : 'connecting';
      faults.add({ role: roleOf(event), stage, code: fold(FAULT_CODES, event.code) });
      bytes.add({ direction: 'in' }, event.bytesIn);
      bytes.add({ direction: 'out' }, event.bytesOut);
    },
  };
}

function roleOf(event: PeerEvent): (typeof ROLES)[number] {
  if (event.protected) return 'dashd';
  return event.quorum === true ? 'member' : 'network';
}

export function planMetrics({ counter }: Instruments): (event: PlanEvent) => void {
  const plans = counter('blockcast_plans_total', 'Reviews of the set of peers.', [{}]);
  const changes = counter(
    'blockcast_plan_changes_total',
    'Planned connections and disconnections, by code.',
    (['connect', 'disconnect'] as const).flatMap((change) =>
      combinations({ change: [change], code: [...PLAN_CODES[change], OTHER] }),
    ),
  );
  return (event) => {
    plans.add({});
    for (const change of ['connect', 'disconnect'] as const) {
      for (const { code } of event[change]) changes.add({ change, code: fold(PLAN_CODES[change], code) });
    }
  };
}

export function gossipMetrics({ counter }: Instruments): (event: GossipEvent) => void {
  const messages = counter('blockcast_gossip_messages_total', 'Messages with addresses of other peers.', [{}]);
  const addresses = counter(
    'blockcast_gossip_addresses_total',
    'Addresses from peers, by result.',
    combinations({ result: ['added', 'known', ...ADDRESS_REFUSALS, OTHER] }),
  );
  const futureDated = counter(
    'blockcast_gossip_future_dated_total',
    'Added or known addresses with a time in the future.',
    [{}],
  );
  return (event) => {
    messages.add({});
    addresses.add({ result: 'added' }, event.added);
    addresses.add({ result: 'known' }, event.known);
    futureDated.add({}, event.futureDated);
    for (const [reason, count] of Object.entries(event.refused)) {
      addresses.add({ result: fold(ADDRESS_REFUSALS, reason) }, count);
    }
  };
}

export function serviceMetrics({ counter, gauge }: Instruments): (event: ServiceEvent) => void {
  const states = gauge(
    'blockcast_service_state',
    '1 for the current state of each service; unknown until its first event.',
    ['service', 'state'],
    combinations({ service: SERVICES, state: SERVICE_STATES }),
  );
  const faults = counter(
    'blockcast_service_faults_total',
    'Number of times that a service went down or reported a fault, by code.',
    SERVICES.flatMap((service): Labels<'service' | 'code'>[] =>
      combinations({ service: [service], code: [...serviceCodes(service), OTHER] }),
    ),
  );
  const enter = (service: string, state: (typeof SERVICE_STATES)[number]) => {
    for (const one of SERVICE_STATES) states.set({ service, state: one }, one === state ? 1 : 0);
  };
  for (const service of SERVICES) enter(service, 'unknown');

  return ({ service: name, state, code }) => {
    const service = fold(SERVICES, name);
    if (state !== 'up') faults.add({ service, code: service === OTHER ? OTHER : fold(serviceCodes(service), code) });
    // A fault does not change the state of a service.
    if (state !== 'fault') enter(service, state === 'up' ? 'up' : 'down');
  };
}

/** Counts tips that dashd reported before the block itself arrived. */
export function tipMetrics({ counter }: Instruments): (event: TipEvent) => void {
  const moves = counter(
    'blockcast_tip_changes_total',
    'New tips that were reported before the block itself arrived, by source.',
    combinations({ source: TIP_SOURCES }),
  );
  return ({ source }) => moves.add({ source: fold(TIP_SOURCES, source) });
}
