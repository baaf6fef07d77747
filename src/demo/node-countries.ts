/** Countries for the simulated nodes, by latency: all are on 127.0.0.1, which has none, so the map would be empty. */
import type { SimulatedNode } from '../simulated/node.js';

/** By distance from central Europe, the assumed location of the demo's relay. */
const NEAR_TO_FAR = [
  ...['DE', 'CZ', 'AT', 'NL', 'CH', 'PL', 'FR', 'GB', 'IT', 'SE', 'LT', 'FI', 'ES', 'UA'],
  ...['TR', 'AE', 'US', 'CA', 'IN', 'US', 'KR', 'HK', 'JP', 'SG', 'BR', 'ZA', 'AR', 'AU'],
] as const;

/** @returns the country of the node at a port: the higher its latency, the farther */
export function countriesOf(
  nodes: readonly Pick<SimulatedNode, 'port' | 'linkQuality'>[],
): (host: string, port: number) => string | undefined {
  const byDistance = [...nodes].sort((a, b) => a.linkQuality.latencyMs - b.linkQuality.latencyMs);
  const places = new Map(
    byDistance.map(({ port }, index) => [port, NEAR_TO_FAR[Math.floor((index / nodes.length) * NEAR_TO_FAR.length)]]),
  );
  return (_host, port) => places.get(port);
}
