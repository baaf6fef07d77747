/**
 * One notion of a host for the whole program: configuration, peer book, sources and adapters read hosts here and nowhere else.
 *
 * A host is a name, an IPv4 address in four decimal parts, an IPv6 address (RFC 5952, with a zone where one is given) or an
 * onion address of version 3. It is kept in one canonical spelling, so that equal hosts are equal strings, but for the dot at
 * the end of an absolute name: a resolver needs that dot to leave its search list alone. {@link hostKey} compares without it.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import ipaddr from 'ipaddr.js';

/** `name` is a host name: only an operator may give one, gossip never does. */
export type HostFamily = 'ipv4' | 'ipv6' | 'onion' | 'name';

export interface Host {
  /** Canonical: dotted quad, RFC 5952 IPv6 without brackets, lower-case name in ASCII. */
  readonly text: string;
  readonly family: HostFamily;
}

/** RFC 1035: 255 octets on the wire are 253 characters without the last dot. */
const MAX_NAME = 253;
/** Underscores are no part of RFC 1123's host names, but of those that container networks give (`dash_core`). */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
const ONION_V3 = /^[a-z2-7]{55}d\.onion$/;
/** A last label like this makes a name an IPv4 address in disguise (`127.1`, `0x7f.1`), which resolvers read as they please. */
const NUMERIC = /^(0x[0-9a-f]*|\d+)$/;
/** The name or number of an interface; Linux allows 15 characters. */
const ZONE = /^[a-z0-9_.-]{1,15}$/i;

/**
 * Reads a host in any of its spellings: an IPv6 address with or without brackets, a name in any case, with a dot at its end, or
 * internationalised (it becomes its `xn--` form). IPv4 mapped into IPv6 becomes IPv4.
 * @returns undefined for what is none, an onion address older than version 3, and a name that a resolver could take for an address
 */
export function parseHost(text: string): Host | undefined {
  const bracketed = /^\[(.*)\]$/s.exec(text)?.[1];
  if (bracketed !== undefined) return parseIpv6(bracketed);
  if (text.includes(':')) return parseIpv6(text);
  return isIPv4(text) ? { text, family: 'ipv4' } : parseName(text);
}

function parseIpv6(text: string): Host | undefined {
  if (!isIPv6(text)) return undefined;
  const [address = '', zone] = text.split('%');
  const ip = ipaddr.IPv6.parse(address);
  if (zone === undefined) {
    if (ip.isIPv4MappedAddress()) return { text: ip.toIPv4Address().toString(), family: 'ipv4' };
    return { text: ip.toRFC5952String(), family: 'ipv6' };
  }
  if (!ZONE.test(zone) || ip.isIPv4MappedAddress()) return undefined;
  return { text: `${ip.toRFC5952String()}%${zone}`, family: 'ipv6' };
}

function parseName(text: string): Host | undefined {
  const name = toAscii(text);
  const relative = withoutDot(name);
  const labels = relative.split('.');
  if (relative.length > MAX_NAME || !labels.every((label) => LABEL.test(label))) return undefined;
  if (NUMERIC.test(labels.at(-1) ?? '')) return undefined;
  if (labels.at(-1) !== 'onion') return { text: name, family: 'name' };
  return ONION_V3.test(relative) ? { text: relative, family: 'onion' } : undefined;
}

/** Node's conversion stops at the first character that cannot be in a host (`a/b` is `a`): a name with one is left, to be refused. */
function toAscii(text: string): string {
  return /[^\x21-\x7e]/.test(text) && !/[^a-z0-9._\-\u0080-\u{10ffff}]/iu.test(text)
    ? domainToASCII(text)
    : text.toLowerCase();
}

/** What two spellings of one host have in common. @param host canonical */
export function hostKey(host: string): string {
  return withoutDot(host);
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/**
 * An address that only this machine can reach: 127.0.0.0/8, ::1, or the name localhost. Any other name is none, whatever it
 * resolves to now: who answers for it may change his mind.
 * @param host in any spelling
 */
export function isLoopback(host: string): boolean {
  const parsed = parseHost(host);
  if (parsed === undefined || parsed.family === 'onion') return false;
  if (parsed.family === 'name') return hostKey(parsed.text) === 'localhost';
  return parsed.text === '::1' || (parsed.family === 'ipv4' && parsed.text.startsWith('127.'));
}

/** `0.0.0.0`, `::` or `*`: every interface. @param host canonical */
export function isWildcard(host: string): boolean {
  return host === '*' || host === '0.0.0.0' || host === '::';
}

/** Where a client on this machine connects to reach what listens there: every interface includes the loopback. @param host canonical */
export function connectableHost(host: string): string {
  if (!isWildcard(host)) return host;
  return host === '::' ? '::1' : '127.0.0.1';
}

/** As it stands before `:port`, and in a URL. @param host canonical */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
