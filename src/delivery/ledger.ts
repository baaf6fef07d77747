/**
 * The proofs of one block, by peer. A status never goes back to a weaker one, so entries may come late, twice or out of order. (A peer that
 * turns out to be the same node as another is removed.) Pure: `record(ledger, entry)` returns the next ledger, and verdict.ts reads it.
 */
import type {
  BlockSource,
  BlockWay,
  LateCode,
  PeerProof,
  ProofStatus,
  QuorumRole,
  RpcResult,
} from '../contracts/events.js';
import type { Hash } from '../wire/reader.js';
import { ProofTable } from './proof-table.js';

export interface Ledger {
  readonly hash: Hash;
  readonly source: BlockSource;
  readonly size: number;
  readonly height?: number;
  /** Why the block is sent later than it was found. */
  readonly late?: LateCode;
  /** When the block arrived, ms on the monotonic clock; all times in the ledger count from here. */
  readonly monotonicAt: number;
  readonly peers: ProofTable;
  /** The number of peers whose status may still change. */
  readonly open: number;
  /** The number of peers that were removed, since they are the same node as another. */
  readonly twins: number;
  /** The network group of each peer: one owner is likely to control a whole group. */
  readonly groups: ReadonlyMap<string, string>;
  readonly rpc?: RpcResult;
  /** dashd, which had rejected the block, was asked again because peers have it. */
  readonly askedAgain?: true;
}

/** A peer that is being sent the block. */
export interface Tried {
  readonly peer: string;
  readonly protected: boolean;
  /** What it is for the block. */
  readonly role?: QuorumRole;
  /** Its network group; its own key if absent. */
  readonly group?: string;
  /** Later than the others. */
  readonly late?: true;
}

export type Entry =
  /** These peers are being sent the block. */
  | { readonly type: 'tried'; readonly peers: readonly Tried[] }
  | {
      readonly type: 'proof';
      readonly peer: string;
      readonly stage: Exclude<ProofStatus, 'pending'>;
      /** Milliseconds on the monotonic clock. */
      readonly monotonicAt: number;
      readonly reason?: string;
      readonly rival?: Hash;
      /** What was sent of the block so far. */
      readonly way?: BlockWay;
    }
  /** The peer is the same node as another one, under another address. */
  | { readonly type: 'twin'; readonly peer: string }
  /** `again`: asked again because peers have a block that dashd rejected. */
  | { readonly type: 'rpc'; readonly result: RpcResult; readonly again?: true };

/** The order of statuses: a failure replaces a mere write, and any proof replaces a failure. */
const RANK: Readonly<Record<ProofStatus, number>> = {
  pending: 0,
  written: 1,
  failed: 2,
  'already-had': 3,
  acknowledged: 4,
  accepted: 5,
};

export function openLedger(block: Omit<Ledger, 'peers' | 'open' | 'twins' | 'groups' | 'rpc' | 'askedAgain'>): Ledger {
  return { ...block, peers: ProofTable.EMPTY, open: 0, twins: 0, groups: new Map() };
}

export function record(ledger: Ledger, entry: Entry): Ledger {
  switch (entry.type) {
    case 'tried': {
      const peers = ledger.peers.add(newcomers(ledger, entry.peers));
      return {
        ...ledger,
        peers,
        open: peers.values().filter(isOpen).length,
        groups: new Map([...ledger.groups, ...entry.peers.map(({ peer, group = peer }) => [peer, group] as const)]),
      };
    }
    case 'proof': {
      const known = ledger.peers.get(entry.peer);
      if (known === undefined) return ledger;
      const proof = prove(known, entry, toMicroseconds(entry.monotonicAt - ledger.monotonicAt));
      if (proof === known) return ledger;
      const open = ledger.open - Number(isOpen(known)) + Number(isOpen(proof));
      return { ...ledger, peers: ledger.peers.replace(proof), open };
    }
    case 'twin': {
      const known = ledger.peers.get(entry.peer);
      if (known === undefined) return ledger;
      const open = ledger.open - Number(isOpen(known));
      return { ...ledger, peers: ledger.peers.remove(entry.peer), open, twins: ledger.twins + 1 };
    }
    case 'rpc':
      return {
        ...ledger,
        rpc: { ...entry.result, ms: toMicroseconds(entry.result.ms) },
        ...(entry.again === true && { askedAgain: true }),
      };
  }
}

