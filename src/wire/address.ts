import ipaddr from 'ipaddr.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** An address in `version`: 26 bytes, IP only. */
export interface NetAddress {
  readonly services: bigint;
  /** An IPv4 address as a dotted quad, or an IPv6 address in the form of RFC 5952. */
  readonly host: string;
  readonly port: number;
}

const V4_MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
const UNSPECIFIED = Buffer.alloc(16);

export function isV4Mapped(ip: Uint8Array): boolean {
  return V4_MAPPED.equals(ip.subarray(0, V4_MAPPED.length));
}

/** The text of a 4- or 16-byte IP address; an IPv4-mapped IPv6 address becomes IPv4. */
export function ipText(ip: Uint8Array): string {
  // Formatted here because a thousand addresses come at once: the library takes 14 ms for them before it is optimised.
  return ip.length === 16 && !isV4Mapped(ip) ? ipv6Text(ip) : ip.subarray(-4).join('.');
}

/** In the form of RFC 5952: lower case, no leading zeros, `::` for the first of the longest runs of two or more zero groups. */
function ipv6Text(ip: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((ip[at * 2] ?? 0) << 8) | (ip[at * 2 + 1] ?? 0));
  const { from, to } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  return from === to ? hex.join(':') : `${hex.slice(0, from).join(':')}::${hex.slice(to).join(':')}`;
}

/** The first of the longest runs of two or more zeros, as a half-open range; empty when there is none. */
function longestZeros(groups: readonly number[]): { from: number; to: number } {
  let longest = { from: 0, to: 0 };
  let from = 0;
  groups.forEach((group, at) => {
    if (group !== 0) from = at + 1;
    else if (at > from && at + 1 - from > longest.to - longest.from) longest = { from, to: at + 1 };
  });
  return longest;
}

/**
 * Parses an IP address into 4 or 16 bytes. @returns undefined for any other text, including the IPv4 shorthands that the library
 * accepts (`0x7f.1`)
 */
export function ipBytes(host: string): Buffer | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(host)) return Buffer.from(ipaddr.IPv4.parse(host).toByteArray());
  if (ipaddr.IPv6.isValid(host)) return Buffer.from(ipaddr.IPv6.parse(host).toByteArray());
  return undefined;
}

/** Reads the 18 bytes common to `version` and `addr`: 16 bytes of IP address, then the port. */
export function readEndpoint(reader: Reader, field: string): { host: string; port: number } {
  const host = ipText(reader.take(16, `${field}.ip`));
  return { host, port: reader.u16be(`${field}.port`) };
}

/**
 * Writes IP address and port. A host that does not fit into 16 bytes (a name, an onion address) becomes all zeros, as in Dash Core.
 */
export function writeEndpoint(writer: Writer, address: { readonly host: string; readonly port: number }): void {
  const ip = ipBytes(address.host) ?? UNSPECIFIED;
  if (ip.length === 4) writer.bytes(V4_MAPPED);
  writer.bytes(ip).u16be(address.port);
}

export function readNetAddress(reader: Reader, field: string): NetAddress {
  const services = reader.u64(`${field}.services`);
  return { services, ...readEndpoint(reader, field) };
}

export function writeNetAddress(writer: Writer, address: NetAddress): void {
  writeEndpoint(writer.u64(address.services), address);
}
