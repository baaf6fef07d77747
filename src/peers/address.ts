import ipaddr from 'ipaddr.js';
import { type HostFamily, hostKey, parseHost } from '../address/host.js';
import { formatHostPort, parseHostPort } from '../address/host-port.js';
import { NETWORKS, type NetworkName } from '../wire/network.js';

/** The identity of a peer: `host:port` in canonical form, IPv6 in brackets. All spellings of an endpoint give one key. */
export type PeerKey = string;

export type AddressFamily = HostFamily;

export interface PeerAddress {
  /** Canonical, as {@link parseHost} has it, and to be dialled as it is: an absolute name has its dot. */
  readonly host: string;
  readonly port: number;
  readonly family: AddressFamily;
}

/**
 * Reads a host and a port. IPv4 mapped into IPv6 becomes IPv4, so that one node has one key.
 * @returns undefined when either is malformed, or the host is an onion address older than version 3
 */
export function toAddress(host: string, port: number): PeerAddress | undefined {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const parsed = parseHost(host);
  return parsed && { host: parsed.text, port, family: parsed.family };
}

/**
 * Reads `host:port`, `[ipv6]:port`.
 * @param defaultPort where a port may be left out, as it may in what an operator typed
 * @returns undefined when it is neither, or there is no port
 */
export function parseAddress(text: string, defaultPort = 0): PeerAddress | undefined {
  const parsed = parseHostPort(text);
  return parsed.ok ? toAddress(parsed.host, parsed.port ?? defaultPort) : undefined;
}

/** The canonical key of an address. */
export function keyOf({ host, port }: Pick<PeerAddress, 'host' | 'port'>): PeerKey {
  return formatHostPort({ host: hostKey(host), port });
}

/**
 * The network group of an address, which one owner is likely to control: /16 for IPv4, /32 for IPv6,
 * and one for all onions, since these cost nothing to create. Tunnelled IPv6 (6to4, Teredo, NAT64, SIIT) counts as the IPv4
 * network it leads to, or one IPv4 host would own many groups. Source: Core `netgroup.cpp`.
 */
export function networkGroup(address: PeerAddress): string {
  switch (address.family) {
    case 'ipv4':
      return ipv4Group(ipaddr.IPv4.parse(address.host).octets);
    case 'ipv6':
      return ipv6Group(parseIpv6(address.host));
    case 'onion':
      return 'onion';
    case 'name':
      return `name:${hostKey(address.host)}`;
  }
}

function ipv4Group(octets: readonly (number | undefined)[]): string {
  return `${octets[0]}.${octets[1]}.0.0/16`;
}

/** A zone names an interface, not a host. */
function parseIpv6(host: string): ipaddr.IPv6 {
  return ipaddr.IPv6.parse(host.split('%', 1)[0] ?? '');
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

/** True on networks that run on one machine or in a LAN, where local addresses are normal. */
export function isLocalNetwork(network: NetworkName): boolean {
  return network === 'regtest' || network === 'devnet';
}

/**
 * Whether an announced address may enter the book. As Core's `CNetAddr::IsRoutable`, and stricter: multicast and
 * reserved space are refused too, since nothing there answers TCP. On regtest and devnet loopback and private addresses pass.
 * A host name is never routable: its owner can change what it resolves to.
 */
export function isRoutable(address: PeerAddress, network: NetworkName): boolean {
  if (address.family === 'name') return false;
  if (address.family === 'onion') return true;
  const ip = address.family === 'ipv4' ? ipaddr.IPv4.parse(address.host) : parseIpv6(address.host);
  const range: string = ip.range();
  return PUBLIC_RANGES.has(range) || (isLocalNetwork(network) && LOCAL_RANGES.has(range));
}

/** Ports of other services, to which a hostile `addr` could direct our connections. Source: Core `netbase.cpp`, `IsBadPort`. */
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
