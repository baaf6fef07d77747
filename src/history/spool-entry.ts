/**
 * The file format of a block in the spool: one line of JSON with its description, then the raw block. The block passes the gate when it is
 * read again, so the line needs no checksum: a body that changed on disk does not match its merkle root.
 */

import { z } from 'zod';
import { HashText } from '../contracts/hash.js';
import { fill } from '../messages/fill.js';
import { SPOOLED } from '../messages/storage.js';
import type { Hash } from '../wire/reader.js';

const FILE = 'blockcast spooled block';
const VERSION = 1;
/** The line has about 320 bytes; a longer one is invalid. */
export const MAX_HEAD_BYTES = 1_024;
const NEWLINE = 0x0a;

/** The description of a block. */
export interface SpoolEntry {
  readonly hash: Hash;
  readonly previous: Hash;
  /** Absent when it was not known. */
  readonly height?: number;
  /** When it arrived, ms since the epoch. */
  readonly at: number;
  /** Of the block, bytes. */
  readonly size: number;
}

const Marked = z.looseObject({ file: z.literal(FILE), version: z.int() });
const Head = z.object({
  hash: HashText,
  previous: HashText,
  height: z.int().nonnegative().exactOptional(),
  at: z.number(),
  size: z.int().positive(),
});

export type SpoolFaultCode = 'corrupt' | 'newer-version' | 'torn';

export type ParsedEntry =
  | { readonly ok: true; readonly entry: SpoolEntry; readonly headBytes: number }
  | { readonly ok: false; readonly code: SpoolFaultCode; readonly reason: string };

/** The name of the file. A block that arrives again replaces its own file. */
export function fileName(hash: Hash): string {
  return `${hash}.block`;
}

/** @returns undefined for the name of another file */
export function hashOfName(name: string): Hash | undefined {
  return /^([0-9a-f]{64})\.block$/.exec(name)?.[1];
}

export function formatHead({ hash, previous, height, at, size }: SpoolEntry): Buffer {
  const head = { file: FILE, version: VERSION, hash, previous, ...(height !== undefined && { height }), at, size };
  return Buffer.from(`${JSON.stringify(head)}\n`, 'latin1');
}

/**
 * @param start the file's first {@link MAX_HEAD_BYTES}, or all of it when it is shorter
 * @param fileBytes the whole file's size
 */
export function parseEntry(hash: Hash, start: Buffer, fileBytes: number): ParsedEntry {
  const end = start.indexOf(NEWLINE);
  const value = end < 0 ? undefined : parseJson(start.toString('latin1', 0, end));
  const marked = Marked.safeParse(value);
  if (!marked.success) {
    if (fileBytes < MAX_HEAD_BYTES && end < 0)
      return fault('torn', fill(SPOOLED['incomplete-head'], { size: fileBytes }));
    return fault('corrupt', SPOOLED['not-spooled']);
  }
  const { version } = marked.data;
  if (version > VERSION) return fault('newer-version', fill(SPOOLED['other-version'], { version, known: VERSION }));
  const head = Head.safeParse(value);
  if (!head.success) return fault('corrupt', SPOOLED['unreadable-head']);
  if (head.data.hash !== hash) return fault('corrupt', SPOOLED['other-name']);
  const headBytes = end + 1;
  const whole = headBytes + head.data.size;
  if (fileBytes === whole) return { ok: true, entry: head.data, headBytes };
  if (fileBytes < whole) return fault('torn', fill(SPOOLED.incomplete, { size: fileBytes, expected: whole }));
  return fault('corrupt', fill(SPOOLED.surplus, { size: fileBytes - whole }));
}

/** Parents before their children; apart from that, in the order in which they came. */
export function inChainOrder<T extends SpoolEntry>(entries: Iterable<T>): T[] {
  const waiting = new Map([...entries].sort((a, b) => a.at - b.at).map((entry) => [entry.hash, entry]));
  const ordered: T[] = [];
  for (const first of [...waiting.values()]) {
    const branch: T[] = [];
    for (let at: T | undefined = first; at !== undefined && waiting.delete(at.hash); at = waiting.get(at.previous)) {
      branch.push(at);
    }
    ordered.push(...branch.reverse());
  }
  return ordered;
}

function fault(code: SpoolFaultCode, reason: string): ParsedEntry {
  return { ok: false, code, reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
