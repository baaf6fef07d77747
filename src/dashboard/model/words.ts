/** What the relay's terms are called on the page, and what they mean. */
import type { FinalityState, PeerProof, ProofStatus, RpcResult, Verdict } from '../../contracts/events.js';
import { plain } from './format.js';

/** How grave something is; each has its own sign besides its colour. */
export type Tone = 'good' | 'info' | 'quiet' | 'warn' | 'bad';

export interface Word {
  readonly text: string;
  readonly tone: Tone;
}

export const STATUS_MEANING: readonly (readonly [status: ProofStatus, meaning: string])[] = [
  ['written', 'handed to the network'],
  ['acknowledged', 'the peer has processed it'],
  ['accepted', 'it is in the peer’s chain'],
  ['already-had', 'it had the block from elsewhere'],
  ['failed', 'no proof came'],
];

export function statusWord({ status, reason }: PeerProof): string {
  if (status === 'failed') return `failed: ${plain(reason ?? 'unknown')}`;
  return status === 'pending' ? 'about to be sent' : status;
}

const OUTCOMES: Readonly<Record<Verdict['outcome'], Tone>> = {
  delivered: 'good',
  'local-only': 'warn',
  rejected: 'bad',
  failed: 'bad',
};

/** A block's outcome. @param verdict absent while it is on its way, or was when the relay last stopped */
export function outcomeWord(verdict: Pick<Verdict, 'outcome'> | undefined, isLive: boolean): Word {
  if (verdict !== undefined) return { text: verdict.outcome, tone: OUTCOMES[verdict.outcome] };
  return isLive ? { text: 'on its way', tone: 'info' } : { text: 'no verdict', tone: 'warn' };
}

const FINALITY: Readonly<Record<FinalityState, Word & { readonly meaning: string }>> = {
  pending: { text: 'not final yet', tone: 'quiet', meaning: 'Neither locked by ChainLocks nor 100 blocks deep yet.' },
  chainlocked: {
    text: 'chainlocked',
    tone: 'good',
    meaning: 'Locked by a quorum of masternodes: it cannot be replaced.',
  },
  buried: { text: 'buried', tone: 'good', meaning: '100 blocks deep: it will not be replaced.' },
  orphaned: { text: 'orphaned', tone: 'bad', meaning: 'Another block stands at its height: this one earns nothing.' },
};

export function finalityWord(state: FinalityState): Word & { readonly meaning: string } {
  return FINALITY[state];
}

const RPC: Readonly<Record<RpcResult['outcome'], Word>> = {
  accepted: { text: 'accepted', tone: 'good' },
  duplicate: { text: 'had it already', tone: 'good' },
  inconclusive: { text: 'not in its chain', tone: 'warn' },
  rejected: { text: 'rejected', tone: 'bad' },
  unavailable: { text: 'no answer', tone: 'bad' },
};

export function rpcWord({ outcome, reason }: RpcResult): Word {
  const { text, tone } = RPC[outcome];
  return { text: reason === undefined ? text : `${text}: ${plain(reason)}`, tone };
}
