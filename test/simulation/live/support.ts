import { HEADER_SIZE, hashHeader } from '../../../src/block/x11.js';
import type { BlockVerdict, RelayEvent } from '../../../src/contracts/events.js';
import { type LiveNetwork, startLiveNetwork } from '../../../src/simulation/live/start.js';
import type { Hash } from '../../../src/wire/reader.js';

export const NODES = 6;

/** A network in which the relay is connected to everybody. */
export async function connectedNetwork(seed = 1): Promise<LiveNetwork> {
  const network = await startLiveNetwork({ seed, nodes: NODES });
  await network.connected(NODES + 1);
  return network;
}

export function hashOf(raw: Buffer): Hash {
  return hashHeader(raw.subarray(0, HEADER_SIZE));
}

export function events({ relay }: LiveNetwork): RelayEvent[] {
  return relay.records.map(({ event }) => event);
}

/** The newest verdict on a block. */
export function verdictOn(network: LiveNetwork, raw: Buffer): BlockVerdict | undefined {
  const hash = hashOf(raw);
  return events(network).findLast((event): event is BlockVerdict => event.type === 'verdict' && event.hash === hash);
}

/** At how many nodes, dashd not included, a block is the tip. */
export function tipAt({ nodes }: LiveNetwork, raw: Buffer): number {
  return nodes.filter(({ node }) => node.chain.tip.hash === hashOf(raw)).length;
}
