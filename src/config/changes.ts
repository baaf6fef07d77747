/** Compares two configurations setting by setting. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';
import { isLive, KEYS, type Key } from './settings.js';

export interface Changes {
  /** A running relay applies them. */
  readonly live: readonly Key[];
  /** They take effect after a restart. */
  readonly restart: readonly Key[];
}

export function changesBetween(before: Config, after: Config): Changes {
  const changed = KEYS.filter((key) => !isDeepStrictEqual(valueAt(before, key), valueAt(after, key)));
  return { live: changed.filter(isLive), restart: changed.filter((key) => !isLive(key)) };
}

/** Reads a setting by its dotted key; undefined when it has no value. */
function valueAt(config: Config, key: Key): unknown {
  return key.split('.').reduce<unknown>((node, name) => (isRecord(node) ? node[name] : undefined), config);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
