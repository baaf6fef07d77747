/** Runs millions of hostile inputs, and reports the results. */
import { performance } from 'node:perf_hooks';
import type { Kind } from './kinds.js';
import { Rng, seedOf } from './random.js';

export interface Crash {
  readonly kind: string;
  readonly index: number;
  readonly error: string;
}

export interface Tally {
  readonly kind: string;
  readonly inputs: number;
  readonly crashes: number;
  readonly seconds: number;
  /** The longest time of one input, milliseconds: the least of several tries, since a busy machine delays some. */
  readonly longestMs: number;
  /** The index of that input; -1 when it is not known. */
  readonly longest: number;
}

export interface Outcome {
  readonly tallies: Tally[];
  readonly crashes: Crash[];
}

/** Inputs that take less than this are not measured again, milliseconds. */
const SUSPICIOUS_MS = 4;
const TRIES = 4;
/** More are counted, not kept. */
const MAX_CRASHES = 20;

/** @param inputs the total; each kind gets its share, at least one */
export function campaign(kinds: readonly Kind[], inputs: number, seed: number): Outcome {
  const shares = kinds.reduce((sum, { share }) => sum + share, 0);
  const crashes: Crash[] = [];
  const tallies = kinds.map((kind, number) =>
    runKind(
      kind,
      Math.max(1, Math.round((inputs * kind.share) / shares)),
      (index) => seedOf(seed, number, index),
      crashes,
    ),
  );
  return { tallies, crashes };
}

function runKind(kind: Kind, inputs: number, seedAt: (index: number) => number, kept: Crash[]): Tally {
  let [crashes, longestMs, longest] = [0, 0, 0];
  const from = performance.now();
  for (let index = 0; index < inputs; index += 1) {
    const seed = seedAt(index);
    const begun = performance.now();
    try {
      kind.run(new Rng(seed));
    } catch (error) {
      crashes += 1;
      if (kept.length < MAX_CRASHES) kept.push({ kind: kind.name, index, error: textOf(error) });
      continue;
    }
    const ms = performance.now() - begun;
    if (ms <= Math.max(SUSPICIOUS_MS, longestMs)) continue;
    const least = Math.min(ms, again(kind, seed));
    if (least > longestMs) [longestMs, longest] = [least, index];
  }
  return { kind: kind.name, inputs, crashes, seconds: (performance.now() - from) / 1_000, longestMs, longest };
}

/** The minimum time of several more tries. */
function again(kind: Kind, seed: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const begun = performance.now();
    kind.run(new Rng(seed));
    least = Math.min(least, performance.now() - begun);
  }
  return least;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Runs one input of a campaign again, and throws what it throws. */
export function replay(kinds: readonly Kind[], name: string, seed: number, index: number): void {
  const number = kinds.findIndex((kind) => kind.name === name);
  const kind = kinds[number];
  if (kind === undefined) throw new Error(`no kind ${name}: there are ${kinds.map((one) => one.name).join(', ')}`);
  kind.run(new Rng(seedOf(seed, number, index)));
}
