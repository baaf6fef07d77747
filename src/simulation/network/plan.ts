/** A network as plain data, drawn from a seed: what is the same for all contenders of a run. */
import type { Micros } from '../engine.js';

/** Index in the list of nodes. */
export type NodeId = number;

export interface NodePlan {
  readonly kind: 'masternode' | 'other';
  /** Index in the latency table's list of regions. */
  readonly region: number;
  readonly accessMs: number;
  /** Bytes per second. */
  readonly up: number;
  readonly down: number;
  /** Time for the same work, relative to the median node. */
  readonly cpu: number;
  /** An offline node has no connections, and does not sign. */
  readonly online: boolean;
  /** Whether it accepts connections from others. */
  readonly listens: boolean;
  /** IPv4, for the peer book: nodes of one hosting company share their network group. */
  readonly ip: string;
  /** Inbound connections of light clients and others that do not relay blocks. */
  readonly foreignInbound: number;
}

export interface EdgePlan {
  /** The one that dialled. */
  readonly from: NodeId;
  readonly to: NodeId;
  readonly blockRelayOnly: boolean;
}

/** An active quorum of the network's ChainLock type. */
export interface QuorumPlan {
  /** In internal byte order. */
  readonly hash: Uint8Array;
  readonly members: readonly NodeId[];
}

export interface NetworkPlan {
  readonly nodes: readonly NodePlan[];
  readonly edges: readonly EdgePlan[];
  readonly quorums: readonly QuorumPlan[];
  /** The pool's own dashd. The relay is on its host. */
  readonly dashd: NodeId;
  /** Nodes at which other pools find their blocks. */
  readonly miners: readonly NodeId[];
}

/** When each node connected a block, by node; −1: never. */
export type ArrivalTimes = readonly Micros[];
