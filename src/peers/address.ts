import ipaddr from 'ipaddr.js';
import { NETWORKS, type NetworkName } from '../wire/network.js';

/** A peer's name everywhere: `host:port` in canonical form, IPv6 in brackets. Two spellings of one endpoint give one key. */
export type PeerKey = string;

/** `name` is a host name: only an operator may give one, gossip never does. */
export type AddressFamily = 'ipv4' | 'ipv6' | 'onion' | 'name';

export interface PeerAddress {
  /** Canonical: dotted quad, RFC 5952 IPv6 without brackets, lower-case name. */
  readonly host: string;
  readonly port: number;
  readonly family: AddressFamily;
}

const ONION_V3 = /^[a-z2-7]{55}d\.onion$/;
const HOST_NAME = /^(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*$/;
/** A last label like this makes a name an IPv4 address in disguise (`127.1`, `0x7f.1`), which resolvers read as they please. */
const NUMERIC_LAST_LABEL = /(^|\.)(0x[0-9a-f]*|\d+)$/;

/**
 * Reads a host and a port. IPv4 mapped into IPv6 becomes IPv4, so that one node has one key.
 * @param host without brackets around IPv6
 * @returns undefined when either is malformed, or the host has a zone or is an onion address older than version 3
 */
export function toAddress(host: string, port: number): PeerAddress | undefined {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const text = host.toLowerCase();
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return { host: text, port, family: 'ipv4' };
  if (text.includes(':')) return fromIpv6(text, port);
  if (text.endsWith('.onion')) return ONION_V3.test(text) ? { host: text, port, family: 'onion' } : undefined;
  if (HOST_NAME.test(text) && !NUMERIC_LAST_LABEL.test(text)) return { host: text, port, family: 'name' };
  return undefined;
}

function fromIpv6(text: string, port: number): PeerAddress | undefined {
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const ip = ipaddr.IPv6.parse(text);
  if (ip.isIPv4MappedAddress()) return { host: ip.toIPv4Address().toString(), port, family: 'ipv4' };
  return { host: ip.toRFC5952String(), port, family: 'ipv6' };
}

/**
 * Reads `host:port`, `[ipv6]:port`.
 * @param defaultPort where a port may be left out, as it may in what an operator typed
 * @returns undefined when it is neither, or there is no port
 */
export function parseAddress(text: string, defaultPort = 0): PeerAddress | undefined {
  const bare = toAddress(text.trim().replace(/^\[(.*:.*)\]$/, '$1'), defaultPort);
  if (bare !== undefined) return bare;
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const [, bracketed, plain, port] = match;
  const address = toAddress(bracketed ?? plain ?? '', Number(port));
  if (bracketed !== undefined && !bracketed.includes(':')) return undefined;
  return address;
}

/** The canonical key of an address. */
export function keyOf(address: PeerAddress): PeerKey {
  return address.family === 'ipv6' ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/**
 * The part of the network an address belongs to, as far as one owner is likely to hold all of it: /16 for IPv4, /32 for IPv6,
 * and one for all onions, since those cost nothing to make. Tunnelled IPv6 (6to4, Teredo, NAT64, SIIT) counts as the IPv4
 * network it leads to, or one IPv4 host would own many groups. Source: Core `netgroup.cpp`.
 */
export function networkGroup(address: PeerAddress): string {
  switch (address.family) {
    case 'ipv4':
      return ipv4Group(ipaddr.IPv4.parse(address.host).octets);
    case 'ipv6':
      return ipv6Group(ipaddr.IPv6.parse(address.host));
    case 'onion':
      return 'onion';
    case 'name':
      return `name:${address.host}`;
  }
}

function ipv4Group(octets: readonly (number | undefined)[]): string {
  return `${octets[0]}.${octets[1]}.0.0/16`;
}

function ipv6Group(ip: ipaddr.IPv6): string {
  const bytes = ip.toByteArray();
  switch (ip.range()) {
    case 'rfc6145':
    case 'rfc6052':
      return ipv4Group(bytes.slice(12));
    case '6to4':
      return ipv4Group(bytes.slice(2));
    case 'teredo':
      return ipv4Group(bytes.slice(12).map((byte) => byte ^ 0xff));
    default:
      return `${ip.parts[0]?.toString(16)}:${ip.parts[1]?.toString(16)}::/32`;
  }
}

const PUBLIC_RANGES: ReadonlySet<string> = new Set(['unicast', '6to4', 'teredo', 'rfc6052', 'rfc6145']);
const LOCAL_RANGES: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal']);

/** True on the networks people run on one machine or a LAN, where local addresses are the normal ones. */
export function isLocalNetwork(network: NetworkName): boolean {
  return network === 'regtest' || network === 'devnet';
}

/**
 * Whether a stranger's word for this address is worth keeping. As Core's `CNetAddr::IsRoutable`, and stricter: multicast and
 * reserved space are refused too, since nothing there answers TCP. On regtest and devnet loopback and private addresses pass.
 * A host name is never routable: what it means is decided by somebody else, later.
 */
export function isRoutable(address: PeerAddress, network: NetworkName): boolean {
  if (address.family === 'name') return false;
  if (address.family === 'onion') return true;
  const ip = address.family === 'ipv4' ? ipaddr.IPv4.parse(address.host) : ipaddr.IPv6.parse(address.host);
  const range: string = ip.range();
  return PUBLIC_RANGES.has(range) || (isLocalNetwork(network) && LOCAL_RANGES.has(range));
}

/** Ports of other services, which a hostile `addr` could turn our dials against. Source: Core `netbase.cpp`, `IsBadPort`. */
const FOREIGN_SERVICE_PORTS: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 8332, 8333, 10_080,
  18_332, 18_333,
]);
const PRIVILEGED_PORTS = 1_023;

/** `standard`: the network's own. `foreign`: another service's, never dialled on hearsay. `other`: neither. */
export function portStanding(port: number, network: NetworkName): 'standard' | 'other' | 'foreign' {
  if (port === NETWORKS[network].p2pPort) return 'standard';
  if (port <= PRIVILEGED_PORTS || FOREIGN_SERVICE_PORTS.has(port)) return 'foreign';
  return network !== 'mainnet' && port === NETWORKS.mainnet.p2pPort ? 'foreign' : 'other';
}
