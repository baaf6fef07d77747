#!/usr/bin/env node
/** The process's edge: arguments, signals, exit code. */
import { constants } from 'node:os';
import { loadFault, openFilesLimit } from './cli/descriptors.js';
import { readSmallFile } from './cli/small-file.js';

/** A handle that something left open must not keep a process that is done. */
const LINGER_MS = 2_000;
const CRASH_MS = 1_000;
const EXIT_FAILED = 1;

const fault = loadFault(openFilesLimit(process.platform, readSmallFile));
if (fault !== undefined) {
  process.stderr.write(`error: ${fault}\n`);
  process.exit(EXIT_FAILED);
}
// All but the check takes more descriptors to load than there might be.
const [{ runCli }, { closeLogger, createLogger }] = await Promise.all([
  import('./cli/program.js'),
  import('./ops/logger.js'),
]);

const stop = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[signal]);
    stop.abort();
  });
}

// Whoever reads our output may leave (`blockcast peers list | head`), and a terminal or a disk may go: that ends no process of ours.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// proper-lockfile listens to every signal that may end a process, so that it lets go of its locks (signal-exit), and then ends the process
// itself. Node ignores SIGXFSZ, which the kernel sends with EFBIG when a file may not grow (`ulimit -f`): with a listener it is ignored again.
process.on('SIGXFSZ', () => undefined);

/** Told once, whatever else goes wrong on the way, and then the process ends: within a second, though nobody may read why. */
let crashing = false;
function crash(error: unknown): void {
  if (crashing) process.exit(EXIT_FAILED);
  crashing = true;
  setTimeout(() => process.exit(EXIT_FAILED), CRASH_MS);
  try {
    const logger = createLogger({ level: 'critical', format: 'auto' }, process.stderr);
    logger.critical(`fatal: uncaught exception: ${error instanceof Error ? error.message : String(error)}`, {
      stack: error instanceof Error ? error.stack : undefined,
    });
    void closeLogger(logger).finally(() => process.exit(EXIT_FAILED));
  } catch {
    // Of what fails here nobody can be told.
    process.exit(EXIT_FAILED);
  }
}
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  platform: process.platform,
  readFile: readSmallFile,
  stdout: process.stdout,
  stderr: process.stderr,
  stop: stop.signal,
  onHangUp: (listener) => process.on('SIGHUP', listener),
});
setTimeout(() => process.exit(), LINGER_MS).unref();
