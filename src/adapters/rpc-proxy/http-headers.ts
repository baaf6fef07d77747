/** Header fields in Node's raw form: names and values alternate, in their original order and case. Source: RFC 9110, 7.6.1. */

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { fill } from '../../messages/fill.js';
import { PROXY } from '../../messages/proxy.js';
import type { ProxyFaultCode } from './throttled-reporter.js';

/** Fields of a connection, not of the forwarded message. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Naming these in `Connection` must not remove them: the body would have no length. */
const NEVER_HOP_BY_HOP: ReadonlySet<string> = new Set(['content-length']);

/**
 * The end-to-end fields, which are forwarded.
 * @param without further names to omit, in lower case
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

/** Limit of header fields; dashd's limit is 8 KiB. */
export const MAX_FIELDS = 100;
/** Fields that must not be repeated: dashd might use another one than the proxy. */
const SINGLE = ['host', 'authorization', 'content-length', 'transfer-encoding', 'content-type'];
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Why a request is rejected: it is ambiguous, so that it might smuggle a second request, or a web page sent it.
 * @param ownName the configured host name of the proxy, valid besides addresses and local names
 */
export function requestFault(
  { method, rawHeaders, socket }: IncomingMessage,
  ownName: string,
): RequestFault | undefined {
  const bad = (detail: string, status = 400): RequestFault => ({ status, code: 'bad-request', detail });
  const foreign = (detail: string): RequestFault => ({ status: 403, code: 'cross-site', detail });
  if (rawHeaders.length >= 2 * MAX_FIELDS) {
    return bad(fill(PROXY['too-many-fields'], { max: MAX_FIELDS }), 431);
  }
  const twice = SINGLE.find((name) => valuesOf(rawHeaders, name).length > 1);
  if (twice !== undefined) return bad(fill(PROXY['field-twice'], { name: twice }));
  const encodings = valuesOf(rawHeaders, 'transfer-encoding');
  if (encodings.some((encoding) => encoding.trim().toLowerCase() !== 'chunked')) return bad(PROXY['not-chunked']);
  if (encodings.length > 0 && hasHeader(rawHeaders, 'content-length')) return bad(PROXY['two-lengths']);
  // dashd answers this with 417 as well.
  if (valuesOf(rawHeaders, 'expect').some((value) => value.trim().toLowerCase() !== '100-continue')) {
    return bad(PROXY['other-expectation'], 417);
  }
  for (const [name, value] of pairs(rawHeaders)) {
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name) || CONTROL.test(value)) return bad(PROXY['malformed-field']);
    if (isBrowsers(name.toLowerCase(), value)) {
      return foreign(PROXY['cross-site']);
    }
  }
  const [host = ''] = valuesOf(rawHeaders, 'host');
  // Browsers always send `Origin` with POST. With other methods a page whose name resolves to this machine (DNS rebinding) could read REST.
  if (method !== 'POST' && isLoopback(socket.localAddress ?? '') && !isOwnName(nameIn(host), ownName)) {
    return foreign(PROXY['foreign-host']);
  }
  return undefined;
}

/** Node's `fetch` also sends `Sec-Fetch-Mode: cors`, but no other such field; browsers send `Sec-Fetch-Site` with it. */
function isBrowsers(name: string, value: string): boolean {
  return name === 'origin' || (name.startsWith('sec-fetch-') && !(name === 'sec-fetch-mode' && value === 'cors'));
}

/** Control characters except the tab. A lenient parser leaves them in a value, and the line end of a folded one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it must match
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

/** Names in the public DNS contain a dot. A request without `Host` does not come from a browser. */
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
