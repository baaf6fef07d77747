import type { Hash } from '../wire/reader.js';
import type { PartialBlock } from './partial-block.js';
import type { Peer } from './peer.js';

/** A block that a peer was asked for. */
export interface Download {
  readonly peer: Peer;
  /** What a compact form of it brought so far. */
  partial: PartialBlock | undefined;
  /** Ends the watch over it. */
  readonly cancel: () => void;
}

/** Dash Core `chainparams.cpp`: nPowTargetSpacing, rounded as the code does; `net_processing.cpp`: BLOCK_DOWNLOAD_TIMEOUT_*. */
const BLOCK_INTERVAL_MS = 150_000;
const TIMEOUT_PER_OTHER_PEER = 0.5;

/**
 * The blocks in flight, each from one peer: nobody else is asked for it until it comes, the peer leaves, or its time is over. Source: Dash
 * Core `net_processing.cpp`, `mapBlocksInFlight`.
 */
export class BlockDownloads {
  private readonly downloads = new Map<Hash, Download>();

  /** @param onTimeout called for a peer that did not send a block within 150 s, and 75 s for each other peer that was asked for one */
  constructor(private readonly onTimeout: (peer: Peer, hash: Hash) => void) {}

  get(hash: Hash): Download | undefined {
    return this.downloads.get(hash);
  }

  has(hash: Hash): boolean {
    return this.downloads.has(hash);
  }

  countOf(peer: Peer): number {
    return [...this.downloads.values()].filter((one) => one.peer === peer).length;
  }

  /** Whether a block other than this one is in flight. */
  hasOther(hash: Hash): boolean {
    return this.downloads.size > (this.downloads.has(hash) ? 1 : 0);
  }

  begin(peer: Peer, hash: Hash, partial?: PartialBlock): void {
    this.end(hash);
    const others = new Set([...this.downloads.values()].map((one) => one.peer));
    others.delete(peer);
    const ms = BLOCK_INTERVAL_MS * (1 + TIMEOUT_PER_OTHER_PEER * others.size);
    const cancel = peer.link.after(ms, () => this.onTimeout(peer, hash));
    this.downloads.set(hash, { peer, partial, cancel });
  }

  /** @returns whether the block was in flight */
  end(hash: Hash): boolean {
    this.downloads.get(hash)?.cancel();
    return this.downloads.delete(hash);
  }

  /** The peer left. @returns the blocks that nobody fetches now */
  forget(peer: Peer): Hash[] {
    const lost = [...this.downloads].filter(([, one]) => one.peer === peer).map(([hash]) => hash);
    for (const hash of lost) this.end(hash);
    return lost;
  }
}
