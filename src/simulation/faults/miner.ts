/** Finds the blocks of a plan: the pool's on what dashd said last is the tip, the network's on the tip of the node that finds it. */
import { HEADER_SIZE, hashHeader } from '../../block/x11.js';
import type { Chain } from '../../simulated/chain.js';
import { mineBlock, type Template } from '../../simulated/miner.js';
import type { SimulatedNode } from '../../simulated/node.js';
import type { Hash } from '../../wire/reader.js';
import type { Engine } from '../engine.js';
import type { PlannedBlock } from './fault.js';
import type { Pool } from './pool.js';

/** A node that may be down at times. */
export interface Finder {
  readonly node: SimulatedNode;
  readonly isRunning: boolean;
}

export interface MinerDeps {
  readonly engine: Engine;
  /** The pool's own. */
  readonly dashd: Finder;
  readonly nodes: readonly Finder[];
  readonly pool: Pool;
}

export class Miner {
  /** The pool's blocks, oldest first. */
  readonly found: Hash[] = [];
  /** Where the pool's last template is from. */
  private chain: Chain;
  /** Makes each block another. */
  private extraNonce = 0;

  constructor(private readonly deps: MinerDeps) {
    this.chain = deps.dashd.node.chain;
  }

  find(block: PlannedBlock): void {
    switch (block.kind) {
      case 'single':
        this.push(this.mine(this.template(), block.size));
        break;
      case 'pair':
        this.findPair(block.size);
        break;
      case 'siblings':
        for (let sibling = 0; sibling < 2; sibling += 1) this.push(this.mine(this.template(), block.size));
        break;
      case 'stale':
        this.push(this.mine(this.staleTemplate(), block.size));
        break;
      case 'repeat':
        this.deps.pool.repeat();
        break;
      case 'network':
        this.announce(block.finder, block.size);
        break;
      case 'rival':
        this.findRivals(block);
    }
  }

  private findPair(size: number): void {
    const first = this.template();
    const raw = this.mine(first, size);
    this.push(raw);
    this.push(this.mine({ ...first, parent: hashOf(raw), height: first.height + 1, time: first.time + 1 }, size));
  }

  /** Each is found before its finder has heard of the other. */
  private findRivals({ size, lead, finder }: PlannedBlock): void {
    const { engine } = this.deps;
    const own = this.mine(this.template(), size);
    engine.after(Math.max(0, -lead), () => this.push(own));
    engine.after(Math.max(0, lead), () => this.announce(finder, size));
  }

  private push(raw: Buffer): void {
    this.found.push(hashOf(raw));
    this.deps.pool.found(raw);
  }

  private announce(finder: number, size: number): void {
    const at = this.deps.nodes[finder];
    if (at?.isRunning === true) at.node.submit(this.mine(templateOn(at.node.chain), size));
  }

  private template(): Template {
    const { dashd } = this.deps;
    // While it catches up, dashd gives out no template.
    if (dashd.isRunning && !dashd.node.chain.initialDownload) this.chain = dashd.node.chain;
    return templateOn(this.chain);
  }

  private staleTemplate(): Template {
    const { height } = this.template();
    return templateOn(this.chain, Math.max(0, height - 2));
  }

  private mine(template: Template, size: number): Buffer {
    this.extraNonce += 1;
    return mineBlock(template, { size, extraNonce: this.extraNonce });
  }
}

/**
 * On the block at a height of the best chain, by default the tip. A second later than that block: valid whatever the clocks of a run say,
 * which jump.
 */
function templateOn(chain: Chain, height = chain.tip.height): Template {
  const parent = chain.at(height) ?? chain.tip;
  return { ...chain.template(parent), time: parent.header.time + 1 };
}

function hashOf(raw: Buffer): Hash {
  return hashHeader(raw.subarray(0, HEADER_SIZE));
}
