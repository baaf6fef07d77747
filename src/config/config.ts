/**
 * Loads the configuration: one frozen, typed {@link Config} from defaults < file < environment < arguments. The only module that reads
 * these three; they are passed in, so that tests need no process.
 *
 * convict merges the layers. `settings.ts` defines the settings, `kinds.ts` their values, `rules.ts` the rules between settings, `derive.ts` what
 * depends on other settings. All errors are reported at once. Runs at the start and on SIGHUP; files are limited to 256 KiB (`cli/small-file.ts`).
 */

import convict from 'convict';
import { stringify } from 'yaml';
import { formatHostPort } from '../address/host-port.js';
import { DID_YOU_MEAN, GIVE, SOURCES, UNREADABLE, WARNINGS } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';
import { keyOf } from '../peers/address.js';
import { closest } from './closest.js';
import type { Config } from './config-types.js';
import { derive, type HostEnvironment } from './derive.js';
import { type ConfigError, showValue } from './error.js';
import { readFileSettings } from './file.js';
import { expandHome } from './home.js';
import type { Kind } from './kinds.js';
import { normaliseText } from './normalise.js';
import { isInjected } from './orchestrator.js';
import { brokenRules, warningsAbout } from './rules.js';
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
  SECRETS,
  secretFileEnvName,
  secretFileFlagName,
  secretFileKey,
  settingOf,
  type Values,
} from './settings.js';

export type { AlertsConfig, ClusterConfig, Config, HttpConfig, LogConfig } from './config-types.js';
export { type ConfigError, formatConfigError } from './error.js';

export interface ConfigSources {
  /** Flags without their dashes, and their values as text: `{'dashd-rpc-url': 'http://…', config: 'blockcast.yaml'}`. */
  readonly options: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws when the file cannot be read, as `readFileSync` does */
  readonly readFile: (path: string) => string;
  /** As `process.platform`: Dash Core's data directory depends on it. */
  readonly platform: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Reads and validates all sources. Reports all errors at once. Never throws. */
export function loadConfig(sources: ConfigSources): ConfigResult {
  const home = normaliseText(sources.env['HOME']) ?? normaliseText(sources.env['USERPROFILE']);
  const files: Files = { home, readFile: sources.readFile };
  const options = readOptions(sources.options, files);
  const environment = readEnvironment(sources.env, files);
  const file = readConfigFile(sources, files);
  const errors = [...options.errors, ...environment.errors, ...file.errors];

  const origins: Origins = new Map([...file.origins, ...environment.origins, ...options.origins]);
  const layered = layer(file.values, environment.env, options.values, origins, home);
  errors.push(...layered.errors);
  errors.push(...brokenRules(layered.values, new Set(layered.errors.map(({ key }) => key)), originOf(origins)));
  if (errors.length > 0) return { ok: false, errors };

  const host: HostEnvironment = { home, platform: sources.platform };
  const config = deepFreeze(derive(layered.values, host));
  return { ok: true, config, warnings: [...environment.warnings, ...warningsAbout(config)] };
}

/** The effective configuration as YAML that can be read again, with secrets masked. */
export function describeConfig(config: Config): string {
  const { dashd, peers } = config;
  const { host, port } = dashd.p2p;
  const zmq = { url: dashd.zmq.url === '' ? 'none' : dashd.zmq.url };
  const tor = { mode: config.tor.mode, proxy: formatHostPort(config.tor.proxy) };
  return stringify(masked({ ...config, dashd: { ...dashd, p2p: { host, port }, zmq }, peers: peers.map(keyOf), tor }));
}

/** @param path of `tree` in the configuration, with a trailing dot unless it is the root */
function masked(tree: object, path = ''): object {
  const entries = Object.entries(tree).map(([name, value]: [string, unknown]) => {
    const key = path + name;
    if (isKey(key)) return [name, isSecret(key) ? '***' : value];
    return [name, typeof value === 'object' && value !== null ? masked(value, `${key}.`) : value];
  });
  return Object.fromEntries(entries);
}

/** Where each setting was set, for those that are not at their default. */
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

/** How files are read. */
interface Files {
  readonly home: string | undefined;
  readonly readFile: ConfigSources['readFile'];
}

function readOptions(options: ConfigSources['options'], files: Files): Layer<string> {
  const layer = new LayerBuilder<string>('arguments');
  for (const [name, text] of Object.entries(options)) {
    if (name === CONFIG_OPTION) continue;
    const from = `--${name}`;
    const value = normaliseText(text);
    const flag = FLAGS.find((candidate) => candidate.name === name);
    const secret = SECRETS.find((candidate) => secretFileFlagName(candidate) === name);
    if (flag !== undefined) layer.add(flag.key, from, value && (flag.inverted ? opposite(flag, value) : value));
    else if (secret !== undefined) layer.addFrom(secret, from, value, files);
    else layer.fault({ key: from, ...SOURCES['unknown-flag'], remedy: suggestFlag(name) });
  }
  return layer;
}

/** The settings of one source. Setting one twice is an error. */
class LayerBuilder<V> implements Layer<V | string> {
  readonly values = new Map<Key, V | string>();
  readonly origins = new Map<Key, string>();
  readonly errors: ConfigError[] = [];

