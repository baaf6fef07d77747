/**
 * The file format of the history: a header line, then one block event per line, as in docs/events.md. Lines are never changed: a later line
 * about a block amends the earlier ones.
 */

import type { BlockFinality, BlockReceived, BlockVerdict } from '../contracts/events.js';
import type { BlockLocks } from '../contracts/locks.js';
import type { BlockPropagation } from '../contracts/propagation.js';
import { parseBlockEvent } from '../delivery/block-event.js';
import { fill } from '../messages/fill.js';
import { HISTORY_FILE } from '../messages/storage.js';

/** The events that are kept. */
export type HistoryLine = BlockReceived | BlockVerdict | BlockPropagation | BlockFinality | BlockLocks;

const FILE = 'blockcast block history';
const VERSION = 1;

/** The first line. */
export const HEADER = `${JSON.stringify({ file: FILE, version: VERSION })}\n`;

/** A chunk has this length or up to one line more: well under a millisecond of work. */
const CHUNK_CHARS = 32_768;

/** @returns undefined when the file can be read, else why it cannot */
export function headerFault(line: string): string | undefined {
  const header = parseJson(line);
  if (typeof header !== 'object' || header === null || !('file' in header) || header.file !== FILE) {
    return HISTORY_FILE['not-a-history'];
  }
  if ('version' in header && header.version === VERSION) return undefined;
  return fill(HISTORY_FILE['other-version'], {
    version: 'version' in header ? String(header.version) : '?',
    known: VERSION,
  });
}

/** @returns undefined for an invalid line */
export function parseLine(line: string): HistoryLine | undefined {
  const event = parseBlockEvent(line);
  return event !== undefined && isHistoryLine(event) ? event : undefined;
}

const KEPT: ReadonlySet<string> = new Set<HistoryLine['type']>([
  'received',
  'verdict',
  'propagation',
  'finality',
  'locks',
]);

export function isHistoryLine(event: { readonly type: string }): event is HistoryLine {
  return KEPT.has(event.type);
}

export function formatLine(line: HistoryLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** A whole file in chunks; the caller may yield between two chunks. */
export function* formatFile(lines: Iterable<HistoryLine>): Generator<string, void> {
  let chunk = HEADER;
  for (const line of lines) {
    chunk += formatLine(line);
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
