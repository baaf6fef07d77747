/** `host:port` in the forms that operators and dashd use: `node.example.org:9999`, `203.0.113.7`, `[2001:db8::1]:9999`, `2001:db8::1`, `….onion:9999`. */
import { ADDRESS_PROBLEMS } from '../messages/configuration.js';
import { bracketed, hostKey, isWildcard, parseHost } from './host.js';

export interface HostPort {
  /** Canonical; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export type HostPortParsed =
  | { readonly ok: true; readonly host: string; readonly port: number | undefined }
  | { readonly ok: false; readonly problem: string };

const MAX_PORT = 65_535;

/**
 * Parses `host`, `host:port`, `[ipv6]`, `[ipv6]:port`, or an IPv6 address without brackets and port. The port is from 1 to 65535, or
 * undefined when absent.
 */
export function parseHostPort(text: string): HostPortParsed {
  const trimmed = text.trim();
  const whole = parseHost(trimmed);
  if (whole !== undefined) return { ok: true, host: whole.text, port: undefined };
  const match = /^(?<host>\[[^\]]*\]|[^:[\]]*)(?::(?<port>.*))?$/su.exec(trimmed);
  const hostText = match?.groups?.['host'];
  if (hostText === undefined) return { ok: false, problem: ADDRESS_PROBLEMS['not-host-port'] };
  const host = parseHost(hostText);
  if (host === undefined) return { ok: false, problem: ADDRESS_PROBLEMS['no-host'] };
  const port = parsePort(match?.groups?.['port'] ?? '');
  if (port === undefined || port === 0) return { ok: false, problem: ADDRESS_PROBLEMS['no-port'] };
  return { ok: true, host: host.text, port };
}

/** The inverse of {@link parseHostPort}. */
export function formatHostPort({ host, port }: HostPort): string {
  return `${bracketed(host)}:${port}`;
}

/** An integer from 0 to 65535 in decimal digits, or undefined. */
export function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= MAX_PORT ? Number(text) : undefined;
}

/**
 * Whether two sockets cannot listen at the same time. A port that the system chooses (0) conflicts with none.
 * @param a with a canonical host, as `b`
 */
export function collide(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return isWildcard(a.host) || isWildcard(b.host) || listenKey(a.host) === listenKey(b.host);
}

function listenKey(host: string): string {
  const key = hostKey(host);
  return key === 'localhost' ? '127.0.0.1' : key;
}
