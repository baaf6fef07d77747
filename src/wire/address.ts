import ipaddr from 'ipaddr.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** An address as `version` carries it: 26 bytes, IP only. */
export interface NetAddress {
  readonly services: bigint;
  /** An IPv4 address as a dotted quad, or an IPv6 address as RFC 5952 writes it. */
  readonly host: string;
  readonly port: number;
}

const V4_MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
const UNSPECIFIED = Buffer.alloc(16);

export function isV4Mapped(ip: Uint8Array): boolean {
  return V4_MAPPED.equals(ip.subarray(0, V4_MAPPED.length));
}

/** The text of a 4- or 16-byte IP address; an IPv4 address mapped into IPv6 is shown as what it is. */
export function ipText(ip: Uint8Array): string {
  // Both by hand: a thousand come at once, and the library takes 14 ms for them while it is cold.
  return ip.length === 16 && !isV4Mapped(ip) ? ipv6Text(ip) : ip.subarray(-4).join('.');
}

/** As RFC 5952 writes it: lower case, no leading zeros, `::` for the first of the longest runs of two or more zero groups. */
function ipv6Text(ip: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((ip[at * 2] ?? 0) << 8) | (ip[at * 2 + 1] ?? 0));
  const { from, to } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  return from === to ? hex.join(':') : `${hex.slice(0, from).join(':')}::${hex.slice(to).join(':')}`;
}

/** The first of the longest runs of two or more zeros, its end excluded; empty when there is none. */
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
 * The bytes of an IP address in text, 4 or 16 of them; `undefined` when it is none. The shorthands for IPv4 that the library
 * would take (`0x7f.1`) are none.
 */
export function ipBytes(host: string): Buffer | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(host)) return Buffer.from(ipaddr.IPv4.parse(host).toByteArray());
  if (ipaddr.IPv6.isValid(host)) return Buffer.from(ipaddr.IPv6.parse(host).toByteArray());
  return undefined;
}

/** Reads the 18 bytes that `version` and `addr` share: 16 of IP, then the port. */
export function readEndpoint(reader: Reader, field: string): { host: string; port: number } {
  const host = ipText(reader.take(16, `${field}.ip`));
  return { host, port: reader.u16be(`${field}.port`) };
}

/**
 * Writes IP and port. A host these 16 bytes cannot hold, a name or an onion, becomes all zeros, as Dash Core sends it: whom we
 * dialled is of no interest to a peer reached through a proxy.
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