  constructor(private readonly source: string) {}

  /** @param value undefined when it is not set */
  add(key: Key, from: string, value: V | string | undefined, place = from): void {
    if (value === undefined) return;
    if (this.values.has(key)) {
      const { problem, remedy } = SOURCES['set-twice'];
      this.fault({ key: from, problem: fill(problem, { place: this.origins.get(key) }), remedy });
    } else {
      this.values.set(key, value);
      this.origins.set(key, place);
    }
  }

  /** Adds a secret from a file. @param path undefined when it is not set */
  addFrom(key: Key, from: string, path: string | undefined, files: Files, place = from): void {
    if (path === undefined) return;
    const read = readText(path, files);
    if (read.ok) this.add(key, from, normaliseText(read.text), place);
    else this.fault({ key: from, ...read.error });
  }

  fault(error: Omit<ConfigError, 'from'>): void {
    this.errors.push({ ...error, from: this.source });
  }
}

function suggestFlag(name: string): string {
  const near = closest(name, [...FLAGS.map((flag) => flag.name), ...SECRETS.map(secretFileFlagName)]);
  return near === undefined ? SOURCES['unknown-flag'].remedy : fill(DID_YOU_MEAN, { name: `--${near}` });
}

/** Inverts a boolean. Any other text is kept, and reported later. */
function opposite(flag: Flag, text: string): string {
  const parsed = settingOf(flag.key).kind.parse(text);
  return parsed.ok ? String(parsed.value !== true) : text;
}

function readEnvironment(
  env: ConfigSources['env'],
  files: Files,
): Layer<string> & { readonly env: Record<string, string>; readonly warnings: readonly string[] } {
  const layer = new LayerBuilder<string>('environment');
  const warnings: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(ENV_PREFIX) || name === CONFIG_ENV) continue;
    const value = normaliseText(text);
    const secret = SECRETS.find((candidate) => secretFileEnvName(candidate) === name);
    const key = KEYS.find((candidate) => envName(candidate) === name);
    if (isInjected(name, value ?? '')) {
      if (key !== undefined) warnings.push(fill(WARNINGS['variable-ignored'], { name }));
    } else if (secret !== undefined) layer.addFrom(secret, name, value, files);
    else if (key !== undefined) layer.add(key, name, value);
    else layer.fault({ key: name, ...SOURCES['unknown-variable'], remedy: suggestVariable(name) });
  }
  const ours = Object.fromEntries([...layer.values].map(([key, value]) => [envName(key), value]));
  return { values: layer.values, origins: layer.origins, errors: layer.errors, env: ours, warnings };
}

