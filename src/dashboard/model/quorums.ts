/** The active ChainLock quorums as the page names them. */
import type { StatusReply } from '../../contracts/api.js';
import type { QuorumReport, QuorumState } from '../../contracts/view.js';

/** Names of quorum types, for those that lock chains. Source: Dash Core `llmq/params.h`. */
const NAMES: Readonly<Record<number, string>> = {
  1: 'llmq_50_60',
  2: 'llmq_400_60',
  100: 'llmq_test',
  101: 'llmq_devnet',
};

export function quorumName(type: number): string {
  return NAMES[type] ?? `type ${type}`;
}

/** The one that signs the ChainLock of the next block. */
export function signingOf({ quorums }: QuorumReport): QuorumState | undefined {
  return quorums.find(({ signing }) => signing);
}

/** Connections that are wanted in all: `broadcast.maxPeers`, and beside them those to quorum members, of which there may be fewer. */
export function wantedPeers({ peers, quorums }: Pick<StatusReply, 'peers' | 'quorums'>): number {
  return peers.max + (quorums === undefined ? 0 : Math.min(quorums.wanted, quorums.members));
}
