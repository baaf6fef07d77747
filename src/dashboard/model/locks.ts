/** What delays a ChainLock, and how long it took, in words for the page. */
import type { BlockSummary } from '../../contracts/api.js';
import type { LockCount } from '../../contracts/locks.js';
import { formatAge, formatCount, formatMs, plural } from './format.js';
import type { Label } from './labels.js';

const UNKNOWN: Readonly<Record<NonNullable<LockCount['unknown']>, string>> = {
  'no-answer': 'Not counted: dashd did not answer.',
  'not-supported': 'Not counted: dashd does not tell which transactions are locked.',
  'not-understood': 'Not counted: the answer of dashd was not understood.',
  'instantsend-off': 'InstantSend is off on this network: no signer waits for locks.',
  'too-many': 'Not counted: the mempool has more transactions than are asked about.',
};

/** What a count means for the ChainLock. @param where such as `in this block` @param isOver nobody waits for it any more */
export function lockLabel(count: LockCount, where: string, isOver = false): Label {
  const { delaying, transactions, unchecked, unknown } = count;
  if (unknown !== undefined) return { text: UNKNOWN[unknown], tone: unknown === 'instantsend-off' ? 'good' : 'quiet' };
  if (delaying > 0) {
    const verb = isOver ? 'delayed' : delaying === 1 ? 'delays' : 'delay';
    return {
      text: `${formatCount(delaying)} of ${plural(transactions, 'transaction')} ${where} ${verb} the ChainLock`,
      tone: 'warn',
    };
  }
  if (unchecked > 0) return { text: `Nothing found ${where} that delays the ChainLock`, tone: 'quiet' };
  return { text: `Nothing ${where} ${isOver ? 'delayed' : 'delays'} the ChainLock`, tone: 'good' };
}

/** The parts of a count, those that are none left out. */
export function lockParts({ transactions, locked, aged, unchecked, unknown }: LockCount): readonly string[] {
  if (unknown !== undefined || transactions === 0) return [];
  return [
    `${formatCount(locked)} of ${formatCount(transactions)} InstantSend-locked`,
    ...(aged > 0 ? [`${formatCount(aged)} not locked, but older than 10 minutes`] : []),
    ...(unchecked > 0 ? [`${formatCount(unchecked)} not asked about`] : []),
  ];
}

/** Until when nothing delays any more. @param now of the relay, ms since the epoch */
export function clearText({ clearAt, delaying }: LockCount, now: number): string | undefined {
  if (clearAt === undefined || delaying === 0) return undefined;
  return clearAt <= now
    ? 'All of them are 10 minutes old by now.'
    : `All are 10 minutes old in ${formatAge(clearAt - now)}.`;
}

/** Since when a transaction has been known. */
export function seenText(seenAt: number | undefined, at: number): string {
  return seenAt === undefined ? 'not seen before' : `known ${formatAge(at - seenAt)} before`;
}

export interface Milestone {
  readonly name: string;
  /** Since the block's arrival; absent where it has not been reached, or is not known. */
  readonly ms?: number;
  readonly note?: string;
}

type Timed = Pick<BlockSummary, 'verdict' | 'propagation' | 'finality'>;

/** The way of a block from its arrival to its ChainLock: what was measured of it. */
export function milestonesOf({ verdict, propagation, finality }: Timed): readonly Milestone[] {
  const { firstMs, medianMs, signers } = verdict ?? {};
  const { chainLock } = finality;
  const found: Milestone[] = [
    ...step('first peer', firstMs),
    ...step('half of the peers', medianMs),
    ...step('60 % of the signers', signers?.majorityMs),
    ...step('half of the witnesses', propagation?.medianMs),
  ];
  const tipMs = chainLock?.sinceTipMs === undefined ? undefined : chainLock.ms - chainLock.sinceTipMs;
  found.push(...step('dashd’s tip', tipMs));
  found.sort((a, b) => (a.ms ?? 0) - (b.ms ?? 0));
  const note = chainLock?.seen === 'asked' ? { note: 'or earlier: dashd was asked' } : {};
  return [...found, ...step('ChainLock', chainLock?.ms).map((last) => ({ ...last, ...note }))];
}

function step(name: string, ms: number | undefined): Milestone[] {
  return ms === undefined ? [] : [{ name, ms }];
}

/** How the ChainLock stands. @param now of the relay, ms since the epoch */
export function chainLockLabel({ finality, receivedAt }: BlockSummary, now: number): Label {
  const { state, chainLock } = finality;
  if (chainLock !== undefined) {
    const about = chainLock.seen === 'asked' ? 'within ' : 'in ';
    return { text: `ChainLocked ${about}${formatMs(chainLock.ms)}`, tone: 'good' };
  }
  if (state === 'chainlocked') return { text: 'ChainLocked; when was not seen', tone: 'good' };
  if (state === 'orphaned') return { text: 'orphaned: it has no ChainLock', tone: 'bad' };
  if (state === 'buried') return { text: 'buried without a ChainLock', tone: 'quiet' };
  return { text: `no ChainLock yet, ${formatAge(now - receivedAt)} after its arrival`, tone: 'info' };
}
