/** Reads a configuration file into settings by dotted key. */
import { DID_YOU_MEAN, SOURCES } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';
import { closest } from './closest.js';
import type { ConfigError } from './error.js';
import { normalise } from './normalise.js';
import { parseTree } from './parse-tree.js';
import { isKey, KEYS, type Key, SECRETS, secretFileKey } from './settings.js';

export interface FileSettings {
  /** The settings that are set. */
  readonly values: ReadonlyMap<Key, unknown>;
  /** Paths of the files that hold secrets. */
  readonly secretFiles: ReadonlyMap<Key, string>;
  readonly errors: readonly ConfigError[];
}

/** Unknown keys that are named. A file of another program has thousands, each compared with all settings: on SIGHUP a block waits for that. */
const MAX_UNKNOWN_KEYS = 20;

/** Parses `text`, the contents of the file at `path`. Never throws. Errors do not quote the file, which may hold a password. */
export function readFileSettings(path: string, text: string): FileSettings {
  const parsed = parseTree(path, text);
  if (!parsed.ok) {
    return {
      values: new Map(),
      secretFiles: new Map(),
      errors: [{ key: 'config', from: path, problem: parsed.problem, remedy: parsed.remedy }],
    };
  }
  const found: Found = { path, values: new Map(), secretFiles: new Map(), errors: [], unknown: 0 };
  collect(parsed.tree, '', found);
  const more = found.unknown - MAX_UNKNOWN_KEYS;
  if (more > 0) {
    const { problem, remedy } = SOURCES['unknown-keys'];
    found.errors.push({ key: 'config', from: path, problem: fill(problem, { count: more }), remedy });
  }
  return found;
}

interface Found {
  readonly path: string;
  readonly values: Map<Key, unknown>;
  readonly secretFiles: Map<Key, string>;
  readonly errors: ConfigError[];
  /** Keys that are not settings. */
  unknown: number;
}

function collect(tree: unknown, prefix: string, found: Found): void {
  const { path, errors } = found;
  if (normalise(tree) === undefined) return;
  if (!isSection(tree)) {
    const isWhole = prefix === '';
    errors.push({
      key: isWhole ? 'config' : prefix.slice(0, -1),
      from: path,
      ...SOURCES[isWhole ? 'no-settings' : 'section'],
    });
    return;
  }
  for (const [name, value] of Object.entries(tree)) {
    const key = prefix + name;
    const secret = SECRET_FILES.get(key);
    if (isKey(key) || secret !== undefined) collectValue(key, value, found);
    else if (SECTIONS.has(key)) collect(value, `${key}.`, found);
    else noteUnknown(key, found);
  }
}

function noteUnknown(key: string, found: Found): void {
  found.unknown += 1;
  if (found.unknown <= MAX_UNKNOWN_KEYS) found.errors.push(unknownKey(key, found.path));
}

/** @param key of a setting, or of the file of a secret */
function collectValue(key: string, value: unknown, { path, values, secretFiles, errors }: Found): void {
  const secret = SECRET_FILES.get(key);
  const fault = (what: 'value' | 'not-text') => errors.push({ key, from: path, ...SOURCES[what] });
  const text = normalise(value);
  if (text === undefined) return;
  if (isSection(value)) fault('value');
  else if (isKey(key)) values.set(key, text);
  else if (secret === undefined) return;
  else if (typeof text === 'string') secretFiles.set(secret, text);
  else fault('not-text');
}

/** `http.passwordFile` → `http.password` */
const SECRET_FILES: ReadonlyMap<string, Key> = new Map(SECRETS.map((key) => [secretFileKey(key), key]));

function unknownKey(key: string, path: string): ConfigError {
  const near = closest(key, [...KEYS, ...SECTIONS, ...SECRET_FILES.keys()]);
  const { problem, remedy } = SOURCES['unknown-key'];
  return { key, from: path, problem, remedy: near === undefined ? remedy : fill(DID_YOU_MEAN, { name: near }) };
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  // The entries of what the YAML tags `!!omap` and `!!set` make are no properties.
  return !(Array.isArray(value) || value instanceof Map || value instanceof Set);
}

/** `dashd`, `dashd.rpc`, … */
const SECTIONS: ReadonlySet<string> = new Set(
  KEYS.flatMap((key) => {
    const parts = key.split('.');
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
  }),
);
