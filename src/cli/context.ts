import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { type Config, type ConfigResult, formatConfigError, loadConfig } from '../config/config.js';
import { givenConfigFlags } from './flags.js';

/** What a command has of the process: handed in, so that a test can give its own. */
export interface CliContext {
  /** Without node and the script. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** For settings and secrets: `readSmallFile`. */
  readonly readFile: (path: string) => string;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Aborted when the process is asked to end. */
  readonly stop: AbortSignal;
  /** Calls `listener` whenever the process is asked to read its configuration again. Without a listener, the terminal's end is the process's. */
  readonly onHangUp?: (listener: () => void) => void;
}

/** Exit codes; `submit`'s are an interface to scripts. */
export const EXIT = { ok: 0, failed: 1, usage: 2, noAnswer: 3 } as const;

export interface Loaded {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/** Reads the configuration for a command, as it stands now. @param implied flags that the command takes for given */
export function readConfig(
  command: Command,
  { env, platform, readFile }: CliContext,
  implied: Record<string, string> = {},
): ConfigResult {
  return loadConfig({ options: { ...implied, ...givenConfigFlags(command) }, env, platform, readFile });
}

/**
 * The configuration for a command; undefined once its errors have been printed.
 * @param implied flags that the command takes for given
 */
export function configFor(
  command: Command,
  context: CliContext,
  implied: Record<string, string> = {},
): Loaded | undefined {
  const result = readConfig(command, context, implied);
  if (result.ok) return result;
  for (const error of result.errors) context.stderr.write(`error: ${formatConfigError(error)}\n`);
  return undefined;
}