/** True when the peer is proven to have the block, by our push or otherwise. */
export function isReached(proof: PeerProof): boolean {
  return RANK[proof.status] >= RANK['already-had'];
}

/** True when no further change is expected: every peer has a final status, and for a block of the pool dashd has given its final answer. */
export function isSettled(ledger: Ledger): boolean {
  const { source, rpc } = ledger;
  if (source !== 'dashd' && (rpc === undefined || rpc.outcome === 'unavailable')) return false;
  return ledger.open === 0;
}

/** A block that is not in a peer's chain may be added a moment later: its parent may be on the way. */
function isOpen({ status, reason }: PeerProof): boolean {
  return RANK[status] < RANK.failed || status === 'acknowledged' || reason === 'not-in-chain';
}

/** The number of peers, except the pool's own dashd, whose chain has the block, and of their network groups. */
export function witnesses(
  { peers, groups }: Ledger,
  counts = isInChain,
): { readonly peers: number; readonly networks: number } {
  const found = peers.values().filter((proof) => !proof.protected && counts(proof));
  return { peers: found.length, networks: new Set(found.map(({ peer }) => groups.get(peer) ?? peer)).size };
}

/** One peer may be wrong, or lie, and one owner may have many peers in one network. */
const WITNESS_NETWORKS = 2;

/** True when peers contradict a dashd that rejected the block, and it is to be asked again. */
export function isContested(ledger: Ledger): boolean {
  return ledger.rpc?.outcome === 'rejected' && ledger.askedAgain !== true && isWitnessed(ledger);
}

/** True when enough peers have the block in their chain to outweigh dashd's rejection. */
export function isWitnessed(ledger: Ledger): boolean {
  return witnesses(ledger).networks >= WITNESS_NETWORKS;
}

/** As {@link isWitnessed}, by peers whose status can change no more. */
export function isFirmlyWitnessed(ledger: Ledger): boolean {
  return witnesses(ledger, ({ status }) => status === 'accepted').networks >= WITNESS_NETWORKS;
}

/** A peer announces a block, or returns its header, once the block is in its chain. */
function isInChain({ status }: PeerProof): boolean {
  return status === 'accepted' || status === 'already-had';
}

/** A peer that failed before is tried again on its new connection; any other entry stays. */
function newcomers(ledger: Ledger, peers: readonly Tried[]): PeerProof[] {
  return peers
    .filter(({ peer }) => (ledger.peers.get(peer)?.status ?? 'failed') === 'failed')
    .map(({ peer, protected: isProtected, role, late }) => ({
      peer,
      protected: isProtected,
      ...(role !== undefined && { role }),
      status: 'pending',
      ...(late === true && { late }),
    }));
}

function prove(known: PeerProof, entry: Extract<Entry, { type: 'proof' }>, ms: number): PeerProof {
  if (RANK[entry.stage] <= RANK[known.status]) return known;
  const { reason: _outdated, rival: _overtaken, ...before } = known;
  const kept = { ...before, ...entry.way };
  switch (entry.stage) {
    case 'written':
      return { ...kept, status: 'written', writtenMs: ms };
    case 'acknowledged':
      return {
        ...kept,
        status: 'acknowledged',
        acknowledgedMs: ms,
        ...(entry.rival !== undefined && { rival: entry.rival }),
      };
    case 'accepted':
      return { ...kept, status: 'accepted', acceptedMs: ms };
    case 'already-had':
      return { ...kept, status: 'already-had' };
    case 'failed':
      return { ...kept, status: 'failed', reason: entry.reason ?? 'unknown' };
  }
}

/** Milliseconds with three decimals, the resolution of the clock. */
export function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
