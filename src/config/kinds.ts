/**
 * The kinds of values that a setting can have. Each kind parses both text (environment, arguments, quoted values of a file) and the native
 * types of a YAML or JSON file, and says what it expects.
 */

import ipaddr from 'ipaddr.js';
import { bindableEndpoint, connectableEndpoint, type Endpoint, parseEndpoint } from '../address/endpoint.js';
import { bracketed, connectableHost, hostKey, parseHost } from '../address/host.js';
import { parseHostPort } from '../address/host-port.js';
import { type HttpUrl, parseHttpUrl } from '../address/http-url.js';
import { ADDRESS_PROBLEMS, EXPECTED, PROBLEMS } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';
import { fromZ85 } from '../z85.js';

type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export interface Kind<T> {
  /** Parsing a parsed value again gives the same value. */
  parse(value: unknown): Parsed<T>;
  /** Completes "Give …" in an error message. */
  readonly expects: string;
  /** Stands for the value in `--help`. */
  readonly placeholder: string;
  /** A flag of this kind needs no value: alone it means true. */
  readonly bare?: true;
  /** A flag of this kind may be repeated. */
  readonly many?: true;
  /** The path of a file: a leading `~/` is the home directory. */
  readonly path?: true;
}

/** Of a CURVE key. Source: ZeroMQ RFC 26. */
const CURVE_KEY_BYTES = 32;
const TRUE = new Set(['true', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'no', 'off', '0']);

function fail(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

/** @param read parses a text that is not empty */
function textKind(expects: string, placeholder: string, read: (text: string) => Parsed<string>): Kind<string> {
  return {
    expects,
    placeholder,
    parse(value) {
      if (typeof value !== 'string') return fail(value === null ? PROBLEMS.empty : PROBLEMS['not-text']);
      return value === '' ? fail(PROBLEMS.empty) : read(value);
    },
  };
}

/** Text that is kept unchanged. */
function plainKind(
  expects: string,
  placeholder: string,
  problemWith: (text: string) => string | undefined,
): Kind<string> {
  return textKind(expects, placeholder, (value) => {
    const problem = problemWith(value);
    return problem === undefined ? { ok: true, value } : fail(problem);
  });
}

const hasControl = (text: string): boolean => /\p{Cc}/u.test(text);

export const text = plainKind(EXPECTED.text, '<text>', (value) =>
  hasControl(value) ? PROBLEMS['control-characters'] : undefined,
);

export const rpcUser = plainKind(EXPECTED.user, '<name>', (value) =>
  hasControl(value) || value.includes(':') ? PROBLEMS['bad-user'] : undefined,
);

const DEVNET_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Core accepts any text. It becomes part of the user agent (Core `SanitizeString`) and of a folder's name. */
export const devnetName = plainKind(EXPECTED.devnet, '<name>', (value) =>
  DEVNET_NAME.test(value) ? undefined : PROBLEMS['bad-devnet'],
);

export const path: Kind<string> = {
  ...plainKind(EXPECTED.path, '<file>', (value) => (value.includes('\0') ? PROBLEMS.nul : undefined)),
  path: true,
};

/** A host to connect to. A wildcard (as in dash.conf) means the local host. */
export const host = textKind(EXPECTED.host, '<host>', (value) => {
  const found = value === '*' ? value : parseHost(value)?.text;
  if (found === undefined) return fail(PROBLEMS['not-a-host']);
  return { ok: true, value: connectableHost(found) };
});

/** A host to listen on. */
export const listenHost = textKind(EXPECTED['listen-host'], '<host>', (value) => {
  const found = parseHost(value);
  if (found === undefined) return fail(PROBLEMS['not-a-host']);
  if (found.family === 'onion') return fail(PROBLEMS.onion);
  return { ok: true, value: hostKey(found.text) };
});

function endpointKind(expects: string, toText: (endpoint: Endpoint) => string | undefined): Kind<string> {
  return textKind(expects, '<endpoint>', (value) => {
    const parsed = parseEndpoint(value);
    if (parsed === undefined) return fail(PROBLEMS['not-an-endpoint']);
    const found = toText(parsed);
    return found === undefined ? fail(PROBLEMS['no-host-and-port']) : { ok: true, value: found };
  });
}

export const bindEndpoint = endpointKind(EXPECTED.bind, bindableEndpoint);

const someEndpoint = endpointKind(EXPECTED.connect, connectableEndpoint);

/** The value that disables an endpoint. */
const NO_ENDPOINT = 'none';

/** An endpoint to connect to; `none` becomes the empty text. */
export const connectEndpoint: Kind<string> = {
  ...someEndpoint,
  parse: (value) => (value === NO_ENDPOINT || value === '' ? { ok: true, value: '' } : someEndpoint.parse(value)),
};

export const curveKey = plainKind(EXPECTED.key, '<key>', (value) =>
  fromZ85(value)?.length === CURVE_KEY_BYTES ? undefined : PROBLEMS['not-a-key'],
);

function urlKind(expects: string, problemWith: (url: HttpUrl) => string | undefined): Kind<string> {
  return plainKind(expects, '<url>', (value) => {
    const parsed = parseHttpUrl(value);
    return parsed.ok ? problemWith(parsed.url) : parsed.problem;
  });
}

export const httpUrl = urlKind(EXPECTED['http-url'], () => undefined);

/** A URL without a query. dashd has no users without a password, and no paths with an `@`: that is a password with a slash. */
export const rpcUrl = urlKind(EXPECTED['rpc-url'], ({ query, path, credentials }) => {
  if (query !== '') return PROBLEMS.query;
  if (path.includes('@')) return ADDRESS_PROBLEMS['not-encoded'];
  return credentials?.password === '' ? PROBLEMS['no-password'] : undefined;
});

export const apiUrl = urlKind(EXPECTED['api-url'], ({ query, credentials }) =>
  query === '' && credentials === undefined ? undefined : PROBLEMS['query-or-user'],
);

/** Whether a text means true or false, in any case. */
export function isBooleanWord(word: string): boolean {
  return boolean.parse(word).ok;
}

/** In YAML an unquoted `1` is a number and an unquoted `true` a boolean. */
function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

export const boolean: Kind<boolean> = {
  expects: EXPECTED.boolean,
  placeholder: '<boolean>',
  bare: true,
  parse(value) {
    const word = isScalar(value) ? String(value).toLowerCase() : '';
    if (TRUE.has(word)) return { ok: true, value: true };
    return FALSE.has(word) ? { ok: true, value: false } : fail(PROBLEMS['not-boolean']);
  },
};

export function integer(min: number, max: number): Kind<number> {
  return {
    expects: fill(EXPECTED.integer, { min, max }),
    placeholder: '<number>',
    parse(value) {
      const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number)) return fail(PROBLEMS['not-a-number']);
      return number >= min && number <= max ? { ok: true, value: number } : fail(PROBLEMS['out-of-range']);
    },
  };
}

