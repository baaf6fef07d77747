/**
 * The verdict on a block: a pure function of its ledger, which can be computed at any time and depends on nothing else. A buffered write is
 * not success: a peer counts as reached when it acknowledged, accepted or already had the block.
 */

import type { LateCode, PeerProof, Verdict } from '../contracts/events.js';
import { signersReached } from '../contracts/signers.js';
import { VERDICT } from '../messages/blocks.js';
import { fill } from '../messages/fill.js';
import { isFirmlyWitnessed, isReached, isWitnessed, type Ledger, witnesses } from './ledger.js';

export interface VerdictRules {
  /** False: a broadcast that reached no peer but the pool's own dashd has failed (`broadcast.fallback`). */
  readonly fallback: boolean;
}

type Judgement = Pick<Verdict, 'outcome' | 'success' | 'reason'>;

export function verdict(ledger: Ledger, rules: VerdictRules): Verdict {
  const peers = ledger.peers.values();
  const reached = peers.filter(isReached);
  const late = ledger.late ?? lateness(reached);
  // The time of a late peer shows when it connected, not how fast it is.
  const times = reached
    .flatMap((proof) => (proof.late === true ? [] : (proof.acknowledgedMs ?? proof.acceptedMs ?? [])))
    .sort((a, b) => a - b);
  const signers = signersReached(peers);
  return {
    hash: ledger.hash,
    source: ledger.source,
    size: ledger.size,
    ...(ledger.height !== undefined && { height: ledger.height }),
    ...judge(ledger, reached, rules),
    ...(late !== undefined && { late }),
    ...(ledger.rpc !== undefined && { rpc: ledger.rpc }),
    peersReached: reached.length,
    peersTried: peers.length,
    accepted: count(peers, 'accepted'),
    alreadyHad: count(peers, 'already-had'),
    failed: count(peers, 'failed'),
    ...spread(times),
    ...(signers !== undefined && { signers }),
    peers,
  };
}

/** True when no further proof can change the outcome: the block is delivered, and neither dashd nor peers that hang up can say otherwise. */
export function isFirm(ledger: Ledger, { outcome, rpc }: Verdict): boolean {
  if (outcome !== 'delivered') return false;
  const isDashds = ledger.source === 'dashd' && rpc === undefined;
  if (isDashds || rpc?.outcome === 'accepted' || rpc?.outcome === 'duplicate') return true;
  return isFirmlyWitnessed(ledger);
}

/** True when a firm verdict on a ledger holds for a later one of the same block: since then there were only proofs and further peers. */
export function holdsFor(firm: Ledger, later: Ledger): boolean {
  return later.rpc === firm.rpc && later.askedAgain === firm.askedAgain && later.twins === firm.twins;
}

function judge(ledger: Ledger, reached: readonly PeerProof[], rules: VerdictRules): Judgement {
  const { rpc, source } = ledger;
  const others = reached.filter((proof) => !proof.protected);
  const word = rpc?.reason ?? VERDICT['no-reason'];
  // Peers in several networks with the block in their chain outweigh a dashd that rejected it twice; a single peer may lie.
  if (rpc?.outcome === 'rejected' && !(isWitnessed(ledger) && ledger.askedAgain === true)) {
    return {
      outcome: 'rejected',
      success: false,
      reason: fill(VERDICT.rejected, { reason: word, claims: claims(ledger) }),
    };
  }
  const dashdTookIt = rpc?.outcome === 'accepted' || rpc?.outcome === 'duplicate';
  const hungUp = ledger.peers.values().filter(isHungUp).length;
  // Peers that disconnect after a block give no reason: it may be invalid.
  if (source !== 'dashd' && !dashdTookIt && hungUp > reached.length && !isWitnessed(ledger)) {
    const values = { count: hungUp, tried: ledger.peers.size, reached: reached.length, dashd: dashdSays(ledger) };
    return { outcome: 'failed', success: false, reason: fill(VERDICT['hung-up'], values) };
  }
  if (others.length > 0) {
    const reason = doubtful(ledger);
    return { outcome: 'delivered', success: true, ...(reason !== undefined && { reason }) };
  }
  const dashdHasIt = source === 'dashd' || dashdTookIt || reached.length > 0;
  if (!dashdHasIt) return { outcome: 'failed', success: false, reason: nobody(ledger) };
  return rules.fallback
    ? { outcome: 'local-only', success: true, reason: VERDICT['dashd-only'] }
    : { outcome: 'failed', success: false, reason: VERDICT['fallback-off'] };
}

/** The peers that contradict dashd, when they are too few. */
function claims(ledger: Ledger): string | undefined {
  const { peers, networks } = witnesses(ledger);
  if (peers === 0) return undefined;
  const needed = networks > 1 ? VERDICT['asked-again'] : VERDICT['two-networks'];
  return fill(VERDICT.claims, { count: peers, tried: ledger.peers.size, next: needed });
}

function isHungUp({ status, reason }: PeerProof): boolean {
  return status === 'failed' && (reason === 'closed-by-peer' || reason === 'connection-error');
}

function lateness(reached: readonly PeerProof[]): LateCode | undefined {
  const others = reached.filter((proof) => !proof.protected);
  return others.length > 0 && others.every(({ late }) => late === true) ? 'no-peers' : undefined;
}

/** What the operator should know about dashd's answer although the block was delivered. */
function doubtful({ rpc, peers }: Ledger): string | undefined {
  const rivals = peers.values().filter(({ rival }) => rival !== undefined).length;
  if (rivals > 0) return fill(VERDICT.rivals, { count: rivals, tried: peers.size });
  switch (rpc?.outcome) {
    case 'rejected':
      return fill(VERDICT.contested, { reason: rpc.reason ?? VERDICT['no-reason'] });
    case 'inconclusive':
      return fill(VERDICT['not-active'], { reason: rpc.reason });
    case 'unavailable':
      return fill(VERDICT['no-answer'], { reason: rpc.reason ?? VERDICT['no-reason'] });
    default:
      return undefined;
  }
}

function nobody(ledger: Ledger): string {
  const lacking = ledger.peers.values().filter(({ reason }) => reason === 'not-in-chain').length;
  if (ledger.peers.size === 0) return fill(VERDICT['not-sent'], { dashd: dashdSays(ledger) });
  const tried = ledger.peers.size;
  return fill(VERDICT.unproven, { lacking: lacking || undefined, tried, dashd: dashdSays(ledger) });
}

function dashdSays({ rpc }: Ledger): string {
  return rpc === undefined ? VERDICT['no-answer-yet'] : fill(VERDICT.dashd, { reason: rpc.reason ?? rpc.outcome });
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
