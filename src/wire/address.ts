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
  if (ip.length === 16 && !isV4Mapped(ip)) return new ipaddr.IPv6([...ip]).toRFC5952String();
  // By hand: a thousand come at once.
  return ip.subarray(-4).join('.');
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
