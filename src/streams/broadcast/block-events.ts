/** What is emitted of a block: that it was received, each proof that adds something, its verdicts. */
import type { Observable, SchedulerLike } from 'rxjs';
import type { BlockProof, BlockReceived, BlockVerdict } from '../../contracts/events.js';
import { type Ledger, openLedger, toMicroseconds } from '../../delivery/ledger.js';
import { readLookup } from '../../delivery/submission.js';
import { verdict } from '../../delivery/verdict.js';
import { type Clock, type Moment, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import type { Rpc } from '../ports.js';
import type { Flight } from './flight.js';
import type { Arrival } from './gatekeeper.js';
import { race } from './race.js';

export interface BlockEventDeps {
  readonly rpc: Pick<Rpc, 'call'>;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
  /** See VerdictRules. */
  readonly fallback: boolean;
  /** dashd has a block in its chain that it had rejected. */
  readonly inChain: (hash: Hash) => void;
}

/** A verdict waits this long for peers, milliseconds. */
export const VERDICT_DEADLINE_MS = 3 * SECOND_MS;

/** @param unspooled why the block is not on disk */
export function received(arrival: Arrival, unspooled?: string): BlockReceived {
  const { at, block, source, gateMs, doubts, note, late } = arrival;
  const { hash, size, height, transactions } = block;
  return {
    type: 'received',
    at,
    hash,
    source,
    size,
    ...(height !== undefined && { height }),
    ...(transactions !== undefined && { transactions }),
    gateMs: toMicroseconds(gateMs),
    ...(doubts.length > 0 && { held: doubts.map(({ reason }) => reason) }),
    ...(note !== undefined && { note }),
    ...(late && { late: late.code, firstAt: late.firstAt }),
    ...(unspooled !== undefined && { unspooled }),
  };
}

/** The verdict on a block that is not sent, and the reason. */
export function missed(arrival: Arrival, reason: string, now: Moment, fallback: boolean): BlockVerdict {
  const ledger = ledgerOf({ ...arrival, monotonicAt: now.monotonicAt });
  return { type: 'verdict', at: now.at, ...verdict(ledger, { fallback }), reason };
}

/** The proofs and verdicts of a block under way. When peers contradict dashd's rejection, dashd is asked again. */
export function outcome(flight: Flight, deps: BlockEventDeps): Observable<BlockProof | BlockVerdict> {
  const contested = () => void askAgain(flight, deps);
  const rules = { fallback: deps.fallback, deadlineMs: VERDICT_DEADLINE_MS, contested };
  return race(ledgerOf(flight.arrival), flight.entries$, rules, deps);
}

function ledgerOf({ block, source, monotonicAt, late }: Arrival): Ledger {
  const { hash, size, height } = block;
  return openLedger({
    hash,
    source,
    size,
    ...(height !== undefined && { height }),
    ...(late && { late: late.code }),
    monotonicAt,
  });
}

/** Peers in several networks have what dashd rejected: dashd may have the block by now. */
async function askAgain(flight: Flight, { rpc, clock, inChain }: BlockEventDeps): Promise<void> {
  const asked = clock.monotonic();
  const answer = await rpc.call('getblockheader', [flight.hash]);
  const ms = clock.monotonic() - asked;
  const again = { type: 'rpc', again: true } as const;
  switch (readLookup(answer)) {
    case 'active':
      flight.entries$.next({ ...again, result: { outcome: 'accepted', ms } });
      return inChain(flight.hash);
    case 'side-branch':
      return flight.entries$.next({ ...again, result: { outcome: 'inconclusive', reason: 'side-branch', ms } });
    case 'unknown':
      return flight.entries$.next({ ...again, result: { ...flight.rejection, outcome: 'rejected', ms } });
  }
}
