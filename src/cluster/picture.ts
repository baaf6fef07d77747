/**
 * The relays' records of blocks, merged: one entry for each block, however many relays have it, and however often one of them says so. A
 * relay's later record of a block replaces its earlier one.
 */
import { BoundedMap } from '../common/bounded.js';
import type { BlockNews, ClusterBlock, ClusterPart, ClusterProof } from '../contracts/cluster.js';

/** With 3 relays and 400 peers each, some 40 MB. */
const MAX_BLOCKS = 200;
/** Relays that may have a record of one block. */
const MAX_RELAYS = 32;

type Status = BlockNews['peers'][number][1];

/** Each proves more than the one before. */
const RANK: Readonly<Record<Status, number>> = {
  pending: 0,
  failed: 1,
  written: 2,
  'already-had': 3,
  acknowledged: 4,
  accepted: 5,
};
const OUTCOME_RANK: Readonly<Record<BlockNews['outcome'], number>> = {
  failed: 0,
  rejected: 1,
  'local-only': 2,
  delivered: 3,
};

export class Pictures {
  private readonly blocks = new BoundedMap<string, ReadonlyMap<string, BlockNews>>(MAX_BLOCKS);

  get size(): number {
    return this.blocks.size;
  }

  has(hash: string): boolean {
    return this.blocks.has(hash);
  }

  /** @param relay whose record it is @returns false when it was known */
  note(relay: string, news: BlockNews): boolean {
    const before = this.blocks.get(news.hash) ?? new Map<string, BlockNews>();
    const same = before.get(relay);
    if (same !== undefined && JSON.stringify(same) === JSON.stringify(news)) return false;
    if (same === undefined && before.size >= MAX_RELAYS) return false;
    this.blocks.set(news.hash, new Map([...before, [relay, news]]));
    return true;
  }

  /** By when the first relay had them, newest first. */
  latest(limit: number): readonly ClusterBlock[] {
    return [...this.blocks.values()]
      .map(pictureOf)
      .sort((a, b) => b.foundAt - a.foundAt)
      .slice(0, limit);
  }

  get(hash: string): ClusterBlock | undefined {
    const parts = this.blocks.get(hash);
    return parts && pictureOf(parts);
  }

  /** Each peer once, the first that had it first. */
  race(hash: string): readonly ClusterProof[] | undefined {
    const parts = this.blocks.get(hash);
    if (parts === undefined) return undefined;
    return [...best(parts).values()].sort(
      (a, b) => (a.ms ?? Number.POSITIVE_INFINITY) - (b.ms ?? Number.POSITIVE_INFINITY) || (a.peer < b.peer ? -1 : 1),
    );
  }
}

/** A block's time is that of the relay to which the pool pushed it, or else of the first. */
function originOf(parts: ReadonlyMap<string, BlockNews>): number {
  const all = [...parts.values()];
  const pushed = all.filter(({ source }) => source === 'pool');
  return Math.min(...(pushed.length > 0 ? pushed : all).map(({ at }) => at));
}

function pictureOf(parts: ReadonlyMap<string, BlockNews>): ClusterBlock {
  const foundAt = originOf(parts);
  const relays = [...parts].map(([relay, news]) => partOf(relay, news, foundAt));
  relays.sort(
    (a, b) =>
      Number(b.source === 'pool') - Number(a.source === 'pool') ||
      a.afterMs - b.afterMs ||
      (a.relay < b.relay ? -1 : 1),
  );
  const all = [...parts.values()];
  const proofs = [...best(parts).values()];
  const height = all.find((news) => news.height !== undefined)?.height;
  const [first] = all;
  return {
    hash: first?.hash ?? '',
    ...(height !== undefined && { height }),
    size: first?.size ?? 0,
    foundAt,
    outcome: all.map(({ outcome }) => outcome).reduce((a, b) => (OUTCOME_RANK[b] > OUTCOME_RANK[a] ? b : a), 'failed'),
    reached: proofs.filter(({ status }) => RANK[status] >= RANK['already-had']).length,
    tried: proofs.length,
    sentTwice: sentTwice(all),
    relays,
  };
}

function partOf(relay: string, news: BlockNews, foundAt: number): ClusterPart {
  const { source, at, outcome, reached, tried, firstMs, medianMs, lastMs } = news;
  return {
    relay,
    source,
    afterMs: Math.max(0, at - foundAt),
    outcome,
    reached,
    tried,
    ...(firstMs !== undefined && { firstMs }),
    ...(medianMs !== undefined && { medianMs }),
    ...(lastMs !== undefined && { lastMs }),
  };
}

/** Peers that more than one relay wrote the block to. */
function sentTwice(parts: readonly BlockNews[]): number {
  const counts = new Map<string, number>();
  for (const { peers } of parts)
    for (const [peer, status] of peers)
      if (status !== 'already-had' && status !== 'pending') counts.set(peer, (counts.get(peer) ?? 0) + 1);
  return [...counts.values()].filter((count) => count > 1).length;
}

/** Of each peer the record that proves most, and of those the earliest. */
function best(parts: ReadonlyMap<string, BlockNews>): Map<string, ClusterProof> {
  const foundAt = originOf(parts);
  const proofs = new Map<string, ClusterProof>();
  for (const [relay, { at, peers }] of parts) {
    for (const [peer, status, ms, role] of peers) {
      const proof: ClusterProof = {
        peer,
        relay,
        status,
        ...(ms !== null && { ms: Math.max(0, at - foundAt) + ms }),
        ...(role !== null && { role }),
      };
      const before = proofs.get(peer);
      if (before === undefined || isBetter(proof, before)) proofs.set(peer, proof);
    }
  }
  return proofs;
}

function isBetter(a: ClusterProof, b: ClusterProof): boolean {
  const ranks = RANK[a.status] - RANK[b.status];
  return ranks > 0 || (ranks === 0 && (a.ms ?? Number.POSITIVE_INFINITY) < (b.ms ?? Number.POSITIVE_INFINITY));
}
