/** The pool's block on its way out: each write takes its time on the relay's side, and dashd is given it over a connection on its own host. */
import { MICROS_PER_MS, type Micros } from '../engine.js';
import type { BlockForm, SimBlock } from '../network/block.js';
import type { Outside } from '../network/outside.js';
import type { Peer } from '../network/peer.js';
import type { NodeId } from '../network/plan.js';
import type { Stage } from './stage.js';

export interface Write {
  readonly peer: Peer;
  readonly form: BlockForm;
  readonly afterMs: number;
}

interface SendingDeps {
  readonly stage: Stage;
  readonly relay: Outside;
  readonly block: SimBlock;
  readonly startUp: Micros;
  /** See `Model`. */
  readonly asks: boolean;
  /** Between two writes. */
  readonly write: Micros;
}

export class Sending {
  private readonly begin: Micros;
  private at: Micros;

  constructor(private readonly deps: SendingDeps) {
    this.begin = deps.stage.engine.now + deps.startUp;
    this.at = this.begin;
  }

  toDashd(dashd: NodeId): void {
    this.next(() => this.deps.stage.network.node(dashd).submit(this.deps.block));
  }

  atOnce(writes: readonly Write[]): void {
    const { relay, block, asks } = this.deps;
    for (const { peer, form, afterMs } of writes) {
      this.at = Math.max(this.at, this.begin + afterMs * MICROS_PER_MS);
      // Whoever has announced the block while it waited is not written to.
      this.next(() => {
        if (peer.knows === block.id) return;
        relay.push(peer, block, form);
        if (asks) relay.ask(peer);
      });
    }
  }

  oneByOne([first, ...rest]: readonly Write[]): void {
    if (first === undefined) return;
    this.next(() => {
      const { relay, block, stage } = this.deps;
      relay.push(first.peer, block, first.form);
      relay.ping(first.peer, () => {
        this.at = stage.engine.now;
        this.oneByOne(rest);
      });
    });
  }

  private next(action: () => void): void {
    this.deps.stage.engine.at(this.at, action);
    this.at += this.deps.write;
  }
}
