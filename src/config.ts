/**
 * One frozen, typed {@link Config} from defaults < file < environment < arguments. The only reader of the three; they are
 * handed in, so that nothing here needs a process. convict layers and validates; what a setting is stands in
 * `config/settings.ts`, rules between settings in `config/rules.ts`.
 */
import convict from 'convict';
import { stringify } from 'yaml';
import { closest } from './config/closest.js';
import { derive, type Surroundings } from './config/derive.js';
import { type ConfigError, showValue } from './config/error.js';
import { readFileSettings } from './config/file.js';
import { formatHostPort, type HostPort } from './config/host-port.js';
import { brokenRules, warningsAbout } from './config/rules.js';
import {
  CONFIG_ENV,
  ENV_PREFIX,
  envName,
  FLAGS,
  type Flag,
  isKey,
  isSecret,
  KEYS,
  type Key,
  type LogFormat,
  type LogLevel,
  secretFileEnvName,
  settingOf,
  type Values,
} from './config/settings.js';
import type { WeightSettings } from './peers/score.js';
import type { NetworkName } from './wire/network.js';

export { type ConfigError, formatConfigError } from './config/error.js';
export { LOG_LEVELS, type LogLevel } from './config/settings.js';

/** What the relay runs on. Everything that follows from something else is filled in. */
export interface Config {
  readonly network: NetworkName;
  /** Of a devnet with a name. */
  readonly devnet?: { readonly name: string };
  readonly dashd: {
    readonly rpc: {
      /** Holds no credentials: those of the configured URL are in `user` and `password`. */
      readonly url: string;
      readonly user?: string;
      readonly password?: string;
      /** Set when, and only when, `user` is not. */
      readonly cookieFile?: string;
    };
    readonly p2p: HostPort;
    /** An empty `url` means that there is no feed. */
    readonly zmq: { readonly url: string };
  };
  readonly pool: {
    readonly bind: string;
    readonly allowInsecureBind: boolean;
    readonly curve: CurveConfig;
  };
  readonly events: { readonly bind: string };
  readonly broadcast: {
    readonly enabled: boolean;
    readonly maxPeers: number;
    readonly minPeers: number;
    /** Seconds. */
    readonly refreshInterval: number;
    /** Milliseconds; 0: no rehearsals. */
    readonly rehearsalInterval: number;
    readonly skipBootstrap: boolean;
    readonly peerDb: string;
    readonly countryDb?: string;
    readonly fallback: boolean;
    /** What makes a peer's score. */
    readonly weights: WeightSettings;
  };
  readonly peers: readonly HostPort[];
  readonly http: HttpConfig;
  readonly proxy: HostPort & { readonly enabled: boolean; readonly allowInsecureBind: boolean };
  readonly history: {
    readonly file: string;
    readonly maxBlocks: number;
  };
  readonly spool: {
    readonly enabled: boolean;
    readonly dir: string;
    readonly maxBlocks: number;
    readonly maxBytes: number;
  };
  readonly alerts: AlertsConfig;
  readonly log: LogConfig;
}

export type CurveConfig =
  | { readonly enabled: false; readonly allowedClients: readonly string[] }
  | {
      readonly enabled: true;
      readonly publicKey: string;
      readonly secretKey: string;
      /** The relay's own key is among them: who holds this configuration may `blockcast submit`. */
      readonly allowedClients: readonly string[];
    };

export interface HttpConfig extends HostPort {
  readonly enabled: boolean;
  readonly user: string;
  readonly password?: string;
  /** IP addresses and ranges. */
  readonly reverseProxies: readonly string[];
}

export interface AlertsConfig {
  readonly webhook?: { readonly url: string; readonly secret?: string };
  readonly telegram?: { readonly token: string; readonly chat: string; readonly api: string };
  /** Seconds; 0: never. */
  readonly repeatAfter: number;
  readonly maxPerHour: number;
}

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

