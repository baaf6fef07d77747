/**
 * Reads the calls in a JSON-RPC request: the method and, of `submitblock`, the block. dashd gets the request unchanged and decides whether it
 * is valid.
 *
 * Strings long enough to be a block are cut out first, by native searches at memory speed; `JSON.parse` reads the rest. The rest is limited
 * in bytes and strings, because the cost of JSON is per value: 8 MiB of `1,` take 700 ms. Requests beyond the limits are not inspected. A
 * request takes at most 20 ms of the event loop, and 2 ms with a full block.
 */

import { bytesOfHex } from '../../common/hex.js';

export interface Call {
  /** As JSON; `null` when it is missing, very long, or neither a string nor a number. */
  readonly id: string;
  readonly method?: string;
  /** Of a `submitblock`: the block's bytes, or the text when it is not hex. Absent when it is too short for a block. */
  readonly block?: Buffer;
}

export type Calls =
  | { readonly kind: 'calls'; readonly isBatch: boolean; readonly calls: readonly Call[] }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'not-json-rpc' };

/** Longer batches are not inspected. */
export const MAX_CALLS = 1_000;
/** Hex digits of a header and a transaction count, 81 bytes. */
const MIN_BLOCK_CHARS = 162;
/** Strings and escaped quotes. A batch of {@link MAX_CALLS} has about ten strings for each call. */
const MAX_QUOTES = 20_000;
/** Size of a request without its long strings, bytes. */
const MAX_REST_BYTES = 128 * 1024;
/** Size of a long string with escapes: the largest block, with some margin. */
const MAX_ESCAPED_CHARS = 4_001_000;
const MAX_ESCAPES = 16;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** Of `\n` and of `\u000a`. */
const ESCAPE_CHARS = 2;
const UNICODE_ESCAPE_CHARS = 6;

/** False when a body cannot contain a `submitblock`: it has neither the word nor a backslash to escape it. */
export function maySubmit(body: Buffer): boolean {
  return body.includes('submitblock', 0, 'latin1') || body.includes(BACKSLASH);
}

export function readCalls(body: Buffer): Calls {
  const short = shortened(body);
  if (short === undefined) return { kind: 'too-many' };
  const value = parse(short.text);
  const isBatch = Array.isArray(value);
  // Of a repeated key dashd uses the first value and JSON.parse the last: they would see different calls.
  if ((!isBatch && !isObject(value)) || hasRepeatedKey(short.text, value)) return { kind: 'not-json-rpc' };
  const entries: readonly unknown[] = isBatch ? value : [value];
  if (entries.length > MAX_CALLS) return { kind: 'too-many' };
  return { kind: 'calls', isBatch, calls: entries.map((entry) => callIn(entry, short.long)) };
}

interface Shortened {
  readonly text: string;
  /** The content of the strings that were replaced by NUL and their index, with escapes. */
  readonly long: readonly Buffer[];
}

/** @returns undefined when the request exceeds the limits even without its long strings */
function shortened(body: Buffer): Shortened | undefined {
  const parts: string[] = [];
  const long: Buffer[] = [];
  let quotes = 0;
  let rest = body.length;
  let copied = 0;
  for (let open = body.indexOf(QUOTE); open >= 0; ) {
    let close = body.indexOf(QUOTE, open + 1);
    quotes += 1;
    while (close >= 0 && isEscaped(body, close, open) && quotes <= MAX_QUOTES) {
      close = body.indexOf(QUOTE, close + 1);
      quotes += 1;
    }
    if (quotes > MAX_QUOTES) return undefined;
    if (close < 0) break;
    const length = close - open - 1;
    if (length >= MIN_BLOCK_CHARS) {
      parts.push(body.toString('utf8', copied, open + 1), `\\u0000${long.length}`);
      long.push(body.subarray(open + 1, close));
      copied = close;
      rest -= length;
    }
    open = body.indexOf(QUOTE, close + 1);
  }
  if (rest > MAX_REST_BYTES) return undefined;
  parts.push(body.toString('utf8', copied));
  return { text: parts.join(''), long };
}

/** Whether an odd number of backslashes stands before a quote. */
function isEscaped(body: Buffer, quote: number, open: number): boolean {
  let first = quote;
  while (first - 1 > open && body[first - 1] === BACKSLASH) first -= 1;
  return (quote - first) % 2 === 1;
}

/** `undefined`, which JSON cannot express, stands for text that is not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Compares the number of keys in the text with that of the parsed value. @param value the parsed text */
function hasRepeatedKey(text: string, value: unknown): boolean {
  const written = text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
  let kept = 0;
  // Not recursive: 100,000 nested brackets are within the limits.
  for (const open = [value]; open.length > 0; ) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inside: unknown[] = Object.values(next);
    if (!Array.isArray(next)) kept += inside.length;
    for (const one of inside) if (typeof one === 'object') open.push(one);
  }
  return kept !== written;
}

function callIn(entry: unknown, long: readonly Buffer[]): Call {
  // dashd answers an entry of a batch that is not an object with an error without id.
  if (!isObject(entry)) return { id: 'null' };
  const { id, method, params } = entry;
  const block = method === 'submitblock' ? blockIn(params, long) : undefined;
  return {
    id: isScalar(id) && !String(id).startsWith('\0') ? JSON.stringify(id) : 'null',
    ...(typeof method === 'string' && { method }),
    ...(block !== undefined && { block }),
  };
}

/** By position or by name (`hexdata`, or `args` for what is given by position). Source: Core `rpc/server.cpp`, `rpc/mining.cpp`. */
function blockIn(params: unknown, long: readonly Buffer[]): Buffer | undefined {
  const named = isObject(params) ? (params['hexdata'] ?? params['args']) : params;
  const first: unknown = Array.isArray(named) ? named[0] : named;
  if (typeof first !== 'string' || !first.startsWith('\0')) return undefined;
  const written = long[Number(first.slice(1))];
  // Hex needs no escapes, but a line end after it does.
  const content = written?.includes(BACKSLASH) ? unescaped(written) : written;
  if (content === undefined || content.length < MIN_BLOCK_CHARS) return undefined;
  const raw = bytesOfHex(content);
  return raw.length * 2 === content.length ? raw : content;
}

/** Only the escapes are parsed: bytes between them are taken as they are. @returns undefined for a string that is too long, or has too many escapes, for a block */
function unescaped(content: Buffer): Buffer | undefined {
  if (content.length > MAX_ESCAPED_CHARS) return undefined;
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = content.indexOf(BACKSLASH); at >= 0; at = content.indexOf(BACKSLASH, from)) {
    const length = content[at + 1] === LETTER_U ? UNICODE_ESCAPE_CHARS : ESCAPE_CHARS;
    const text = parse(`"${content.toString('latin1', at, at + length)}"`);
    if (typeof text !== 'string' || parts.length >= 2 * MAX_ESCAPES) return undefined;
    parts.push(content.subarray(from, at), Buffer.from(text, 'latin1'));
    from = at + length;
  }
  return Buffer.concat([...parts, content.subarray(from)]);
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
