/**
 * The verdict on a block: a pure reading of its ledger, so that it can be taken at any time and always says the same of the
 * same facts. A buffered write is not success: a peer counts as reached when it acknowledged, accepted or already had the block.
 */
import type { PeerProof, Verdict } from '../events.js';
import { isReached, type Ledger } from './ledger.js';

export interface VerdictRules {
  /** False: a broadcast that reached no peer but the pool's own dashd has failed (`broadcast.fallback`). */
  readonly fallback: boolean;
}

type Judgement = Pick<Verdict, 'outcome' | 'success' | 'reason'>;

export function verdict(ledger: Ledger, rules: VerdictRules): Verdict {
  const peers = [...ledger.peers.values()];
  const reached = peers.filter(isReached);
  const times = reached.flatMap((proof) => proof.acknowledgedMs ?? proof.acceptedMs ?? []).sort((a, b) => a - b);
  return {
    hash: ledger.hash,
    source: ledger.source,
    size: ledger.size,
    ...(ledger.height !== undefined && { height: ledger.height }),
    ...judge(ledger, reached, rules),
    ...(ledger.late !== undefined && { late: ledger.late }),
    ...(ledger.rpc !== undefined && { rpc: ledger.rpc }),
    peersReached: reached.length,
    peersTried: peers.length,
    accepted: count(peers, 'accepted'),
    alreadyHad: count(peers, 'already had'),
    failed: count(peers, 'failed'),
    ...spread(times),
    peers,
  };
}

function judge(ledger: Ledger, reached: readonly PeerProof[], rules: VerdictRules): Judgement {
  const { rpc, source } = ledger;
  const others = reached.filter((proof) => !proof.protected);
  const word = rpc?.reason ?? 'no reason given';
  // A node of the network that has the block in its chain knows better than a dashd that refuses it.
  if (rpc?.outcome === 'rejected' && !others.some(isInChain)) {
    return { outcome: 'rejected', success: false, reason: `dashd rejected it: ${word}` };
  }
  if (others.length > 0) {
    const reason = doubtful(ledger);
    return { outcome: 'delivered', success: true, ...(reason !== undefined && { reason }) };
  }
  const dashdTookIt = rpc?.outcome === 'accepted' || rpc?.outcome === 'duplicate';
  const dashdHasIt = source === 'dashd' || dashdTookIt || reached.length > 0;
  if (!dashdHasIt) return { outcome: 'failed', success: false, reason: nobody(ledger) };
  const reason = "no peer but the pool's own dashd was reached";
  return rules.fallback
    ? { outcome: 'local only', success: true, reason }
    : { outcome: 'failed', success: false, reason: `${reason}, and broadcast.fallback is off` };
}

/** What a delivered block's operator should still know of dashd's answer. */
function doubtful({ rpc }: Ledger): string | undefined {
  switch (rpc?.outcome) {
    case 'rejected':
      return `peers accepted it, but dashd rejected it: ${rpc.reason ?? 'no reason given'}`;
    case 'inconclusive':
      return `dashd has it, but not in its active chain${rpc.reason === undefined ? '' : `: ${rpc.reason}`}`;
    case 'unavailable':
      return `dashd gave no answer: ${rpc.reason ?? 'no reason given'}`;
    default:
      return undefined;
  }
}

function nobody({ rpc, peers }: Ledger): string {
  const dashd = rpc === undefined ? 'dashd gave no answer yet' : `dashd: ${rpc.reason ?? rpc.outcome}`;
  return peers.size === 0 ? `it was sent to no peer; ${dashd}` : `no peer is known to have it; ${dashd}`;
}

/** A peer tells of a block, to us or in answer to us, once it is in its chain. */
function isInChain({ status }: PeerProof): boolean {
  return status === 'accepted' || status === 'already had';
}

function count(peers: readonly PeerProof[], status: PeerProof['status']): number {
  return peers.filter((proof) => proof.status === status).length;
}

/** First, median (the lower of two middle ones) and last of times in ascending order; nothing when there are none. */
function spread(times: readonly number[]): Pick<Verdict, 'firstMs' | 'medianMs' | 'lastMs'> {
  const [first, median, last] = [times[0], times[Math.floor((times.length - 1) / 2)], times.at(-1)];
  if (first === undefined || median === undefined || last === undefined) return {};
  return { firstMs: first, medianMs: median, lastMs: last };
}
