/** `host:port` as people write it: `node.example.org:9999`, `203.0.113.7`, `[2001:db8::1]:9999`, `….onion:9999`. */
import validators from 'convict-format-with-validator';
import ipaddr from 'ipaddr.js';

export interface HostPort {
  /** A name or an address; an IPv6 address is without brackets. */
  readonly host: string;
  readonly port: number;
}

export type HostPortParsed =
  | { readonly ok: true; readonly host: string; readonly port: number | undefined }
  | { readonly ok: false; readonly problem: string };

const MAX_PORT = 65_535;
const MAX_NAME = 253;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;
const ALL_NUMERIC = /^(0x[0-9a-f]*|\d+)$/i;

/** Reads `host`, `host:port`, `[ipv6]` or `[ipv6]:port`. The port is from 1 to 65535, or undefined when it is left out. */
export function parseHostPort(text: string): HostPortParsed {
  const trimmed = text.trim();
  if (isIpv6(trimmed)) return { ok: false, problem: 'is an IPv6 address without brackets' };
  const match = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:[\]]*))(?::(?<port>.*))?$/su.exec(trimmed);
  const bracketed = match?.groups?.['bracketed'];
  const host = bracketed ?? match?.groups?.['plain'];
  if (host === undefined) return { ok: false, problem: 'is not host:port' };
  if (bracketed === undefined ? !isHost(host) : !isIpv6(host)) return { ok: false, problem: 'has no valid host' };
  const portText = match?.groups?.['port'];
  if (portText === undefined) return { ok: true, host, port: undefined };
  const port = parsePort(portText);
  if (port === undefined || port === 0) return { ok: false, problem: `has no port from 1 to ${MAX_PORT}` };
  return { ok: true, host, port };
}

/** The mirror of {@link parseHostPort}. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A whole number from 0 to 65535 in plain digits, or undefined. */
export function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= MAX_PORT ? Number(text) : undefined;
}

/** A DNS name, an IPv4 address in four decimal parts, or an IPv6 address without brackets. */
export function isHost(text: string): boolean {
  return isIpAddress(text) ? isIpv6(text) || isIpv4(text) : isName(text);
}

/** An address that only this machine can reach: 127.0.0.0/8, ::1, or the name localhost. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  return isIpAddress(host) && ipaddr.process(host).range() === 'loopback';
}

/** `0.0.0.0`, `::` or `*`: every interface. */
export function isWildcard(host: string): boolean {
  return host === '*' || (isIpAddress(host) && ipaddr.parse(host).range() === 'unspecified');
}

function isIpAddress(text: string): boolean {
  try {
    validators.ipaddress.validate?.(text, { default: null });
    return true;
  } catch {
    return false;
  }
}

function isIpv6(text: string): boolean {
  return isIpAddress(text) && ipaddr.IPv6.isValid(text);
}

function isIpv4(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

/** A name that ends in a number would be taken for an address by some resolvers (`127.1`, `0x7f.1`): it is none. */
function isName(text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.');
  return (
    text.length <= MAX_NAME && labels.every((label) => LABEL.test(label)) && !ALL_NUMERIC.test(labels.at(-1) ?? '')
  );
}
