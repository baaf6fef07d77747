/** What the pool's dashd says of the network of coarse nodes: the peers that it has there, and the masternodes. */
import { SERVICES } from '../../simulated/dash-core.js';
import type { RpcMethods } from '../../simulated/rpc-calls.js';
import type { Carrier } from '../network/carrier.js';
import type { DashNetwork } from '../network/dash-network.js';
import { CoarseNode } from '../network/node.js';
import type { NetworkPlan, NodeId } from '../network/plan.js';

export interface NetworkRpcDeps {
  readonly network: DashNetwork;
  readonly carrier: Carrier;
  readonly plan: NetworkPlan;
  /** `host:port` of a node. */
  readonly placeOf: (id: NodeId) => string;
}

const MICROS_PER_SECOND = 1_000_000;
const HASH_DIGITS = 64;

/** `getpeerinfo` and `masternodelist`, with the fields of dashd 23.1.2 by which a relay finds peers. */
export function networkMethods({ network, carrier, plan, placeOf }: NetworkRpcDeps): RpcMethods {
  const services = SERVICES.toString(16).padStart(16, '0');
  const peers = (): object[] =>
    [...network.node(plan.dashd).peers].flatMap(({ other, isInbound }) => {
      const { owner } = other;
      if (!(owner instanceof CoarseNode)) return [];
      const minping = carrier.roundTrip(plan.dashd, owner.id) / MICROS_PER_SECOND;
      const type = isInbound ? 'inbound' : 'outbound-full-relay';
      return [{ addr: placeOf(owner.id), services, minping, inbound: isInbound, connection_type: type }];
    });
  const masternodes = (): object =>
    Object.fromEntries(
      [...plan.nodes.entries()].flatMap(([id, { kind }]) => {
        const address = placeOf(id);
        const proTxHash = id.toString(16).padStart(HASH_DIGITS, '0');
        const entry = { proTxHash, address, addresses: { core_p2p: [address] }, status: 'ENABLED' };
        return kind === 'masternode' ? [[`${proTxHash}-0`, entry]] : [];
      }),
    );
  return new Map<string, () => unknown>([
    ['getpeerinfo', peers],
    ['masternodelist', masternodes],
  ]);
}
