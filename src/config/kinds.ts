/**
 * The kinds of values that a setting can have. Each kind parses both text (environment, arguments, quoted values of a file) and the native
 * types of a YAML or JSON file, and says what it expects.
 */
import ipaddr from 'ipaddr.js';
import { bindableEndpoint, connectableEndpoint, type Endpoint, parseEndpoint } from '../address/endpoint.js';
import { bracketed, connectableHost, hostKey, parseHost } from '../address/host.js';
import { parseHostPort } from '../address/host-port.js';
import { type HttpUrl, parseHttpUrl } from '../address/http-url.js';
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
      if (typeof value !== 'string') return fail(value === null ? 'is empty' : 'is not text');
      return value === '' ? fail('is empty') : read(value);
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

export const text = plainKind('text, in quotes where it could be taken for a number', '<text>', (value) =>
  hasControl(value) ? 'contains control characters' : undefined,
);

export const rpcUser = plainKind('a user name without a colon', '<name>', (value) =>
  hasControl(value) || value.includes(':') ? 'contains a colon or control characters' : undefined,
);

const DEVNET_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Core accepts any text. It becomes part of the user agent (Core `SanitizeString`) and of a folder's name. */
export const devnetName = plainKind('the name given to dashd -devnet', '<name>', (value) =>
  DEVNET_NAME.test(value) ? undefined : 'is not 1 to 64 letters, digits, dots, hyphens or underscores',
);

export const path: Kind<string> = {
  ...plainKind('the path of a file', '<file>', (value) => (value.includes('\0') ? 'contains a NUL' : undefined)),
  path: true,
};

/** A host to connect to. A wildcard (as in dash.conf) means the local host. */
export const host = textKind('a host name or an IP address', '<host>', (value) => {
  const found = value === '*' ? value : parseHost(value)?.text;
  if (found === undefined) return fail('is not a host name or an IP address');
  return { ok: true, value: connectableHost(found) };
});

/** A host to listen on. */
export const listenHost = textKind(
  'a host name or an IP address; 0.0.0.0 or :: for every interface',
  '<host>',
  (value) => {
    const found = parseHost(value);
    if (found === undefined) return fail('is not a host name or an IP address');
    if (found.family === 'onion') return fail('is an onion address, on which no interface can listen');
    return { ok: true, value: hostKey(found.text) };
  },
);

function endpointKind(expects: string, toText: (endpoint: Endpoint) => string | undefined): Kind<string> {
  return textKind(expects, '<endpoint>', (value) => {
    const parsed = parseEndpoint(value);
    if (parsed === undefined) return fail('is not a ZeroMQ endpoint');
    const found = toText(parsed);
    return found === undefined ? fail('has no host and port to connect to') : { ok: true, value: found };
  });
}

export const bindEndpoint = endpointKind(
  'an endpoint such as tcp://127.0.0.1:28500, tcp://[::1]:28500 or ipc:///path',
  bindableEndpoint,
);

const someEndpoint = endpointKind(
  'an endpoint such as tcp://127.0.0.1:28332, tcp://[::1]:28332 or ipc:///path, or none',
  connectableEndpoint,
);

/** The value that disables an endpoint. */
const NO_ENDPOINT = 'none';

/** An endpoint to connect to; `none` becomes the empty text. */
export const connectEndpoint: Kind<string> = {
  ...someEndpoint,
  parse: (value) => (value === NO_ENDPOINT || value === '' ? { ok: true, value: '' } : someEndpoint.parse(value)),
};

export const curveKey = plainKind(
  'a CURVE key of 40 characters in Z85, as created by blockcast keys',
  '<key>',
  (value) => (fromZ85(value)?.length === CURVE_KEY_BYTES ? undefined : 'is not a CURVE key'),
);

function urlKind(expects: string, problemWith: (url: HttpUrl) => string | undefined): Kind<string> {
  return plainKind(expects, '<url>', (value) => {
    const parsed = parseHttpUrl(value);
    return parsed.ok ? problemWith(parsed.url) : parsed.problem;
  });
}

export const httpUrl = urlKind('a URL such as https://hooks.example/path', () => undefined);

/** A URL without a query. */
export const rpcUrl = urlKind('a URL such as http://127.0.0.1:9998', ({ query }) =>
  query === '' ? undefined : 'has a query',
);

export const apiUrl = urlKind('a URL such as https://api.telegram.org', ({ query, credentials }) =>
  query === '' && credentials === undefined ? undefined : 'has a query or a user',
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
  expects: 'true or false (or yes, no, on, off, 1, 0)',
  placeholder: '<boolean>',
  bare: true,
  parse(value) {
    const word = isScalar(value) ? String(value).toLowerCase() : '';
    if (TRUE.has(word)) return { ok: true, value: true };
    return FALSE.has(word) ? { ok: true, value: false } : fail('is neither true nor false');
  },
};

export function integer(min: number, max: number): Kind<number> {
  return {
    expects: `a whole number from ${min} to ${max}`,
    placeholder: '<number>',
    parse(value) {
      const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number)) return fail('is not a whole number');
      return number >= min && number <= max ? { ok: true, value: number } : fail('is out of range');
    },
  };
}

export function oneOf<const T extends string>(values: readonly T[]): Kind<T> {
  return {
    expects: `one of ${values.join(', ')}`,
    placeholder: `<${values.join('|')}>`,
    parse(value) {
      const found = values.find((candidate) => candidate === value);
      return found === undefined ? fail('is not one of the choices') : { ok: true, value: found };
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
      if (!Array.isArray(items)) return fail('is not a list');
      const good: string[] = [];
      const problems: string[] = [];
      for (const [index, element] of items.entries()) {
        const parsed = item.parse(element);
        if (parsed.ok) good.push(parsed.value);
        else problems.push(`entry ${index + 1}${shown(element)} ${parsed.problem}`);
      }
      return problems.length === 0 ? { ok: true, value: good } : fail(`has wrong entries: ${problems.join('; ')}`);
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

function shown(element: unknown): string {
  return typeof element === 'string' ? ` ${JSON.stringify(element.slice(0, MAX_SHOWN_CHARS))}` : '';
}

/** `host` or `host:port`, in canonical form. */
const peer = textKind('host:port', '<host:port>', (value) => {
  const parsed = parseHostPort(value);
  if (!parsed.ok) return parsed;
  const found = bracketed(connectableHost(parsed.host));
  return { ok: true, value: parsed.port === undefined ? found : `${found}:${parsed.port}` };
});

export const peerList = listOf(
  peer,
  'a list of host:port, such as node.example.org:9999, 203.0.113.7 or [2001:db8::1]:9999',
  '<host:port,…>',
);

export const curveKeyList = listOf(curveKey, 'a list of CURVE public keys, 40 characters in Z85 each', '<key,…>');

const ipRange = plainKind('an IP address or range', '<ip>', (value) => {
  // A range that covers every address would trust every client.
  if (ipaddr.isValidCIDR(value)) return ipaddr.parseCIDR(value)[1] === 0 ? 'covers every address' : undefined;
  const address = parseHost(value)?.family;
  return address === 'ipv4' || (address === 'ipv6' && !/[[%]/.test(value))
    ? undefined
    : 'is not an IP address or range';
});

export const ipRangeList = listOf(
  ipRange,
  'a list of IP addresses or ranges, such as 127.0.0.1 or 172.16.0.0/12',
  '<ip,…>',
);
