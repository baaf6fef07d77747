/** Labels for the relay's codes, with their meaning and tone. */
import type {
  BlockSource,
  FinalityState,
  PeerProof,
  ProofStatus,
  QuorumRole,
  RpcResult,
  Verdict,
} from '../../contracts/events.js';
import { formatSize, plain, plural } from './format.js';

/** Severity of a label; each has its own icon besides its colour. */
export type Tone = 'good' | 'info' | 'quiet' | 'warn' | 'bad';

export interface Label {
  readonly text: string;
  readonly tone: Tone;
}

/** Where a block came from. */
export const SOURCE_NAMES: Readonly<Record<BlockSource, string>> = {
  pool: 'the pool',
  dashd: 'dashd',
  cluster: 'another relay',
};

export const STATUS_MEANING: readonly (readonly [status: ProofStatus, meaning: string])[] = [
  ['written', 'written to the socket'],
  ['acknowledged', 'the peer has processed it'],
  ['accepted', 'it is in the peer’s chain'],
  ['already-had', 'it had the block from another peer'],
  ['failed', 'no proof arrived'],
];

export function statusLabel({ status, reason }: PeerProof): string {
  if (status === 'failed') return `failed: ${plain(reason ?? 'unknown')}`;
  return status === 'pending' ? 'about to be sent' : status;
}

const OUTCOMES: Readonly<Record<Verdict['outcome'], Tone>> = {
  delivered: 'good',
  'local-only': 'warn',
  rejected: 'bad',
  failed: 'bad',
};

/** The label of a block's outcome. @param verdict absent while the delivery is under way, or when the relay stopped during it */
export function outcomeLabel(verdict: Pick<Verdict, 'outcome'> | undefined, isLive: boolean): Label {
  if (verdict !== undefined) return { text: verdict.outcome, tone: OUTCOMES[verdict.outcome] };
  return isLive ? { text: 'on its way', tone: 'info' } : { text: 'no verdict', tone: 'warn' };
}

const FINALITY: Readonly<Record<FinalityState, Label & { readonly meaning: string }>> = {
  pending: { text: 'not final yet', tone: 'quiet', meaning: 'Neither locked by ChainLocks nor 100 blocks deep yet.' },
  chainlocked: {
    text: 'chainlocked',
    tone: 'good',
    meaning: 'Locked by a quorum of masternodes: it cannot be replaced.',
  },
  buried: { text: 'buried', tone: 'good', meaning: '100 blocks deep: it will not be replaced.' },
  orphaned: { text: 'orphaned', tone: 'bad', meaning: 'Another block has its height: this one earns no reward.' },
};

export function finalityLabel(state: FinalityState): Label & { readonly meaning: string } {
  return FINALITY[state];
}

const RPC: Readonly<Record<RpcResult['outcome'], Label>> = {
  accepted: { text: 'accepted', tone: 'good' },
  duplicate: { text: 'had it already', tone: 'good' },
  inconclusive: { text: 'not in its chain', tone: 'warn' },
  rejected: { text: 'rejected', tone: 'bad' },
  unavailable: { text: 'no answer', tone: 'bad' },
};

export function rpcLabel({ outcome, reason }: RpcResult): Label {
  const { text, tone } = RPC[outcome];
  return { text: reason === undefined ? text : `${text}: ${plain(reason)}`, tone };
}

const ROLE: Readonly<Record<QuorumRole, { readonly letter: string; readonly meaning: string }>> = {
  signer: { letter: 'S', meaning: 'its quorum signs the ChainLock of this block' },
  member: { letter: 'M', meaning: 'a member of another active ChainLock quorum' },
};

export const ROLES = ['signer', 'member'] as const;

export function roleLabel(role: QuorumRole): { readonly letter: string; readonly meaning: string } {
  return ROLE[role];
}

/** How a peer was sent a block. @returns undefined where the relay did not report it */
export function formLabel({
  form,
  bytes,
  roundTrips = 0,
}: PeerProof): { readonly text: string; readonly title: string } | undefined {
  if (form === undefined) return undefined;
  const size = bytes === undefined ? [] : [formatSize(bytes)];
  const trips = roundTrips === 0 ? [] : [`${plural(roundTrips, 'further round trip')} for what the peer lacked`];
  return {
    text: roundTrips === 0 ? form : `${form} +${roundTrips}`,
    title: [form === 'compact' ? 'sent in compact form' : 'sent whole', ...size, ...trips].join(', '),
  };
}
