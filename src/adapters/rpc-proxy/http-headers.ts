/** Header fields as Node gives and takes them raw: names and values in turn, in their order and case. Source: RFC 9110, 7.6.1. */

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { ProxyFaultCode } from './throttled-reporter.js';

/** Of one connection, not of the message that passes over it. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Whoever names it in `Connection` would have the body's length taken away. */
const NEVER_HOP_BY_HOP: ReadonlySet<string> = new Set(['content-length']);

/**
 * The fields that go on to the next connection.
 * @param without further names to leave out, in lower case
 */
export function endToEnd(raw: readonly string[], ...without: readonly string[]): string[] {
  const named = valuesOf(raw, 'connection').flatMap((value) =>
    value.split(',').map((name) => name.trim().toLowerCase()),
  );
  const left = new Set([...HOP_BY_HOP, ...named.filter((name) => !NEVER_HOP_BY_HOP.has(name)), ...without]);
  const kept: string[] = [];
  for (const [name, value] of pairs(raw)) if (!left.has(name.toLowerCase())) kept.push(name, value);
  return kept;
}

export function hasHeader(raw: readonly string[], name: string): boolean {
  return valuesOf(raw, name).length > 0;
}

/** @param wanted in lower case */
export function valuesOf(raw: readonly string[], wanted: string): string[] {
  return [...pairs(raw)].filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

function* pairs(raw: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at] ?? '', raw[at + 1] ?? ''];
}

export interface RequestFault {
  readonly status: number;
  readonly code: ProxyFaultCode;
  readonly detail: string;
}

/** As many header fields as are read; dashd reads 8 KiB of them. */
export const MAX_FIELDS = 100;
/** Fields by which requests are told apart, and callers: with two of them, dashd might heed another than we do. */
const SINGLE = ['host', 'authorization', 'content-length', 'transfer-encoding', 'content-type'];
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Why a request goes no further, dashd included: it can be read in two ways, by which a second request might be smuggled past us, or
 * a web page sent it.
 * @param ownName by which callers may call the proxy, beside addresses and names of this machine
 */
export function requestFault(
  { method, rawHeaders, socket }: IncomingMessage,
  ownName: string,
): RequestFault | undefined {
  const bad = (detail: string): RequestFault => ({ status: 400, code: 'bad-request', detail });
  const foreign = (detail: string): RequestFault => ({ status: 403, code: 'cross-site', detail });
  if (rawHeaders.length >= 2 * MAX_FIELDS) {
    return { status: 431, code: 'bad-request', detail: `a request with ${MAX_FIELDS} header fields or more` };
  }
  const twice = SINGLE.find((name) => valuesOf(rawHeaders, name).length > 1);
  if (twice !== undefined) return bad(`a request with two header fields named ${twice}`);
  const [encoding] = valuesOf(rawHeaders, 'transfer-encoding');
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'chunked') {
    return bad('a request whose transfer encoding is not just "chunked"');
  }
  if (encoding !== undefined && hasHeader(rawHeaders, 'content-length')) {
    return bad('a request with both a length and a transfer encoding');
  }
  for (const [name, value] of pairs(rawHeaders)) {
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name) || CONTROL.test(value))
      return bad('a request with a malformed header field');
    if (isBrowsers(name.toLowerCase(), value)) {
      return foreign('a request that a web page sent (it has Origin or Sec-Fetch headers)');
    }
  }
  const [host = ''] = valuesOf(rawHeaders, 'host');
  // With a POST browsers send `Origin` always; without one, a page that has pointed its own name here (DNS rebinding) could read REST.
  if (method !== 'POST' && isLoopback(socket.localAddress ?? '') && !isOwnName(nameIn(host), ownName)) {
    return foreign("a request for a name that is not this machine's: set proxy.host to the name that the pool calls");
  }
  return undefined;
}

/** Node's `fetch` sends `Sec-Fetch-Mode: cors`, too, but nothing else of the kind; browsers send `Sec-Fetch-Site` with it. */
function isBrowsers(name: string, value: string): boolean {
  return name === 'origin' || (name.startsWith('sec-fetch-') && !(name === 'sec-fetch-mode' && value === 'cors'));
}

/** All but the tab. An indulgent parser leaves them in a value, as it does the line end of a folded one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

/** All names in the public DNS have a dot. Without a `Host` field, no browser sent the request. */
function isOwnName(name: string, ownName: string): boolean {
  return !name.includes('.') || isIP(name) !== 0 || name === ownName.toLowerCase() || name.endsWith('.localhost');
}

/** The name or address in a `Host` field, in lower case, without brackets and the last dot. */
function nameIn(host: string): string {
  const name = /^\s*(?:\[([^\]]*)\]|([^:]*?)\.?)(?::\d*)?\s*$/.exec(host);
  return (name?.[1] ?? name?.[2] ?? host).toLowerCase();
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '');
  const family = isIP(plain);
  return family !== 0 && LOOPBACK.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}
