/** What is wrong with a scenario file, as the configuration says it: key, value, problem, remedy. */
import type { z } from 'zod';
import { closest } from '../config/closest.js';
import type { ConfigError } from '../config/error.js';
import { DID_YOU_MEAN } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';
import { ONE_OF, SCENARIOS } from '../messages/simulation.js';
import type { Catalogue, ScenarioContent } from './scenario-schema.js';

const MAX_SHOWN_CHARS = 60;
/** A word of so many letters that a name starts with is taken for that name without its end: `uplink`. */
const MIN_PREFIX = 3;
const SHARES_TOLERANCE = 0.005;

export interface CheckedFile {
  /** With its article: `a scenario`. */
  readonly what: string;
  /** Its contents, as parsed. */
  readonly tree: unknown;
  readonly from: string;
  /** The keys of a section. */
  readonly keys: (path: readonly PropertyKey[]) => readonly string[];
}

/** A violation of the schema. */
export function explainIssue(issue: z.core.$ZodIssue, { what, tree, from, keys }: CheckedFile): readonly ConfigError[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keys(issue.path);
    return issue.keys.map((key) => ({
      key: [...issue.path.map(String), printable(key)].join('.'),
      from,
      problem: fill(SCENARIOS['unknown-key'].problem, { what }),
      remedy: suggest(key, known),
    }));
  }
  const { key, value } = locate(issue.path, tree);
  const { problem, remedy } = SCENARIOS['wrong-value'];
  const expected = issue.message;
  return [{ key, from, value: shown(value), problem: fill(problem, { expected }), remedy: fill(remedy, { expected }) }];
}

/** Names that do not exist, and values that are given twice. @param origin where a key was given */
export function faultsOf(
  { contenders, latency, blockBytes, network, pool, rival }: ScenarioContent,
  catalogue: Catalogue,
  origin: (key: string) => string,
): readonly ConfigError[] {
  const { latencies } = catalogue;
  const unknown = (key: string, names: readonly string[], known: readonly string[], problem: string) =>
    names
      .filter((name) => !known.includes(name))
      .map((name) => ({
        key,
        from: origin(key),
        value: shown(name),
        problem,
        remedy: suggest(name, known),
      }));
  const repeated = (key: string, values: readonly (string | number)[]) =>
    values
      .filter((value, at) => values.indexOf(value) !== at)
      .map((value) => ({
        key,
        from: origin(key),
        value: shown(value),
        ...SCENARIOS['given-twice'],
      }));
  const shares = network.regions;
  const regions = latency.flatMap((table) => {
    const known = latencies.get(table);
    if (known === undefined) return [];
    const problem = fill(SCENARIOS['unknown-region'].problem, { table });
    return [
      ...unknown('pool.region', [pool.region], known, problem),
      ...unknown('network.regions', Object.keys(shares ?? {}), known, problem),
    ];
  });
  return [
    ...unknown('contenders', contenders, [...catalogue.contenders.keys()], SCENARIOS['unknown-contender'].problem),
    ...unknown('latency', latency, [...latencies.keys()], SCENARIOS['unknown-latency'].problem),
    ...regions,
    ...(shares === undefined || isWhole(Object.values(shares))
      ? []
      : [{ key: 'network.regions', from: origin('network.regions'), ...SCENARIOS['not-whole'] }]),
    ...repeated('contenders', contenders),
    ...repeated('latency', latency),
    ...repeated('blockBytes', blockBytes),
    ...repeated('rival.headStartsMs', rival.headStartsMs),
  ];
}

/** Whether shares are 1 in sum, as far as three digits can be. */
function isWhole(shares: readonly number[]): boolean {
  return Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < SHARES_TOLERANCE;
}

/** "Did you mean …?", or all that there are. */
export function suggest(word: string, known: readonly string[]): string {
  const near = closest(word, known) ?? known.find((name) => word.length >= MIN_PREFIX && name.startsWith(word));
  return near === undefined ? fill(ONE_OF, { names: known.join(', ') }) : fill(DID_YOU_MEAN, { name: near });
}

/** The key as the file has it, and its value: `blockBytes[1]`, or `blockBytes` for a single value. */
function locate(path: readonly PropertyKey[], tree: unknown): { readonly key: string; readonly value: unknown } {
  let key = '';
  let value = tree;
  for (const part of path) {
    if (typeof part === 'number') {
      if (!Array.isArray(value)) continue;
      key += `[${part}]`;
      value = value[part];
    } else {
      key += key === '' ? String(part) : `.${String(part)}`;
      value = Object.entries(value ?? {}).find(([name]) => name === part)?.[1];
    }
  }
  return { key: key === '' ? 'scenario' : key, value };
}

/** Values as errors show them. Lists and sections are only named, since they may be large or deep. */
function shown(value: unknown): string {
  if (typeof value === 'string') {
    const text = JSON.stringify(value);
    return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
  }
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'object') return Array.isArray(value) ? `a list of ${value.length}` : 'a section';
  return String(value);
}

/** A key that could control the terminal, or is long, is quoted and shortened. */
function printable(key: string): string {
  return /^[\w.-]{1,60}$/.test(key) ? key : shown(key);
}