function suggestVariable(name: string): string {
  const near = closest(name, [...KEYS.map(envName), ...SECRETS.map(secretFileEnvName), CONFIG_ENV]);
  return near === undefined ? SOURCES['unknown-variable'].remedy : fill(DID_YOU_MEAN, { name: near });
}

type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly error: Pick<ConfigError, 'value' | 'problem' | 'remedy'> };

function readText(path: string, { home, readFile }: Files): FileText {
  const fault = (problem: string): FileText => {
    return { ok: false, error: { value: showValue(path, false), problem, remedy: SOURCES.unreadable.remedy } };
  };
  const expanded = expandHome(path, home);
  if (!expanded.ok) return fault(expanded.problem);
  try {
    return { ok: true, text: readFile(expanded.path) };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : UNREADABLE.failed;
    return fault(fill(SOURCES.unreadable.problem, { reason }));
  }
}

function readConfigFile({ options, env }: ConfigSources, files: Files): Layer<unknown> {
  const option = normaliseText(options[CONFIG_OPTION]);
  const path = option ?? normaliseText(env[CONFIG_ENV]);
  if (path === undefined) return { values: new Map(), origins: new Map(), errors: [] };
  const from = option === undefined ? CONFIG_ENV : `--${CONFIG_OPTION}`;
  const read = readText(path, files);
  if (!read.ok) return { values: new Map(), origins: new Map(), errors: [{ key: 'config', from, ...read.error }] };
  const { values, secretFiles, errors } = readFileSettings(path, read.text);
  const layer = new LayerBuilder<unknown>(path);
  layer.errors.push(...errors);
  for (const [key, value] of values) layer.add(key, key, value, path);
  for (const [key, secretPath] of secretFiles) layer.addFrom(key, secretFileKey(key), secretPath, files, path);
  return layer;
}

interface Layered {
  /** A setting with an error has its default. */
  readonly values: Values;
  readonly errors: readonly (ConfigError & { readonly key: Key })[];
}

function layer(
  file: ReadonlyMap<Key, unknown>,
  env: Record<string, string>,
  options: ReadonlyMap<Key, string>,
  origins: Origins,
  home: string | undefined,
): Layered {
  // convict's argument parser is not used: it ignores unknown flags, and turns the password 0123 into the number 123.
  const settings = convict<Record<string, unknown>>(SCHEMA, { env, args: [] });
  settings.load(nested(file));
  for (const [key, value] of options) settings.set(key, value);
  const sound = passes(() => settings.validate({ allowed: 'strict' }));

  const values: Partial<Record<Key, unknown>> = {};
  const errors: (ConfigError & { key: Key })[] = [];
  for (const key of KEYS) {
    const { kind, default: fallback } = settingOf(key);
    const value: unknown = settings.get(key);
    const parsed = parseAt(kind, value, home);
    values[key] = parsed.ok ? parsed.value : (fallback ?? undefined);
    if (parsed.ok) continue;
    const remedy = fill(GIVE, { expected: kind.expects });
    const shown = showValue(value, isSecret(key));
    errors.push({ key, from: originOf(origins)(key), value: shown, problem: parsed.problem, remedy });
  }
  if (!sound && errors.length === 0) throw new Error('convict refuses what every kind accepts: the schema is wrong');
  return { values: values as Values, errors };
}

function parseAt<T>(kind: Kind<T>, value: unknown, home: string | undefined): ReturnType<Kind<unknown>['parse']> {
  const parsed = kind.parse(value);
  if (!parsed.ok || kind.path !== true || typeof parsed.value !== 'string') return parsed;
  const expanded = expandHome(parsed.value, home);
  return expanded.ok ? { ok: true, value: expanded.path } : expanded;
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
 * The table of settings as a convict schema. Each setting has its own format, since convict's built-in formats are too lenient: they
 * convert `20abc` to 20, and `no` to true.
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
