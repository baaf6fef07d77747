/**
 * Which inbound connection a full node gives up for a new one. Spared are 4 by network group, the 8 with the lowest ping, the 4 and, of those
 * that relay no transactions, the 8 that last gave a new block, and of the rest the half that has been connected longest. Of what is left, the
 * youngest of the largest network group goes. Source: Dash Core node/eviction.cpp.
 */
import type { Micros } from '../engine.js';

export interface Inbound {
  /** A number for its network group, drawn anew by each node: no attacker knows which it spares. */
  readonly groupKey: number;
  readonly group: string;
  readonly ping: Micros;
  /** When it last gave a block that was new; 0: never. */
  readonly lastBlockAt: Micros;
  readonly relaysTransactions: boolean;
  readonly since: Micros;
}

const BY_GROUP = 4;
const BY_PING = 8;
const BY_BLOCK = 4;
const BLOCK_RELAY_ONLY = 8;

/** @returns undefined when all are spared: then the new one is refused */
export function toEvict<I extends Inbound>(inbound: readonly I[]): I | undefined {
  let left = [...inbound];
  const spare = (count: number, order: (a: I, b: I) => number, among: (one: I) => boolean = () => true): void => {
    const spared = new Set(left.filter(among).sort(order).slice(0, count));
    left = left.filter((one) => !spared.has(one));
  };
  spare(BY_GROUP, (a, b) => b.groupKey - a.groupKey);
  spare(BY_PING, (a, b) => a.ping - b.ping);
  const byBlock = (a: I, b: I): number => b.lastBlockAt - a.lastBlockAt;
  spare(BLOCK_RELAY_ONLY, byBlock, ({ relaysTransactions }) => !relaysTransactions);
  spare(BY_BLOCK, byBlock);
  spare(Math.floor(left.length / 2), (a, b) => a.since - b.since);
  return youngestOfLargest(left);
}

function youngestOfLargest<I extends Inbound>(left: readonly I[]): I | undefined {
  const groups = new Map<string, I[]>();
  for (const one of left) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  const youngest = (group: readonly I[]): Micros => Math.max(...group.map(({ since }) => since));
  const [largest = []] = [...groups.values()].sort((a, b) => b.length - a.length || youngest(b) - youngest(a));
  return [...largest].sort((a, b) => b.since - a.since)[0];
}
