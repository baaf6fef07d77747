/** What values a setting may have. A kind reads text (environment, arguments, quoted in a file) and a file's own types alike. */
import validators from 'convict-format-with-validator';
import ipaddr from 'ipaddr.js';
import { parseEndpoint } from './endpoint.js';
import { isHost, parseHostPort } from './host-port.js';

type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export interface Kind<T> {
  /** Parsing a parsed value again gives the same value. */
  parse(value: unknown): Parsed<T>;
  /** Completes "Give …" in an error. */
  readonly expects: string;
  /** Stands for the value in `--help`. */
  readonly placeholder: string;
  /** A flag of this kind may stand alone, meaning true. */
  readonly bare?: true;
  /** A flag of this kind may be repeated. */
  readonly many?: true;
}

const TRUE = new Set(['true', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'no', 'off', '0']);
/** ZeroMQ RFC 32: 32 bytes are 40 characters. */
const Z85_KEY = /^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/;

function fail(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

function textKind(
  expects: string,
  placeholder: string,
  problemWith: (text: string) => string | undefined,
): Kind<string> {
  return {
    expects,
    placeholder,
    parse(value) {
      if (typeof value !== 'string') return fail(value === null ? 'is empty' : 'is not text');
      const problem = value === '' ? 'is empty' : problemWith(value);
      return problem === undefined ? { ok: true, value } : fail(problem);
    },
  };
}

const hasControl = (text: string): boolean => /\p{Cc}/u.test(text);

export const text = textKind('text, in quotes where it could be taken for a number', '<text>', (value) =>
  hasControl(value) ? 'contains control characters' : undefined,
);

export const rpcUser = textKind('a user name without a colon', '<name>', (value) =>
  hasControl(value) || value.includes(':') ? 'contains a colon or control characters' : undefined,
);

const DEVNET_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Core takes any text; it must stand in a user agent (`SanitizeString`) and in the name of a folder. */
export const devnetName = textKind('the name that dashd -devnet was given', '<name>', (value) =>
  DEVNET_NAME.test(value) ? undefined : 'is not 1 to 64 letters, digits, dots, hyphens or underscores',
);

export const path = textKind('the path of a file', '<file>', (value) =>
  value.includes('\0') ? 'contains a NUL' : undefined,
);

export const host = textKind('a host name or an IP address', '<host>', (value) =>
  isHost(value) ? undefined : 'is not a host name or an IP address',
);

export const endpoint = textKind('an endpoint such as tcp://127.0.0.1:28500 or ipc:///path', '<endpoint>', (value) =>
  parseEndpoint(value) === undefined ? 'is not a ZeroMQ endpoint' : undefined,
);

export const curveKey = textKind('a key of 40 characters in Z85, as zmq_curve_keypair prints it', '<key>', (value) =>
  Z85_KEY.test(value) ? undefined : 'is not a CURVE key',
);

export const httpUrl = textKind('a URL such as http://127.0.0.1:9998', '<url>', (value) => {
  try {
    validators.url.validate?.(value, { default: null });
  } catch {
    return 'is not a URL';
  }
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return 'is not an http or https URL';
  return hasReadableCredentials(new URL(value)) ? undefined : 'has a user or password with a stray % (write it as %25)';
});

function hasReadableCredentials({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

export const boolean: Kind<boolean> = {
  expects: 'true or false',
  placeholder: '<boolean>',
  bare: true,
  parse(value) {
    const word = String(value).toLowerCase();
    if (value === true || (typeof value === 'string' && TRUE.has(word))) return { ok: true, value: true };
    if (value === false || (typeof value === 'string' && FALSE.has(word))) return { ok: true, value: false };
    return fail('is neither true nor false');
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

/** Nothing at all is a value too: null, or an empty text where only text can be given. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return {
    ...kind,
    parse: (value) =>
      value === null || value === undefined || value === '' ? { ok: true, value: undefined } : kind.parse(value),
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

const peer = textKind('host:port', '<host:port>', (value) => {
  const parsed = parseHostPort(value);
  return parsed.ok ? undefined : parsed.problem;
});

export const peerList = listOf(
  peer,
  'a list of host:port, such as node.example.org:9999, 203.0.113.7 or [2001:db8::1]:9999',
  '<host:port,…>',
);

export const curveKeyList = listOf(curveKey, 'a list of CURVE public keys, 40 characters in Z85 each', '<key,…>');

const ipRange = textKind('an IP address or range', '<ip>', (value) =>
  ipaddr.isValid(value) || ipaddr.isValidCIDR(value) ? undefined : 'is not an IP address or range',
);

export const ipRangeList = listOf(
  ipRange,
  'a list of IP addresses or ranges, such as 127.0.0.1 or 172.16.0.0/12',
  '<ip,…>',
);
