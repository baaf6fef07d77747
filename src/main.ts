#!/usr/bin/env node
/** The process's edge: arguments, signals, exit code. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { runCli } from './cli/program.js';
import { closeLogger, createLogger } from './ops/logger.js';

/** A handle that something left open must not keep a process that is done. */
const LINGER_MS = 2_000;

const stop = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[signal]);
    stop.abort();
  });
}

// Whoever reads our output may leave (`blockcast peers list | head`); a relay goes on without a reader.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

async function crash(error: unknown): Promise<void> {
  const logger = createLogger({ level: 'critical', format: 'auto' }, process.stderr);
  const stack = error instanceof Error ? error.stack : undefined;
  logger.critical(`blockcast ends, by a mistake in it: ${error instanceof Error ? error.message : String(error)}`, {
    stack,
  });
  await closeLogger(logger);
  process.exit(1);
}
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  platform: process.platform,
  readFile: (path) => readFileSync(path, 'utf8'),
  stdout: process.stdout,
  stderr: process.stderr,
  stop: stop.signal,
  onHangUp: (listener) => process.on('SIGHUP', listener),
});
setTimeout(() => process.exit(), LINGER_MS).unref();
