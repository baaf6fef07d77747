/**
 * The blocks we pushed lately: what we serve to whoever asks, and what a late peer is sent. Bounded by count and by bytes,
 * oldest out first.
 */
import type { PushBlock, RecentBlocks } from '../session/types.js';
import type { Hash } from '../wire/reader.js';

const MAX_BLOCKS = 128;
const MAX_BYTES = 64 * 1024 * 1024;
/** Core's limit for one `headers` message. */
const MAX_HEADERS = 2_000;

export class RecentStore implements RecentBlocks {
  private readonly blocks = new Map<Hash, PushBlock>();
  private bytes = 0;

  add(block: PushBlock): void {
    if (this.blocks.has(block.hash)) return;
    this.blocks.set(block.hash, block);
    this.bytes += block.frame.length;
    for (const [hash, oldest] of this.blocks) {
      if (this.blocks.size <= MAX_BLOCKS && this.bytes <= MAX_BYTES) break;
      this.blocks.delete(hash);
      this.bytes -= oldest.frame.length;
    }
  }

  get(hash: Hash): PushBlock | undefined {
    return this.blocks.get(hash);
  }

  headersAfter(locator: readonly Hash[], stop: Hash): readonly Buffer[] {
    const headers: Buffer[] = [];
    for (const from of locator) {
      let next = this.childOf(from);
      while (next !== undefined && headers.length < MAX_HEADERS) {
        headers.push(next.header);
        if (next.hash === stop) break;
        next = this.childOf(next.hash);
      }
      if (headers.length > 0 || this.blocks.has(from)) break;
    }
    return headers;
  }

  /** Of several children the one we pushed last. */
  private childOf(parent: Hash): PushBlock | undefined {
    return [...this.blocks.values()].findLast((block) => block.previous === parent);
  }
}
