/** Configuration errors: what is wrong, where it was set, and what to write instead. All errors are reported at once. */

import { CONFIG_ERROR } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';

export interface ConfigError {
  /** The setting's dotted key, or the name of a wrong flag, variable or file. */
  readonly key: string;
  /** Where the value came from: `default`, a file, an environment variable, a flag. */
  readonly from: string;
  /** As it was set, shortened; `***` for a secret; absent when the value does not matter. */
  readonly value?: string;
  /** Completes "<key> …". */
  readonly problem: string;
  /** A sentence. */
  readonly remedy: string;
}

const MAX_VALUE_CHARS = 80;

/** A value as shown in an error. Credentials inside a URL are always masked. */
export function showValue(value: unknown, secret: boolean): string {
  if (secret) return '***';
  const text = JSON.stringify(value) ?? 'nothing';
  const masked = text.replace(/\/\/[^\s]*@/g, '//***@');
  return masked.length > MAX_VALUE_CHARS ? `${masked.slice(0, MAX_VALUE_CHARS)}…` : masked;
}

/** One line, such as `broadcast.maxPeers (from --broadcast-max-peers): "many" is not a whole number. Give …` */
export function formatConfigError({ key, from, value, problem, remedy }: ConfigError): string {
  return fill(CONFIG_ERROR, { setting: key, place: from, value, problem, remedy });
}
