/**
 * How far the masternodes are with the distributed key generation (DKG, DIP 6) that makes a quorum, as `quorum dkgstatus` tells. Facts:
 * Dash Core `llmq/params.h`, `llmq/debug.cpp`, `active/dkgsessionhandler.cpp`.
 */
import type { DashdProcess } from '../../../src/simulated/dashd-process.js';
import type { Hash } from '../../../src/wire/reader.js';

export interface QuorumKind {
  readonly type: number;
  readonly name: string;
  readonly size: number;
  /** How many are active. */
  readonly active: number;
  /** How many one cycle makes, each begun a block after the one before: several with rotation (DIP 24). */
  readonly perCycle: number;
  /** Blocks behind the start of a cycle from which on a block may hold a commitment. */
  readonly mining: number;
}

/** The quorums that sign ChainLocks on regtest; 2 of 3 members have to sign. */
export const LLMQ_TEST: QuorumKind = { type: 100, name: 'llmq_test', size: 3, active: 2, perCycle: 1, mining: 10 };
/** Those of InstantSend: each cycle replaces a quarter of their members, so the first three cycles make none. */
export const LLMQ_TEST_DIP0024: QuorumKind = {
  type: 103,
  name: 'llmq_test_dip0024',
  size: 4,
  active: 2,
  perCycle: 2,
  mining: 12,
};
/** A cycle starts at each height that this divides. */
export const DKG_INTERVAL = 24;
/** Blocks behind the start of a DKG when its members have sent all they send. */
export const LAST_STAGE = 10;
const PHASE_BLOCKS = 2;
const PHASE = { connect: 1, contribute: 2, commit: 5 } as const;

interface Session {
  readonly llmqType: string;
  readonly status: {
    readonly quorumHash?: Hash;
    readonly phase?: number;
    readonly receivedContributions?: number;
    readonly receivedPrematureCommitments?: number;
  };
}

interface Links {
  readonly llmqType: string;
  readonly quorumHash?: Hash;
  readonly quorumConnections?: readonly { readonly connected: boolean }[];
}

interface Commitment {
  readonly llmqType: number;
  readonly quorumHash: Hash;
  readonly quorumPublicKey: string;
}

export interface DkgStatus {
  readonly session?: readonly Session[];
  readonly quorumConnections: readonly Links[];
  readonly minableCommitments: readonly Commitment[];
}

/** Whether all members have done what is due at a stage of the quorum that began at `base`. @param stage blocks behind `base` */
export function isStageDone(kind: QuorumKind, statuses: readonly DkgStatus[], base: Hash, stage: number): boolean {
  const phase = Math.floor(stage / PHASE_BLOCKS) + 1;
  const members = statuses.filter((status) => {
    const session = sessionOf(kind, status, base);
    if (session?.phase !== phase) return false;
    if (phase >= PHASE.contribute && session.receivedContributions !== kind.size) return false;
    if (phase >= PHASE.commit && session.receivedPrematureCommitments !== kind.size) return false;
    return phase !== PHASE.connect || isConnected(kind, status, base);
  });
  return members.length === kind.size;
}

function sessionOf({ name }: QuorumKind, { session = [] }: DkgStatus, base: Hash): Session['status'] | undefined {
  return session.find(({ llmqType, status }) => llmqType === name && status.quorumHash === base)?.status;
}

function isConnected({ name, size }: QuorumKind, { quorumConnections }: DkgStatus, base: Hash): boolean {
  const links = quorumConnections.find(
    ({ llmqType, quorumHash }) => llmqType === name && quorumHash === base,
  )?.quorumConnections;
  return links?.length === size - 1 && links.every(({ connected }) => connected);
}

/** Whether a quorum is in the chain, or a node has a commitment of it with a key, rather than the empty one of a DKG that failed. */
export async function isCommitted({ type, name }: QuorumKind, node: DashdProcess, base: Hash): Promise<boolean> {
  const mined = await node.rpc<Record<string, Hash[]>>('quorum', 'list');
  if (mined[name]?.includes(base) === true) return true;
  const { minableCommitments } = await node.rpc<DkgStatus>('quorum', 'dkgstatus');
  return minableCommitments.some(
    ({ llmqType, quorumHash, quorumPublicKey }) =>
      llmqType === type && quorumHash === base && /[^0]/.test(quorumPublicKey),
  );
}