export interface ConfigSources {
  /** Flags without their dashes, and their values as text: `{'dashd-rpc-url': 'http://…', config: 'blockcast.yaml'}`. */
  readonly options: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws when the file cannot be read, as `readFileSync` does */
  readonly readFile: (path: string) => string;
  /** As `process.platform`: where Dash Core keeps its data depends on it. */
  readonly platform: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Reads and checks everything, and tells all that is wrong at once. Never throws. */
export function loadConfig(sources: ConfigSources): ConfigResult {
  const options = readOptions(sources.options);
  const environment = readEnvironment(sources);
  const file = readConfigFile(sources);
  const errors = [...options.errors, ...environment.errors, ...file.errors];

  const origins: Origins = new Map([...file.origins, ...environment.origins, ...options.origins]);
  const layered = layer(file.values, environment.env, options.values, origins);
  errors.push(...layered.errors);
  errors.push(...brokenRules(layered.values, new Set(layered.errors.map(({ key }) => key)), originOf(origins)));
  if (errors.length > 0) return { ok: false, errors };

  const surroundings: Surroundings = {
    home: sources.env['HOME'] ?? sources.env['USERPROFILE'],
    platform: sources.platform,
  };
  const config = deepFreeze(derive(layered.values, surroundings));
  return { ok: true, config, warnings: warningsAbout(config) };
}

/** The effective configuration as YAML that could be read again, with secrets masked. */
export function describeConfig(config: Config): string {
  return stringify(masked({ ...config, peers: config.peers.map(formatHostPort) }));
}

/** @param path of `tree` in the configuration, with a dot at its end unless it is the root */
function masked(tree: object, path = ''): object {
  const entries = Object.entries(tree).map(([name, value]: [string, unknown]) => {
    const key = path + name;
    if (isKey(key)) return [name, isSecret(key) ? '***' : value];
    return [name, typeof value === 'object' && value !== null ? masked(value, `${key}.`) : value];
  });
  return Object.fromEntries(entries);
}

/** Where each setting that is not at its default was set. */
type Origins = ReadonlyMap<Key, string>;

const originOf =
  (origins: Origins) =>
  (key: Key): string =>
    origins.get(key) ?? 'default';

interface Layer<V> {
  readonly values: ReadonlyMap<Key, V>;
  readonly origins: Origins;
  readonly errors: readonly ConfigError[];
}

const CONFIG_OPTION = 'config';

function readOptions(options: ConfigSources['options']): Layer<string> {
  const values = new Map<Key, string>();
  const origins = new Map<Key, string>();
  const errors: ConfigError[] = [];
  for (const [name, text] of Object.entries(options)) {
    if (name === CONFIG_OPTION) continue;
    const flag = FLAGS.find((candidate) => candidate.name === name);
    const from = `--${name}`;
    if (flag === undefined) {
      errors.push({ key: from, from: 'arguments', problem: 'is not a flag', remedy: suggestFlag(name) });
    } else if (values.has(flag.key)) {
      const problem = `says again what ${origins.get(flag.key)} says`;
      errors.push({ key: from, from: 'arguments', problem, remedy: 'Give only one of them.' });
    } else {
      values.set(flag.key, flag.inverted ? opposite(flag, text) : text);
      origins.set(flag.key, from);
    }
  }
  return { values, origins, errors };
}

function suggestFlag(name: string): string {
  const near = closest(
    name,
    FLAGS.map((flag) => flag.name),
  );
  return near === undefined ? 'See blockcast run --help.' : `Did you mean --${near}?`;
}

/** What is no boolean is left as it is, to be reported as such. */
function opposite(flag: Flag, text: string): string {
  const parsed = settingOf(flag.key).kind.parse(text);
  return parsed.ok ? String(parsed.value !== true) : text;
}

function readEnvironment({
  env,
  readFile,
}: Pick<ConfigSources, 'env' | 'readFile'>): Layer<string> & { readonly env: Record<string, string> } {
  const ours: Record<string, string> = {};
  const values = new Map<Key, string>();
  const origins = new Map<Key, string>();
  const errors: ConfigError[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(ENV_PREFIX) || name === CONFIG_ENV) continue;
    const read = readVariable(name, text, readFile);
    if (!read.ok) {
      errors.push({ key: name, from: 'environment', ...read.error });
    } else if (values.has(read.key)) {
      const problem = `says again what ${origins.get(read.key)} says`;
      errors.push({ key: name, from: 'environment', problem, remedy: 'Set only one of them.' });
    } else {
      ours[envName(read.key)] = read.text;
      values.set(read.key, read.text);
      origins.set(read.key, name);
    }
  }
  return { env: ours, values, origins, errors };
}

type Variable =
  | { readonly ok: true; readonly key: Key; readonly text: string }
  | { readonly ok: false; readonly error: Pick<ConfigError, 'value' | 'problem' | 'remedy'> };

function readVariable(name: string, text: string, readFile: ConfigSources['readFile']): Variable {
  const secret = KEYS.find((candidate) => isSecret(candidate) && secretFileEnvName(candidate) === name);
  if (secret !== undefined) return readSecret(secret, text, readFile);
  const key = KEYS.find((candidate) => envName(candidate) === name);
  if (key !== undefined) return { ok: true, key, text };
  const near = closest(name, [...KEYS.map(envName), CONFIG_ENV]);
  const remedy = near === undefined ? 'Unset it.' : `Did you mean ${near}?`;
  return { ok: false, error: { problem: 'sets nothing', remedy } };
}

