import { inspect } from '../src/block/gate.js';
import { mineBlock } from '../src/simulated/miner.js';
import { NETWORKS } from '../src/wire/network.js';
import type { Hash } from '../src/wire/reader.js';

/** Heights from here on take two bytes, so that all blocks have the same size. */
const FIRST_HEIGHT = 1_000;

/** Consecutive regtest blocks with valid proof of work; `loadX11()` must have finished. */
export class BlockSource {
  private parent: Hash = '11'.repeat(32);
  private height = FIRST_HEIGHT;

  /**
   * @param size bytes; undefined: only a coinbase
   * @param transactionSize bytes; default: that of the miner
   */
  constructor(
    private readonly size: number | undefined,
    private readonly transactionSize?: number,
  ) {}

  get tip(): Hash {
    return this.parent;
  }

  next(): Buffer {
    const time = Math.floor(performance.timeOrigin / 1000) + this.height;
    const template = { parent: this.parent, height: this.height, time, special: true };
    const { size, transactionSize } = this;
    const raw = mineBlock(template, {
      ...(size !== undefined && { size }),
      ...(transactionSize !== undefined && { transactionSize }),
    });
    const inspection = inspect(raw, NETWORKS.regtest);
    if (inspection.kind === 'refused') throw new Error(inspection.reason);
    this.parent = inspection.block.hash;
    this.height += 1;
    return raw;
  }
}
