/** The flags of the configuration, for commander and for `loadConfig`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isBooleanWord } from '../config/kinds.js';
import { FLAGS, type Flag, flagName, SECRETS, secretFileFlagName, settingOf } from '../config/settings.js';
import { COMMAND_ERRORS } from '../messages/commands.js';
import { fill } from '../messages/fill.js';

const GROUPS: Readonly<Record<string, string>> = {
  dashd: 'The local dashd:',
  pool: 'Pools:',
  events: 'Pools:',
  broadcast: 'Peers:',
  peers: 'Peers:',
};
const OTHER_GROUP = 'General:';

/** Adds `--config` to a command, and a flag for each setting that `wanted` selects. */
export function addConfigFlags(command: Command, wanted: (flag: Flag) => boolean = () => true): void {
  command.addOption(new Option('--config <file>', 'configuration file: YAML, JSON or JSON5').helpGroup(OTHER_GROUP));
  for (const flag of FLAGS.filter(wanted)) {
    command.addOption(toOption(flag));
    if (SECRETS.includes(flag.key)) command.addOption(toFileOption(flag));
  }
}

function toOption(flag: Flag): Option {
  const { kind } = settingOf(flag.key);
  const option = new Option(`--${flag.name} ${kind.placeholder}`, flag.doc + defaultOf(flag));
  if (kind.many)
    option.argParser((value, previous?: string) => (previous === undefined ? value : `${previous},${value}`));
  return option.helpGroup(groupOf(flag));
}

function toFileOption(flag: Flag): Option {
  const doc = `file that contains ${flag.key}`;
  return new Option(`--${secretFileFlagName(flag.key)} <file>`, doc).helpGroup(groupOf(flag));
}

function groupOf(flag: Flag): string {
  return GROUPS[flag.key.split('.')[0] ?? ''] ?? OTHER_GROUP;
}

/** Empty when there is no default, and for aliases. */
function defaultOf({ name, key }: Flag): string {
  const { default: fallback, follows } = settingOf(key);
  if (name !== flagName(key) || (follows === undefined && (fallback === null || Array.isArray(fallback)))) return '';
  return ` (default: ${follows ?? String(fallback)})`;
}

/** The flags that were given, by name without dashes. */
export function givenConfigFlags(command: Command): Record<string, string> {
  const given: Record<string, string> = {};
  for (const option of command.options) {
    const name = option.long?.slice(2) ?? '';
    const value: unknown = command.getOptionValue(option.attributeName());
    if (typeof value === 'string' && (name === 'config' || NAMES.has(name))) given[name] = value;
  }
  return given;
}

const NAMES: ReadonlySet<string> = new Set([...FLAGS.map((flag) => flag.name), ...SECRETS.map(secretFileFlagName)]);
const BARE: ReadonlySet<string> = new Set(
  FLAGS.filter((flag) => settingOf(flag.key).kind.bare).map(({ name }) => `--${name}`),
);
/**
 * Splits `--name=value` into two arguments, so that an error about a misspelt flag does not show its value, which may be a password. Adds
 * `true` to a boolean flag without a value, so that it does not take the next argument for its value.
 */
export function normaliseArguments(args: readonly string[]): string[] {
  const words: string[] = [];
  for (const [index, arg] of args.entries()) {
    if (arg === '--') return [...words, ...args.slice(index)];
    const [, name, value] = /^(--[^=]+)=(.*)$/su.exec(arg) ?? [];
    if (name !== undefined && value !== undefined) words.push(name, value);
    else if (BARE.has(arg) && !isBooleanWord(args[index + 1] ?? '')) words.push(arg, 'true');
    else words.push(arg);
  }
  return words;
}

/** Parses the value of a flag. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(fill(COMMAND_ERRORS['not-a-number'], { min, max }));
  };
}
