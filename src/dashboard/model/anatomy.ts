/** What a block is made of, in words and shares for the page. */
import type { BlockAnatomy, KindAnatomy, Payee, Share } from '../../contracts/anatomy.js';
import { formatCount, plain, plural } from './format.js';

/** Source: DIP 2 and Dash Core 23.1 `src/primitives/transaction.h`. */
const KINDS = [
  'payment',
  'masternode registration',
  'masternode service update',
  'masternode registrar update',
  'masternode revocation',
  'coinbase',
  'quorum commitment',
  'hard fork signal',
  'asset lock',
  'asset unlock',
] as const;
/** Core 24 brings these; what they are called is not known here. */
const CORE_24 = [10, 11, 12];

export function kindName(type: number): string {
  return KINDS[type] ?? (CORE_24.includes(type) ? `Core 24, type ${type}` : `type ${type}`);
}

/** Why a kind has transactions that the library cannot read. */
export function unreadableNote({ count, unreadable }: KindAnatomy): string | undefined {
  if (unreadable === 0) return undefined;
  return unreadable === count ? 'payload not readable' : `${formatCount(unreadable)} not readable`;
}

export const SHARE_NAMES: Readonly<Record<Share | 'unknown', string>> = {
  miner: 'miner',
  masternode: 'masternode',
  superblock: 'superblock',
  platform: 'Platform',
  unknown: 'share not known',
};

export interface SharePart {
  readonly share: Share | 'unknown';
  /** Duffs. */
  readonly amount: number;
}

const SHARE_ORDER = ['miner', 'masternode', 'platform', 'superblock', 'unknown'] as const;

/** The amounts by share, without those that are nothing. What is paid by outputs that are not listed is of no known share. */
export function sharesOf({ payees, amount = 0 }: NonNullable<BlockAnatomy['coinbase']>): readonly SharePart[] {
  const sums = new Map<SharePart['share'], number>();
  for (const { share = 'unknown', amount: paid = 0 } of payees) sums.set(share, (sums.get(share) ?? 0) + paid);
  const listed = [...sums.values()].reduce((sum, paid) => sum + paid, 0);
  if (amount > listed) sums.set('unknown', (sums.get('unknown') ?? 0) + amount - listed);
  return SHARE_ORDER.map((share) => ({ share, amount: sums.get(share) ?? 0 })).filter((part) => part.amount > 0);
}

/** The largest first; outputs of nothing, which carry data, last. */
export function byAmount(payees: readonly Payee[]): readonly Payee[] {
  return [...payees].sort((a, b) => (b.amount ?? 0) - (a.amount ?? 0));
}

const DUFFS = 100_000_000;

/** An amount in DASH, at least two decimals. @param duffs a whole number */
export function formatDash(duffs: number): string {
  const [whole = '0', decimals = ''] = (duffs / DUFFS).toFixed(8).split('.');
  return `${formatCount(Number(whole))}.${decimals.replace(/0{1,6}$/, '')} DASH`;
}

/** @param rate duffs per byte */
function formatRate(rate: number): string {
  return Number.isInteger(rate) ? formatCount(rate) : rate.toFixed(1);
}

/** What the fees are, in one phrase. */
export function feesText(fees: BlockAnatomy['fees']): string {
  if (fees === undefined) return 'fees not known';
  const { total, lowestRate, meanRate, highestRate } = fees;
  if (meanRate === undefined || total === 0) return `${formatDash(total)} in fees`;
  const range =
    lowestRate === undefined || highestRate === undefined
      ? ''
      : ` (${formatRate(lowestRate)} to ${formatRate(highestRate)})`;
  return `${formatDash(total)} in fees, ${formatRate(meanRate)} duffs per byte on average${range}`;
}

/** The text of a coinbase, which its miner chose. */
export function coinbaseText({ text, script }: NonNullable<BlockAnatomy['coinbase']>): string {
  return text === '' ? `no readable text in ${plural(script.length / 2, 'byte')}` : plain(text);
}
