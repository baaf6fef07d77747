/** Relays' messages as bytes, and what a relay says of a block in one. Blocks themselves are raw bytes, for the gate to judge. */
import type { z } from 'zod';
import { type BlockNews, BlockNewsSchema, type RelayNews, RelayNewsSchema } from '../contracts/cluster.js';
import type { BlockVerdict, PeerProof } from '../contracts/events.js';
import { reachedMs } from '../contracts/signers.js';

/** Of a message that is no block: news of 2,600 peers take 150 KB. Parsed in 2 ms. */
export const MAX_NEWS_BYTES = 256 * 1024;
/** The server's `max_payload` has to be this at least: a block of 2,000,000 bytes, and its headers. */
export const MIN_PAYLOAD_BYTES = 2_010_000;

export function encodeNews(news: RelayNews | BlockNews): Buffer {
  return Buffer.from(JSON.stringify(news));
}

/** @returns undefined for what is no such message */
export function decodeRelayNews(bytes: Buffer): RelayNews | undefined {
  return decode(bytes, RelayNewsSchema);
}

export function decodeBlockNews(bytes: Buffer): BlockNews | undefined {
  return decode(bytes, BlockNewsSchema);
}

function decode<T>(bytes: Buffer, schema: z.ZodType<T>): T | undefined {
  if (bytes.length > MAX_NEWS_BYTES) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString());
  } catch {
    // No JSON: the caller counts it.
    return undefined;
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}

/** @param at when the block came to this relay @param network see {@link RelayNews} */
export function newsOf(verdict: BlockVerdict, at: number, network: string): BlockNews {
  const { hash, height, size, source, outcome, peersReached, peersTried, firstMs, medianMs, lastMs, peers } = verdict;
  return {
    type: 'block',
    network,
    hash,
    ...(height !== undefined && { height }),
    size,
    source,
    at,
    outcome,
    reached: peersReached,
    tried: peersTried,
    ...(firstMs !== undefined && { firstMs }),
    ...(medianMs !== undefined && { medianMs }),
    ...(lastMs !== undefined && { lastMs }),
    peers: peers.filter((proof) => !proof.protected).map(partOf),
  };
}

function partOf(proof: PeerProof): BlockNews['peers'][number] {
  return [proof.peer, proof.status, reachedMs(proof) ?? null, proof.role ?? null];
}
