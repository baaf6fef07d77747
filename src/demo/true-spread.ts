/** When the simulated nodes had a block: what the witnesses are compared with. A real network tells nobody. */
import { BoundedMap } from '../common/bounded.js';
import type { SimulatedNode } from '../simulated/node.js';
import type { Clock } from '../time.js';
import type { Hash } from '../wire/reader.js';

const MAX_BLOCKS = 64;

export class TrueSpread {
  /** By node (`host:port`), Unix ms. */
  private readonly times = new BoundedMap<Hash, Map<string, number>>(MAX_BLOCKS);

  constructor(nodes: readonly Pick<SimulatedNode, 'chain' | 'address'>[], clock: Pick<Clock, 'now'>) {
    for (const { chain, address } of nodes) {
      chain.onTip((_tip, connected) => {
        for (const { hash } of connected) this.note(hash, address, clock.now());
      });
    }
  }

  /** Milliseconds from `since` (Unix ms) until half of these nodes had a block; undefined when they did not. */
  half(hash: Hash, since: number, nodes: readonly string[]): number | undefined {
    const times = nodes.flatMap((node) => this.times.get(hash)?.get(node) ?? []).sort((a, b) => a - b);
    const at = times[Math.ceil(nodes.length / 2) - 1];
    return at === undefined ? undefined : Math.max(0, at - since);
  }

  private note(hash: Hash, node: string, at: number): void {
    const times = this.times.get(hash) ?? new Map<string, number>();
    this.times.set(hash, times.set(node, at));
  }
}
