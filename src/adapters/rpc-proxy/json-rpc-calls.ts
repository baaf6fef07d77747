/**
 * What a JSON-RPC request asks for. All that the proxy needs is the method and, of `submitblock`, the block; whether the request is
 * valid is for dashd to decide, which gets it byte for byte.
 *
 * Strings that are long enough to be a block are cut out first, which native searches do at memory speed; `JSON.parse` reads the rest.
 * The rest is bounded in bytes and strings, because the cost of a JSON value is per item: 8 MiB of `1,` take 700 ms to read. A request
 * beyond the bounds is not looked into. So a call costs at most 20 ms of the event loop, whatever is in it, and 2 ms for a full block.
 */

export interface Call {
  /** As JSON; `null` when the caller gave none, a very long one, or one that is neither text nor number. */
  readonly id: string;
  readonly method?: string;
  /** Of a `submitblock`: the block's bytes, or the text that should have been hex. Absent for a text too short to be a block. */
  readonly block?: Buffer;
}

export type Calls =
  | { readonly kind: 'calls'; readonly isBatch: boolean; readonly calls: readonly Call[] }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'not-json-rpc' };

/** More than anybody batches; a longer batch is not looked into. */
export const MAX_CALLS = 1_000;
/** A header and a count of transactions are 81 bytes. */
const MIN_BLOCK_CHARS = 162;
/** Strings and escaped quotes. A batch of {@link MAX_CALLS} has about ten strings for each call. */
const MAX_QUOTES = 20_000;
/** Of a request without its long strings. */
const MAX_REST_BYTES = 128 * 1024;
/** Of a string that is long enough to be a block and has escapes: the largest block, and a little. */
const MAX_ESCAPED_CHARS = 4_001_000;
const MAX_ESCAPES = 16;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** True when a body might hold a `submitblock`: one without the word, and without a backslash to write it in another way, does not. */
export function maySubmit(body: Buffer): boolean {
  return body.includes('submitblock', 0, 'latin1') || body.includes(BACKSLASH);
}

export function readCalls(body: Buffer): Calls {
  const short = shortened(body);
  if (short === undefined) return { kind: 'too-many' };
  const value = parse(short.text);
  const isBatch = Array.isArray(value);
  // Of a key that is there twice dashd reads the first, we the last: what it would carry out is not what we would see.
  if ((!isBatch && !isObject(value)) || hasRepeatedKey(short.text, value)) return { kind: 'not-json-rpc' };
  const entries: readonly unknown[] = isBatch ? value : [value];
  if (entries.length > MAX_CALLS) return { kind: 'too-many' };
  return { kind: 'calls', isBatch, calls: entries.map((entry) => callIn(entry, short.long)) };
}

interface Shortened {
  readonly text: string;
  /** What stood in the place of each string that now is a NUL and a number: its content, escapes and all. */
  readonly long: readonly Buffer[];
}

/** @returns undefined when there is too much even without the long strings */
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

/** @param value that the text was parsed to: a key that is there twice has left one */
function hasRepeatedKey(text: string, value: unknown): boolean {
  const written = text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
  let kept = 0;
  // Not recursive: 100,000 brackets are short enough to come here.
  for (const open = [value]; open.length > 0; ) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inside: unknown[] = Object.values(next);
    if (!Array.isArray(next)) kept += inside.length;
    for (const one of inside) open.push(one);
  }
  return kept !== written;
}

function callIn(entry: unknown, long: readonly Buffer[]): Call {
  // dashd answers what is no object in a batch with an error that has no id.
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
  // Hex needs no escapes; a line end behind it does.
  const content = written?.includes(BACKSLASH) ? unescaped(written) : written;
  if (content === undefined || content.length < MIN_BLOCK_CHARS) return undefined;
  const raw = Buffer.from(content.toString('latin1'), 'hex');
  return raw.length * 2 === content.length ? raw : content;
}

/** @returns undefined for what is longer, or has more escapes, than a block has any use for: each takes time */
function unescaped(content: Buffer): Buffer | undefined {
  if (content.length > MAX_ESCAPED_CHARS) return undefined;
  let escapes = 0;
  for (let at = content.indexOf(BACKSLASH); at >= 0; at = content.indexOf(BACKSLASH, at + 1)) {
    escapes += 1;
    if (escapes > MAX_ESCAPES) return undefined;
  }
  const text = parse(`"${content.toString('latin1')}"`);
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : undefined;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