export function oneOf<const T extends string>(values: readonly T[]): Kind<T> {
  return {
    expects: fill(EXPECTED.choice, { choices: values.join(', ') }),
    placeholder: `<${values.join('|')}>`,
    parse(value) {
      const found = values.find((candidate) => candidate === value);
      return found === undefined ? fail(PROBLEMS['not-a-choice']) : { ok: true, value: found };
    },
  };
}

/** Accepts an absent value, too. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return {
    ...kind,
    parse: (value) => (value === null || value === undefined ? { ok: true, value: undefined } : kind.parse(value)),
  };
}

function listOf(item: Kind<string>, expects: string, placeholder: string): Kind<readonly string[]> {
  return {
    expects,
    placeholder,
    many: true,
    parse(value) {
      const items = typeof value === 'string' ? splitList(value) : value;
      if (!Array.isArray(items)) return fail(PROBLEMS['not-a-list']);
      const good: string[] = [];
      const problems: string[] = [];
      for (const [index, element] of items.entries()) {
        const parsed = item.parse(element);
        if (parsed.ok) good.push(parsed.value);
        else problems.push(fill(PROBLEMS.entry, { number: index + 1, value: shown(element), problem: parsed.problem }));
      }
      return problems.length === 0
        ? { ok: true, value: good }
        : fail(fill(PROBLEMS['wrong-entries'], { entries: problems.join('; ') }));
    },
  };
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');
}

const MAX_SHOWN_CHARS = 60;

function shown(element: unknown): string | undefined {
  return typeof element === 'string' ? JSON.stringify(element.slice(0, MAX_SHOWN_CHARS)) : undefined;
}

/** `host` or `host:port`, in canonical form. */
const peer = textKind(EXPECTED.peer, '<host:port>', (value) => {
  const parsed = parseHostPort(value);
  if (!parsed.ok) return parsed;
  const found = bracketed(connectableHost(parsed.host));
  return { ok: true, value: parsed.port === undefined ? found : `${found}:${parsed.port}` };
});

/** `host:port`, in canonical form. */
export const hostAndPort = textKind(EXPECTED['host-and-port'], '<host:port>', (value) => {
  const parsed = parseHostPort(value);
  if (!parsed.ok) return parsed;
  if (parsed.port === undefined || parsed.port === 0) return fail(ADDRESS_PROBLEMS['no-port']);
  return { ok: true, value: `${bracketed(connectableHost(parsed.host))}:${parsed.port}` };
});

export const peerList = listOf(peer, EXPECTED.peers, '<host:port,…>');

export const curveKeyList = listOf(curveKey, EXPECTED.keys, '<key,…>');

const CLUSTER_WORD = /^[A-Za-z0-9_-]{1,32}$/;

/** A name that is a part of NATS subjects and of stream names: those have no dots, spaces or wildcards within a part. */
export const clusterWord = plainKind(EXPECTED['cluster-word'], '<name>', (value) =>
  CLUSTER_WORD.test(value) ? undefined : PROBLEMS['bad-cluster-word'],
);

/** NATS's own port. */
const NATS_PORT = 4222;
const NATS_URL = /^(?:(?<scheme>nats|tls):\/\/)?(?<rest>[^/]+)\/?$/;

/** `tls://host:port`, or `nats://host:port` without TLS; alone, a host means TLS. */
const natsServer = textKind(EXPECTED['nats-server'], '<url>', (value) => {
  const { scheme = 'tls', rest = '' } = NATS_URL.exec(value)?.groups ?? {};
  if (rest.includes('@')) return fail(PROBLEMS['nats-user']);
  const parsed = parseHostPort(rest);
  if (!parsed.ok) return parsed;
  return { ok: true, value: `${scheme}://${bracketed(connectableHost(parsed.host))}:${parsed.port ?? NATS_PORT}` };
});

export const natsServerList = listOf(natsServer, EXPECTED['nats-servers'], '<url,…>');

const ipRange = plainKind(EXPECTED.range, '<ip>', (value) => {
  // A range that covers every address would trust every client.
  if (ipaddr.isValidCIDR(value)) return ipaddr.parseCIDR(value)[1] === 0 ? PROBLEMS['every-address'] : undefined;
  const address = parseHost(value)?.family;
  return address === 'ipv4' || (address === 'ipv6' && !/[[%]/.test(value)) ? undefined : PROBLEMS['not-a-range'];
});

export const ipRangeList = listOf(ipRange, EXPECTED.ranges, '<ip,…>');
