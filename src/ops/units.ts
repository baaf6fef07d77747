/** Formats sizes, times and foreign text for people. */

import type { BlockFinality } from '../contracts/events.js';
import type { LockCount, LocksRelayed } from '../contracts/locks.js';
import type { Propagation } from '../contracts/propagation.js';
import { FINALITY_ENDS, LOCK_ENDS, PROPAGATION } from '../messages/events.js';
import { fill } from '../messages/fill.js';

/** @param bytes a size, in kB of 1000 bytes */
export function formatSize(bytes: number): string {
  return bytes < 1_000 ? `${bytes} B` : `${(bytes / 1_000).toFixed(1)} kB`;
}

/** One decimal below 10 ms, none above. */
export function formatMs(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

/** Foreign text on one line, without control characters that could forge a log line or control a terminal. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** The finality of a block, as the end of a sentence. */
export function describeFinality({
  state,
  confirmations,
  by,
  chainLock,
}: Pick<BlockFinality, 'state' | 'confirmations' | 'by' | 'chainLock'>): string {
  if (state === 'orphaned') return fill(FINALITY_ENDS.orphaned, { by: by ?? FINALITY_ENDS.unnamed });
  return fill(FINALITY_ENDS[state], { confirmations, time: chainLock && formatMs(chainLock.ms) });
}

/** What is known of a block's locks, as the end of a sentence. */
export function describeLocks({ delaying, transactions, unknown, named }: LockCount): string {
  if (unknown !== undefined) return fill(LOCK_ENDS.unknown, { unknown });
  const ids = txidsOf({ delaying, named });
  return fill(LOCK_ENDS[delaying === 0 ? 'clear' : 'delaying'], { delaying, transactions, txids: ids });
}

/** Which transactions delay, as many as are named. */
export function txidsOf({ delaying, named }: Pick<LockCount, 'delaying' | 'named'>): string | undefined {
  if (named.length === 0) return undefined;
  const more = delaying - named.length;
  const ids = named.map(({ txid }) => txid).join(', ');
  return more > 0 ? fill(LOCK_ENDS.more, { txids: ids, more }) : ids;
}

export function describeRelayed({ kind, sent, had, afterMs }: LocksRelayed): string {
  return fill(LOCK_ENDS.relayed, { kind, sent, had, time: formatMs(afterMs) });
}

/** How fast a block reached the witnesses. */
export function describePropagation({ witnesses, seen, medianMs, lastMs }: Omit<Propagation, 'sights'>): string {
  if (medianMs === undefined) return fill(PROPAGATION.few, { seen, witnesses });
  return fill(PROPAGATION.median, {
    witnesses,
    median: formatMs(medianMs),
    seen,
    last: lastMs === undefined ? undefined : formatMs(lastMs),
  });
}
