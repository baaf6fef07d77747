/** Labels for the relay's codes, with their meaning and tone. */
import type { FinalityState, PeerProof, ProofStatus, RpcResult, Verdict } from '../../contracts/events.js';
import { plain } from './format.js';

/** Severity of a label; each has its own icon besides its colour. */
export type Tone = 'good' | 'info' | 'quiet' | 'warn' | 'bad';

export interface Label {
  readonly text: string;
  readonly tone: Tone;
}

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
