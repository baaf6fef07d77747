/** Formats sizes, times and foreign text for people. */

import type { BlockFinality } from '../contracts/events.js';
import type { Propagation } from '../contracts/propagation.js';
import { FINALITY_ENDS, PROPAGATION } from '../messages/events.js';
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
}: Pick<BlockFinality, 'state' | 'confirmations' | 'by'>): string {
  if (state === 'orphaned') return fill(FINALITY_ENDS.orphaned, { by: by ?? FINALITY_ENDS.unnamed });
  return fill(FINALITY_ENDS[state], { confirmations });
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
