/** Errors of scenario files. They are shown as configuration errors are. */

interface Fault {
  readonly problem: string;
  readonly remedy: string;
}

export const SCENARIOS = {
  'not-shipped': {
    problem: 'is not a scenario that comes with blockcast',
    remedy: '{remedy} The name of a file ends in .yaml, .yml, .json or .json5.',
  },
  unreadable: {
    problem: 'cannot be read ({code})',
    remedy: 'Give a file, or the name of a scenario: "blockcast simulate --list" lists them.',
  },
  'not-a-file': { problem: 'is not a regular file', remedy: 'Give a file of at most 256 KiB.' },
  empty: { problem: 'is empty', remedy: 'Give at least one key, such as blockBytes: 15000.' },
  'unknown-key': { problem: 'is not a key of {what}', remedy: '{remedy}' },
  'wrong-value': { problem: 'is not {expected}', remedy: 'Give {expected}.' },
  'unknown-contender': { problem: 'is not a contender', remedy: '{remedy}' },
  'unknown-latency': { problem: 'is not a latency table', remedy: '{remedy}' },
  'unknown-region': { problem: 'is not a region of the latency table {table}', remedy: '{remedy}' },
  'not-whole': { problem: 'are shares that are not 1 in sum', remedy: 'Give shares whose sum is 1.' },
  'given-twice': { problem: 'is given twice', remedy: 'Give it once.' },
} as const satisfies Record<string, Fault>;

/** The remedy for a name that is none, when no other is like it. */
export const ONE_OF = 'Give one of: {names}.';

/** What a key of a scenario expects. */
export const SCENARIO_VALUES = {
  integer: 'a whole number from {min} to {max}',
  number: 'a number from {min} to {max}',
  name: 'a name',
  list: 'a list of 1 to {max} values',
  section: 'a section with keys',
  text: 'text of at most {max} characters',
  boolean: 'true or false',
} as const;
