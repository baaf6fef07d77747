import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { type Config, type ConfigResult, formatConfigError, loadConfig } from '../config/config.js';
import { oneLine } from '../ops/units.js';
import { givenConfigFlags } from './flags.js';

/** What a command may use of the process. It is passed in, so that tests can replace it. */
export interface CliContext {
  /** The arguments after node and the script. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** Reads files of settings and secrets: `readSmallFile`. */
  readonly readFile: (path: string) => string;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Aborted when the process is asked to stop (SIGINT, SIGTERM). */
  readonly stop: AbortSignal;
  /** Calls `listener` at each SIGHUP. Without a listener SIGHUP ends the process, as when its terminal is closed. */
  readonly onHangUp?: (listener: () => void) => void;
}

/** Exit codes. Scripts rely on those of `submit`. */
export const EXIT = { ok: 0, failed: 1, usage: 2, noAnswer: 3 } as const;

/** Prints an error on standard error. @returns the exit code */
export function printError({ stderr }: Pick<CliContext, 'stderr'>, text: string, code: number = EXIT.failed): number {
  stderr.write(`error: ${text}\n`);
  return code;
}

export function printWarning({ stderr }: Pick<CliContext, 'stderr'>, text: string): void {
  stderr.write(`warning: ${text}\n`);
}

const MAX_SHOWN_CHARS = 60;

/** What an operator typed, for an error: one line, and not the megabyte that a wrong variable of a script holds. */
export function shorten(text: string): string {
  const shown = oneLine(text.slice(0, MAX_SHOWN_CHARS));
  return text.length > MAX_SHOWN_CHARS ? `${shown}…` : shown;
}

export interface Loaded {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/** Loads the configuration for a command. @param implied flags that the command sets by itself */
export function readConfig(
  command: Command,
  { env, platform, readFile }: CliContext,
  implied: Record<string, string> = {},
): ConfigResult {
  return loadConfig({ options: { ...implied, ...givenConfigFlags(command) }, env, platform, readFile });
}

/**
 * Loads the configuration for a command, and prints its errors.
 * @param implied flags that the command sets by itself
 * @returns undefined when there are errors
 */
export function configFor(
  command: Command,
  context: CliContext,
  implied: Record<string, string> = {},
): Loaded | undefined {
  const result = readConfig(command, context, implied);
  if (result.ok) return result;
  for (const error of result.errors) printError(context, formatConfigError(error));
  return undefined;
}

/** Listens to SIGHUP from now on. @returns sets the listener, and calls it when a SIGHUP came before */
export function collectHangUps({ onHangUp }: Pick<CliContext, 'onHangUp'>): (listener: () => void) => void {
  let isMissed = false;
  let hangUp = (): void => {
    isMissed = true;
  };
  onHangUp?.(() => hangUp());
  return (listener) => {
    hangUp = listener;
    if (isMissed) listener();
  };
}
