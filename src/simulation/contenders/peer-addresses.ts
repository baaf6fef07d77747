/** Nodes as the peer book knows them. */
import { keyOf, type PeerAddress, type PeerKey } from '../../peers/address.js';
import type { CountryOf } from '../../peers/occupancy.js';
import type { NodeId, NodePlan } from '../network/plan.js';

/** Mainnet's. */
const PORT = 9_999;
/** An assumption: a region's hosting companies are in so many countries. */
const COUNTRIES_A_REGION = 5;

export class PeerAddresses {
  private readonly ids = new Map<PeerKey, NodeId>();
  private readonly addresses: readonly PeerAddress[];

  constructor(nodes: readonly NodePlan[]) {
    this.addresses = nodes.map(({ ip }) => ({ host: ip, port: PORT, family: 'ipv4' }));
    for (const [id, address] of this.addresses.entries()) this.ids.set(keyOf(address), id);
  }

  /** @throws RangeError for an unknown node */
  addressOf(id: NodeId): PeerAddress {
    const address = this.addresses[id];
    if (address === undefined) throw new RangeError(`there is no node ${id}`);
    return address;
  }

  keyOf(id: NodeId): PeerKey {
    return keyOf(this.addressOf(id));
  }

  idOf(key: PeerKey): NodeId | undefined {
    return this.ids.get(key);
  }
}

/** The first number of an address is its region, the second its network group. */
export const countryOf: CountryOf = (host) => {
  const [region = '', group = '0'] = host.split('.');
  return `${region}-${Number(group) % COUNTRIES_A_REGION}`;
};