/** A secret's file holds one line; what ends the line is not part of it. */
function readSecret(key: Key, path: string, readFile: ConfigSources['readFile']): Variable {
  try {
    return { ok: true, key, text: readFile(path).replace(/\r?\n$/, '') };
  } catch (error) {
    return { ok: false, error: unreadable(path, error) };
  }
}

function unreadable(
  path: string,
  error: unknown,
): Pick<ConfigError, 'problem' | 'remedy'> & { readonly value: string } {
  const why = error instanceof Error && 'code' in error ? String(error.code) : 'reading failed';
  return {
    value: showValue(path, false),
    problem: `cannot be read: ${why}`,
    remedy: 'Give the path of a file that this user may read.',
  };
}

function readConfigFile({ options, env, readFile }: ConfigSources): Layer<unknown> {
  const none = { values: new Map<Key, unknown>(), origins: new Map<Key, string>() };
  const path = options[CONFIG_OPTION] ?? env[CONFIG_ENV];
  if (path === undefined || path === '') return { ...none, errors: [] };
  const from = options[CONFIG_OPTION] === undefined ? CONFIG_ENV : `--${CONFIG_OPTION}`;
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return { ...none, errors: [{ key: 'config', from, ...unreadable(path, error) }] };
  }
  const { values, errors } = readFileSettings(path, text);
  return { values, origins: new Map([...values.keys()].map((key) => [key, path])), errors };
}

interface Layered {
  /** A setting with an error stands at its default. */
  readonly values: Values;
  readonly errors: readonly (ConfigError & { readonly key: Key })[];
}

function layer(
  file: ReadonlyMap<Key, unknown>,
  env: Record<string, string>,
  options: ReadonlyMap<Key, string>,
  origins: Origins,
): Layered {
  // convict's own arguments are not used: its parser ignores unknown flags and makes the password 0123 the number 123.
  const settings = convict<Record<string, unknown>>(SCHEMA, { env, args: [] });
  settings.load(nested(file));
  for (const [key, value] of options) settings.set(key, value);
  const sound = passes(() => settings.validate({ allowed: 'strict' }));

  const values: Partial<Record<Key, unknown>> = {};
  const errors: (ConfigError & { key: Key })[] = [];
  for (const key of KEYS) {
    const { kind, default: fallback } = settingOf(key);
    const value: unknown = settings.get(key);
    const parsed = kind.parse(value);
    values[key] = parsed.ok ? parsed.value : (fallback ?? undefined);
    if (parsed.ok) continue;
    const remedy = `Give ${kind.expects}.`;
    const shown = showValue(value, isSecret(key));
    errors.push({ key, from: originOf(origins)(key), value: shown, problem: parsed.problem, remedy });
  }
  if (!sound && errors.length === 0) throw new Error('convict refuses what every kind accepts: the schema is wrong');
  return { values: values as Values, errors };
}

function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

/**
 * The table as convict wants it. Each setting has a format of its own, since convict converts the formats it knows by
 * guess: `20abc` to 20, and `no` to true.
 */
const SCHEMA: convict.Schema<Record<string, unknown>> = buildSchema();

function buildSchema(): convict.Schema<Record<string, unknown>> {
  const leaves = KEYS.map((key): [Key, convict.SchemaObj<unknown>] => {
    const { kind, default: fallback, doc } = settingOf(key);
    const format = `blockcast ${key}`;
    convict.addFormat({
      name: format,
      coerce: (value: unknown) => {
        const parsed = kind.parse(value);
        return parsed.ok ? parsed.value : value;
      },
      validate: (value: unknown) => {
        const parsed = kind.parse(value);
        if (!parsed.ok) throw new Error(parsed.problem);
      },
    });
    return [key, { format, default: fallback, doc, env: envName(key), sensitive: isSecret(key) }];
  });
  return nested(leaves) as convict.Schema<Record<string, unknown>>;
}

type Tree = { [name: string]: unknown };

/** `a.b` → `{a: {b: …}}` */
function nested(entries: Iterable<readonly [Key, unknown]>): Tree {
  const root: Tree = {};
  for (const [key, value] of entries) {
    const names = key.split('.');
    const last = names.pop() ?? key;
    let section = root;
    for (const name of names) {
      section[name] ??= {};
      section = section[name] as Tree;
    }
    section[last] = value;
  }
  return root;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
