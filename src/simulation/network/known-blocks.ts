/** What a node knows of each block, and how far it is with it. */
import type { SimBlock } from './block.js';
import type { Peer } from './peer.js';

/**
 * - `announced`: its header is known, and nothing is on its way.
 * - `requested`: it was asked for. `incomplete`: of a compact block the missing transactions were asked for.
 * - `processing`: it is being checked and connected.
 * - `stored`: it is valid, and on a branch that never was the active chain. `connected`: it is or was in the active chain.
 */
type State = 'announced' | 'requested' | 'incomplete' | 'processing' | 'stored' | 'connected';

export interface Progress {
  readonly block: SimBlock;
  state: State;
  /** From whom it is on its way. */
  source: Peer | undefined;
  /** Those that announced it: one is asked should the source go. */
  readonly announcers: Peer[];
}

export class KnownBlocks {
  /** By the block's id. */
  private readonly progress = new Map<number, Progress>();

  private newest: Progress | undefined;

  constructor(start: SimBlock) {
    this.reset(start);
  }

  /** Forgets all but a block that is in the active chain. */
  reset(start: SimBlock): void {
    this.progress.clear();
    this.newest = undefined;
    this.note(start).state = 'connected';
  }

  get({ id }: SimBlock): Progress | undefined {
    // Most that is asked is about the newest block.
    return this.newest?.block.id === id ? this.newest : this.progress.get(id);
  }

  /** Its entry, made if there is none. */
  note(block: SimBlock): Progress {
    const known = this.get(block);
    if (known !== undefined) return known;
    const progress: Progress = { block, state: 'announced', source: undefined, announcers: [] };
    this.progress.set(block.id, progress);
    this.newest = progress;
    return progress;
  }

  /** Whether the whole block is known and valid. */
  holds(block: SimBlock): boolean {
    const state = this.get(block)?.state;
    return state === 'connected' || state === 'stored';
  }

  /** Blocks that were announced on top of this one. */
  childrenOf({ id }: SimBlock): Progress[] {
    return [...this.progress.values()].filter(({ block, state }) => block.parent?.id === id && state === 'announced');
  }

  /** @returns the blocks that were on their way from the peer, which is gone */
  forget(peer: Peer): Progress[] {
    const interrupted: Progress[] = [];
    for (const progress of this.progress.values()) {
      const heard = progress.announcers.indexOf(peer);
      if (heard >= 0) progress.announcers.splice(heard, 1);
      if (progress.source !== peer) continue;
      progress.source = undefined;
      if (progress.state !== 'requested' && progress.state !== 'incomplete') continue;
      progress.state = 'announced';
      interrupted.push(progress);
    }
    return interrupted;
  }
}
