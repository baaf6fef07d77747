/**
 * What relays of a cluster tell each other over NATS, as schemas, and what a relay shows of it (docs/cluster.md). The messages are an interface
 * between versions of blockcast: fields are added, never renamed.
 */
import { z } from 'zod';
import { BLOCK_SOURCES, OUTCOMES, PROOF_STATUSES, QUORUM_ROLES } from './codes.js';
import { HashText } from './hash.js';

/** More connections than a relay can have: `broadcast.maxPeers` and `quorum.maxPeers` together. */
const MAX_PEERS = 2_600;
const MAX_PEER_CHARS = 80;

const peer = z.string().min(1).max(MAX_PEER_CHARS);
/** Milliseconds. */
const ms = z.number().nonnegative().finite();
const count = z.int().nonnegative();
const at = z.int().nonnegative();

/** Sent by each relay every few seconds: that it is there, and whom it is connected to. */
export const RelayNewsSchema = z.object({
  type: z.literal('relay'),
  /** The chain, as dashd names it, a devnet with its name. */
  network: z.string().max(100),
  version: z.string().max(40),
  at,
  /** When it connected to its server: another time than before says that it may have missed something. */
  since: at.exactOptional(),
  /** `host:port`, and the smallest round trip that was measured, ms; null while it is being connected to. */
  peers: z.array(z.tuple([peer, ms.nullable()])).max(MAX_PEERS),
});

/** A relay's part of a block's race, sent with each verdict. */
export const BlockNewsSchema = z.object({
  type: z.literal('block'),
  network: z.string().max(100),
  hash: HashText,
  height: count.exactOptional(),
  size: count,
  /** How the block came to this relay, and when, by its wall clock. */
  source: z.enum(BLOCK_SOURCES),
  at,
  outcome: z.enum(OUTCOMES),
  reached: count,
  tried: count,
  firstMs: ms.exactOptional(),
  medianMs: ms.exactOptional(),
  lastMs: ms.exactOptional(),
  /** Peer, status, ms from this relay's arrival until it was proven, role. */
  peers: z
    .array(z.tuple([peer, z.enum(PROOF_STATUSES), ms.nullable(), z.enum(QUORUM_ROLES).nullable()]))
    .max(MAX_PEERS),
});

export type RelayNews = z.infer<typeof RelayNewsSchema>;
export type BlockNews = z.infer<typeof BlockNewsSchema>;

/** A relay of the cluster, as the relay that is asked sees it. */
export interface ClusterRelay {
  readonly relay: string;
  /** The relay that is asked. */
  readonly self: boolean;
  readonly version: string;
  /** When it was heard last, ms since the epoch. */
  readonly heardAt: number;
  readonly peers: number;
}

/** A relay's part in the delivery of a block. */
export interface ClusterPart {
  readonly relay: string;
  readonly source: BlockNews['source'];
  /** After the relay that had it first, ms, by the wall clocks of the two. */
  readonly afterMs: number;
  readonly outcome: BlockNews['outcome'];
  readonly reached: number;
  readonly tried: number;
  readonly firstMs?: number;
  readonly medianMs?: number;
  readonly lastMs?: number;
}

/** A block as all relays together delivered it. */
export interface ClusterBlock {
  readonly hash: string;
  readonly height?: number;
  readonly size: number;
  /** When the first relay had it, by that relay's wall clock. */
  readonly foundAt: number;
  /** The best of the relays. */
  readonly outcome: BlockNews['outcome'];
  /** Distinct peers that are proven to have it, of those that some relay tried. */
  readonly reached: number;
  readonly tried: number;
  /** Peers that more than one relay sent it to. */
  readonly sentTwice: number;
  /** The relay that had it first comes first. */
  readonly relays: readonly ClusterPart[];
}

/** The best that is known of the block at one peer. */
export interface ClusterProof {
  readonly peer: string;
  readonly relay: string;
  readonly status: BlockNews['peers'][number][1];
  /** Since the first relay had it. */
  readonly ms?: number;
  readonly role?: (typeof QUORUM_ROLES)[number];
}

export interface ClusterView {
  readonly name: string;
  readonly relay: string;
  report(): ClusterReport;
  /** Newest first. */
  blocks(limit: number): readonly ClusterBlock[];
  race(hash: string): readonly ClusterProof[] | undefined;
}

export interface ClusterReport {
  readonly connected: boolean;
  /** This relay first, the others by name. */
  readonly relays: readonly ClusterRelay[];
  /** Peers that this relay leaves to others. */
  readonly left: number;
  /** Blocks of this relay that no stream has stored yet. */
  readonly unstored: number;
  /** Messages that were dropped since the start: malformed, too large, too many, of another network. */
  readonly dropped: number;
}

/** A stream that the cluster needs. */
export interface StreamPlan {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Only the last message of each subject. */
  readonly lastOnly: boolean;
  /** What comes again with the same id within this time is not stored again, ms. */
  readonly onceWithinMs: number;
}
