/**
 * The only parser of hosts: configuration, peer database, peer sources and adapters use it.
 *
 * A host is a name, an IPv4 address in four decimal parts, an IPv6 address (RFC 5952, optionally with a zone) or an onion address of
 * version 3. It has one canonical form, so that equal hosts are equal strings. The exception is the final dot of an absolute name,
 * which is kept because it disables a resolver's search list; {@link hostKey} removes it for comparison.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import ipaddr from 'ipaddr.js';

/** `name` is a host name; only the configuration may contain one, gossip does not. */
export type HostFamily = 'ipv4' | 'ipv6' | 'onion' | 'name';

export interface Host {
  /** Canonical: dotted quad, RFC 5952 IPv6 without brackets, lower-case name in ASCII. */
  readonly text: string;
  readonly family: HostFamily;
}

/** RFC 1035: 255 octets on the wire are 253 characters without the final dot. */
const MAX_NAME = 253;
/** RFC 1123 has no underscores in host names, but container networks use them (`dash_core`). */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
const ONION_V3 = /^[a-z2-7]{55}d\.onion$/;
/** With such a last label, some resolvers read a name as an IPv4 address (`127.1`, `0x7f.1`). */
const NUMERIC = /^(0x[0-9a-f]*|\d+)$/;
/** The name or index of an interface; Linux allows 15 characters. */
const ZONE = /^[a-z0-9_.-]{1,15}$/i;

/**
 * Parses a host: an IPv6 address with or without brackets, a name in any case, with or without a final dot, or internationalised
 * (converted to its `xn--` form). An IPv4-mapped IPv6 address becomes IPv4.
 * @returns undefined for any other text, for onion addresses before version 3, and for names that a resolver could read as an address
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

/** Node's conversion stops at the first character that is invalid in a host (`a/b` becomes `a`); such a name is left as it is and rejected later. */
function toAscii(text: string): string {
  return /[^\x21-\x7e]/.test(text) && !/[^a-z0-9._\-\u0080-\u{10ffff}]/iu.test(text)
    ? domainToASCII(text)
    : text.toLowerCase();
}

/** A comparison key, equal for all spellings of one host. @param host canonical */
export function hostKey(host: string): string {
  return withoutDot(host);
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/**
 * Whether only this machine can reach the host: 127.0.0.0/8, ::1, or the name localhost. Other names do not count, since what they
 * resolve to may change.
 * @param host in any spelling
 */
export function isLoopback(host: string): boolean {
  const parsed = parseHost(host);
  if (parsed === undefined || parsed.family === 'onion') return false;
  if (parsed.family === 'name') return hostKey(parsed.text) === 'localhost';
  return parsed.text === '::1' || (parsed.family === 'ipv4' && parsed.text.startsWith('127.'));
}

/** Whether only Tor knows the host, in any spelling and version. No resolver may be asked about it. */
export function isOnion(host: string): boolean {
  return withoutDot(host).toLowerCase().endsWith('.onion');
}

/** Of this machine or of a private network: what a direct connection to it does not show to others. Names do not count. */
const INSIDE: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'unspecified']);

/** Whether the host is an address of this machine or of a private network (RFC 1918, RFC 4193, RFC 3927). @param host in any spelling */
export function isInside(host: string): boolean {
  const parsed = parseHost(host);
  if (parsed?.family === 'ipv4') return INSIDE.has(ipaddr.IPv4.parse(parsed.text).range());
  return parsed?.family === 'ipv6' && INSIDE.has(ipaddr.IPv6.parse(parsed.text.split('%', 1)[0] ?? '').range());
}

/** Whether the host means all interfaces: `0.0.0.0`, `::` or `*`. @param host canonical */
export function isWildcard(host: string): boolean {
  return host === '*' || host === '0.0.0.0' || host === '::';
}

/** The host at which a local client reaches a listener: a wildcard becomes the loopback address. @param host canonical */
export function connectableHost(host: string): string {
  if (!isWildcard(host)) return host;
  return host === '::' ? '::1' : '127.0.0.1';
}

/** The form in front of `:port` and in a URL: IPv6 in brackets. @param host canonical */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
