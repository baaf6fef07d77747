/** Builds the table of docs/configuration.md from the table of settings. */
import { envName, flagName, isLive, isSecret, KEYS, type Key, settingOf } from '../../src/config/settings.js';

export const HEADING = ['Setting', 'Variable', 'Flag', 'Default', 'Takes', 'Meaning'] as const;

/** A row for each setting, in its cells. */
export function settingsRows(): string[][] {
  return KEYS.map((key) => [
    `\`${key}\``,
    `\`${envName(key)}\``,
    `\`--${flagName(key)}\``,
    defaultOf(key),
    settingOf(key).kind.expects,
    settingOf(key).doc +
      (isSecret(key) ? '; masked wherever it is shown' : '') +
      (isLive(key) ? '; taken over on SIGHUP' : ''),
  ]);
}

function defaultOf(key: Key): string {
  const { default: fallback, follows } = settingOf(key);
  if (follows !== undefined) return follows;
  if (fallback === null) return 'none';
  return Array.isArray(fallback) ? 'empty' : `\`${String(fallback)}\``;
}
