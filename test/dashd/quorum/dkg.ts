/**
 * How far the masternodes are with the distributed key generation (DKG, DIP 6) that makes a quorum, as `quorum dkgstatus` tells. Facts:
 * Dash Core `llmq/params.h`, `llmq/debug.cpp`, `active/dkgsessionhandler.cpp`.
 */
import type { DashdProcess } from '../../../src/simulated/dashd-process.js';
import type { Hash } from '../../../src/wire/reader.js';

/** The quorums that sign ChainLocks on regtest: 3 members, 2 of them sign, 2 quorums are active. */
export const LLMQ_TEST = { type: 100, name: 'llmq_test', size: 3, active: 2 } as const;
/** A DKG starts at each height that this divides. */
export const DKG_INTERVAL = 24;
/** Blocks behind the start of a DKG; the next block may hold the commitment. */
export const COMMITMENT_STAGE = 10;
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
export function isStageDone(statuses: readonly DkgStatus[], base: Hash, stage: number): boolean {
  const phase = Math.floor(stage / PHASE_BLOCKS) + 1;
  const members = statuses.filter((status) => {
    const session = sessionOf(status, base);
    if (session?.phase !== phase) return false;
    if (phase >= PHASE.contribute && session.receivedContributions !== LLMQ_TEST.size) return false;
    if (phase >= PHASE.commit && session.receivedPrematureCommitments !== LLMQ_TEST.size) return false;
    return phase !== PHASE.connect || isConnected(status, base);
  });
  return members.length === LLMQ_TEST.size;
}

function sessionOf({ session = [] }: DkgStatus, base: Hash): Session['status'] | undefined {
  return session.find(({ llmqType, status }) => llmqType === LLMQ_TEST.name && status.quorumHash === base)?.status;
}

function isConnected({ quorumConnections }: DkgStatus, base: Hash): boolean {
  const links = quorumConnections.find(
    ({ llmqType, quorumHash }) => llmqType === LLMQ_TEST.name && quorumHash === base,
  )?.quorumConnections;
  return links?.length === LLMQ_TEST.size - 1 && links.every(({ connected }) => connected);
}

/** Whether a node has a commitment with a key, rather than the empty one of a DKG that failed. */
export async function hasMinableCommitment(node: DashdProcess, base: Hash): Promise<boolean> {
  const { minableCommitments } = await node.rpc<DkgStatus>('quorum', 'dkgstatus');
  return minableCommitments.some(
    ({ llmqType, quorumHash, quorumPublicKey }) =>
      llmqType === LLMQ_TEST.type && quorumHash === base && /[^0]/.test(quorumPublicKey),
  );
}
