/** The blocks of the coarse network as bytes: each is mined, at regtest's difficulty, when it is first needed. */
import { HEADER_SIZE, hashHeader } from '../../block/x11.js';
import type { Chain } from '../../simulated/chain.js';
import { mineBlock, type Template } from '../../simulated/miner.js';
import type { Clock } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import type { SimBlock } from '../network/block.js';

interface Mined {
  readonly raw: Buffer;
  readonly hash: Hash;
  readonly template: Template;
}

export class BlockBytes {
  private readonly mined = new Map<number, Mined>();
  private readonly blocks = new Map<Hash, SimBlock>();

  /**
   * @param base the chain as bytes that all nodes have at the start; its tip stands for `root`
   * @param root the block that all coarse nodes have at the start
   */
  constructor(
    private readonly base: Chain,
    private readonly root: SimBlock,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    this.blocks.set(base.tip.hash, root);
  }

  /** @throws Error for the block that all start with: nobody sends it */
  rawOf(block: SimBlock): Buffer {
    return this.mine(block).raw;
  }

  /** Undefined for a block that has not been mined here. */
  blockOf(hash: Hash): SimBlock | undefined {
    return this.blocks.get(hash);
  }

  private mine(block: SimBlock): Mined {
    const known = this.mined.get(block.id);
    if (known !== undefined) return known;
    if (block.parent === undefined) throw new Error(`block ${block.id} is the one that all nodes start with`);
    const template = this.templateOn(block.parent);
    const raw = mineBlock(template, { size: block.bytes, extraNonce: block.id });
    const hash = hashHeader(raw.subarray(0, HEADER_SIZE));
    const mined = { raw, hash, template };
    this.mined.set(block.id, mined);
    this.blocks.set(hash, block);
    return mined;
  }

  private templateOn(parent: SimBlock): Template {
    if (parent === this.root) return this.base.template();
    const { hash, template } = this.mine(parent);
    const time = Math.max(template.time + 1, Math.floor(this.clock.now() / 1_000));
    return { ...template, parent: hash, height: template.height + 1, time };
  }
}
