/** http and https URLs in the configuration: any host of {@link parseHost}, and passwords without percent-encoding. */
import { ADDRESS_PROBLEMS } from '../messages/configuration.js';
import { bracketed, connectableHost, parseHost } from './host.js';
import { parsePort } from './host-port.js';

export interface HttpUrl {
  readonly isTls: boolean;
  /** Canonical, without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port` for messages, without the scheme's default port; IPv6 in brackets. */
  readonly authority: string;
  /** `scheme://authority` */
  readonly origin: string;
  /** Starts with a slash. */
  readonly path: string;
  /** Empty, or starts with a question mark. */
  readonly query: string;
  /** Decoded; both present or both absent. */
  readonly credentials?: { readonly user: string; readonly password: string };
}

export type HttpUrlParsed =
  | { readonly ok: true; readonly url: HttpUrl }
  /** `problem` completes "<setting> …" and quotes nothing, since the URL may contain a password. */
  | { readonly ok: false; readonly problem: string };

const DEFAULT_PORTS = { http: 80, https: 443 } as const;
const SHAPE =
  /^(?<scheme>https?):\/\/(?:(?<userinfo>[^/?#]*)@)?(?<host>\[[^\]]*\]|[^:/?#[\]@]*)(?::(?<port>[^/?#]*))?(?<rest>[/?#].*)?$/isu;

/**
 * Parses a URL. A wildcard host (`http://0.0.0.0:9998`, `*`) becomes the loopback address, as for every connection; a fragment is an error: no request
 * carries it, and it may be the rest of a password.
 * In user and password, `%40` means `@`, and a `%` without two hexadecimal digits after it stands for itself; only `/`, `?` and `#` must
 * be encoded as `%2F`, `%3F` and `%23`.
 */
export function parseHttpUrl(text: string): HttpUrlParsed {
  const groups = SHAPE.exec(text)?.groups;
  if (groups === undefined) return fail(text);
  const { scheme = '', userinfo, host: hostText = '', port: portText, rest = '/' } = groups;
  const host = readHost(hostText);
  if (host === undefined) return fail(text);
  if (host.includes('%')) return { ok: false, problem: ADDRESS_PROBLEMS.zone };
  const isTls = scheme.toLowerCase() === 'https';
  const usual = DEFAULT_PORTS[isTls ? 'https' : 'http'];
  const port = parsePort(portText || String(usual));
  if (port === undefined || port === 0) return fail(text, ADDRESS_PROBLEMS['no-port']);
  const credentials = readCredentials(userinfo ?? '');
  if (typeof credentials === 'string') return { ok: false, problem: credentials };
  const authority = `${bracketed(host)}${port === usual ? '' : `:${port}`}`;
  const origin = `${isTls ? 'https' : 'http'}://${authority}`;
  const target = readTarget(origin, rest);
  if (typeof target === 'string') return { ok: false, problem: target };
  const url = { isTls, host, port, authority, origin, ...target };
  return { ok: true, url: credentials === undefined ? url : { ...url, credentials } };
}

function readHost(text: string): string | undefined {
  const host = text === '*' ? '*' : parseHost(text)?.text;
  return host === undefined ? undefined : connectableHost(host);
}

/** @returns a string that describes the problem when it is invalid */
function readTarget(origin: string, rest: string): Pick<HttpUrl, 'path' | 'query'> | string {
  // Node's parser encodes the characters that a request line must not contain.
  const text = `${origin}${rest.startsWith('/') ? '' : '/'}${rest}`;
  if (/[\p{Cc}\s]/u.test(rest) || !URL.canParse(text)) return ADDRESS_PROBLEMS['not-a-url'];
  if (rest.includes('#')) return ADDRESS_PROBLEMS.fragment;
  const { pathname: path, search: query } = new URL(text);
  return { path, query };
}

/** `http://user:se/cret@host` parses as a host `user` with an invalid port. */
function fail(text: string, problem?: string): HttpUrlParsed {
  if (!/^https?:\/\//i.test(text)) return { ok: false, problem: ADDRESS_PROBLEMS['not-http'] };
  if (text.includes('@')) {
    return { ok: false, problem: ADDRESS_PROBLEMS['not-encoded'] };
  }
  return { ok: false, problem: problem ?? ADDRESS_PROBLEMS['not-a-url'] };
}

/** @returns undefined when there are none; a string that describes the problem when they are invalid */
function readCredentials(userinfo: string): HttpUrl['credentials'] | string {
  if (userinfo === '') return undefined;
  const colon = userinfo.indexOf(':');
  const user = decode(colon < 0 ? userinfo : userinfo.slice(0, colon));
  const password = decode(colon < 0 ? '' : userinfo.slice(colon + 1));
  if (user === '') return ADDRESS_PROBLEMS['no-user'];
  if (user.includes(':')) return ADDRESS_PROBLEMS['colon-in-user'];
  if (/\p{Cc}/u.test(user + password)) return ADDRESS_PROBLEMS['control-in-user'];
  return { user, password };
}

/** Decodes runs of `%xx` that are valid UTF-8; any other `%` stands for itself. */
function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

/** The URL without its credentials. */
export function hrefOf({ origin, path, query }: HttpUrl): string {
  return `${origin}${path}${query}`;
}

/** The URL as a base for paths: without credentials, query and final slash. */
export function baseOf({ origin, path }: HttpUrl): string {
  return `${origin}${path.replace(/\/+$/, '')}`;
}
