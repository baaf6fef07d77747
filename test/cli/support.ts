import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { PassThrough, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../src/cli/program.js';
import { atEnd } from '../support/at-end.js';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process. */
export async function cli(
  args: readonly string[],
  env: Record<string, string> = {},
  { stop, stdout = new PassThrough() }: { readonly stop?: AbortSignal; readonly stdout?: Writable } = {},
): Promise<Ended> {
  const stderr = new PassThrough();
  const read = Promise.all([stdout instanceof PassThrough ? text(stdout) : '', text(stderr)]);
  const code = await runCli({
    args,
    env: { HOME: '/nonexistent', ...env },
    platform: 'linux',
    readFile: (path) => readFileSync(path, 'utf8'),
    stdout,
    stderr,
    stop: stop ?? new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await read;
  return { code, stdout: out, stderr: err };
}

export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Starts the program as its own process. */
export function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN, ...args], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Promise<Ended> = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code], stdout, stderr]) => ({ code: code as number | null, stdout, stderr }),
  );
  const forget = atEnd(async () => {
    child.kill('SIGKILL');
  });
  child.once('exit', forget);
  return { child, ended };
}
