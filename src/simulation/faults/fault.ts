/** The faults and blocks of a run, as plain data: what `plan.ts` draws from a seed, and `inject.ts` carries out. */
import type { Micros } from '../engine.js';

export const FAULT_KINDS = [
  // The relay's process. `relay-kill`: files keep what was written; `power-loss`: they keep what was synced.
  // `relay-freeze`: it stands still, as under SIGSTOP or on a machine that sleeps.
  'relay-kill',
  'power-loss',
  'relay-restart',
  'relay-freeze',
  // Paths that lose everything, so that neither end learns of it.
  'cut-dashd',
  'cut-peers',
  'cut-all',
  'cut-among-peers',
  // The pool's own dashd.
  'dashd-restart',
  'dashd-kill',
  'dashd-hangs',
  'dashd-warms-up',
  'dashd-rejects',
  'feed-loses',
  // One peer.
  'peer-restart',
  'peer-silent',
  'peer-dies-mid-block',
  'peer-floods',
  'peer-stuck',
  'peer-never-reads',
  'peer-lies',
  'peer-slow',
  // The machine of the relay.
  'clock-jump',
  'disk-full',
  'disk-fails',
  'disk-slow',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What a fault befalls. Two faults of one victim never overlap. */
export type Victim = 'relay' | 'paths' | 'dashd' | 'clock' | 'disk' | `peer ${number}`;

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly from: Micros;
  /** When it ends: the process runs again, the path is open, the clock is right. Later than `from`. */
  readonly until: Micros;
  readonly victim: Victim;
  /** The peers concerned, from 0; empty when it is not about peers. */
  readonly peers: readonly number[];
  /** Of `clock-jump`: added to the relay's wall clock, milliseconds; 0 for all others. */
  readonly clockMs: number;
}

export const BLOCK_KINDS = [
  // Found by the pool: one; two on top of each other, pushed in the same instant; two on the same parent.
  'single',
  'pair',
  'siblings',
  // Found by the pool on the tip's parent: the chain is past it.
  'stale',
  // The pool pushes its last block again.
  'repeat',
  // Found by a node of the network, alone or at about the time at which the pool finds one on the same parent.
  'network',
  'rival',
] as const;
export type BlockKind = (typeof BLOCK_KINDS)[number];

export interface PlannedBlock {
  readonly kind: BlockKind;
  readonly at: Micros;
  /** Bytes of each block. */
  readonly size: number;
  /** Of `rival`: by how much the network's block is later than the pool's; negative when it is first. */
  readonly lead: Micros;
  /** The node that finds the network's block: a peer, from 0. */
  readonly finder: number;
}

export interface FaultPlan {
  readonly seed: number;
  /** By `from`. */
  readonly faults: readonly PlannedFault[];
  /** By `at`. */
  readonly blocks: readonly PlannedBlock[];
}
