/** What is wrong with a configuration: told whole, so that it can be put right in one go. */

export interface ConfigError {
  /** The setting's dotted key, or the name of the flag, variable or file when it is that which is wrong. */
  readonly key: string;
  /** Where the value came from: `default`, a file, an environment variable, a flag. */
  readonly from: string;
  /** As it was given, shortened, and `***` for a secret; absent where it plays no part. */
  readonly value?: string;
  /** Completes "<key> …". */
  readonly problem: string;
  /** A sentence. */
  readonly remedy: string;
}

const MAX_VALUE_CHARS = 80;

/** A value as an error shows it. Credentials inside a URL are masked whatever the setting. */
export function showValue(value: unknown, secret: boolean): string {
  if (secret) return '***';
  const text = JSON.stringify(value) ?? 'nothing';
  const masked = text.replace(/\/\/[^\s]*@/g, '//***@');
  return masked.length > MAX_VALUE_CHARS ? `${masked.slice(0, MAX_VALUE_CHARS)}…` : masked;
}

/** One line, such as `broadcast.maxPeers (from --broadcast-max-peers): "many" is not a whole number. Give …` */
export function formatConfigError({ key, from, value, problem, remedy }: ConfigError): string {
  const subject = value === undefined ? '' : `${value} `;
  return `${key} (from ${from}): ${subject}${problem}. ${remedy}`;
}
