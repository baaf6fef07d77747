#!/usr/bin/env node
/** The entry point: arguments, signals, uncaught errors, exit code. */
import { constants } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { loadFault, openFilesLimit } from './cli/descriptors.js';
import { readSmallFile } from './cli/small-file.js';

/** After the command is done the process ends within this time, even when a handle was left open. */
const LINGER_MS = 2_000;
/** After an uncaught error the process ends within this time, whether or not the log line was written. */
const CRASH_MS = 1_000;
const EXIT_FAILED = 1;
/**
 * Signals within this time are one request: npm passes on the Ctrl-C that the terminal has sent us as well, and so do other parents. A second
 * request ends the process at once, with blocks that are not stored yet.
 */
const SAME_REQUEST_MS = 500;

const fault = loadFault(openFilesLimit(process.platform, (path) => readSmallFile(path)));
if (fault !== undefined) {
  process.stderr.write(`error: ${fault}\n`);
  process.exit(EXIT_FAILED);
}
// Log rotation may send these to any service. Without listeners Node opens its debugger at SIGUSR1, and SIGUSR2 ends the process.
for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => undefined);

/** SIGHUP ends the process unless its command listens to it. What that does is known once the rest is loaded: a SIGHUP before that is kept until then. */
let isHungUp = false;
const keepHangUp = (): void => {
  isHungUp = true;
};
process.on('SIGHUP', keepHangUp);

// Loading the rest takes more descriptors than a low limit allows, so it is loaded after the check.
const [{ runCli }, { closeLogger, createLogger }, { fillLine }, { PROGRAM_MESSAGES }] = await Promise.all([
  import('./cli/program.js'),
  import('./ops/logger.js'),
  import('./messages/fill.js'),
  import('./messages/program.js'),
]);

const stop = new AbortController();

let stoppedAt = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!stop.signal.aborted) {
      stoppedAt = performance.now();
      stop.abort();
    } else if (performance.now() - stoppedAt > SAME_REQUEST_MS) process.exit(128 + constants.signals[signal]);
  });
}

// A reader may close the pipe (`blockcast peers list | head`), and a terminal or a disk may fail: neither ends the process.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// proper-lockfile installs handlers for all fatal signals (signal-exit) to release its locks, and then kills the process. Node ignores SIGXFSZ,
// which the kernel sends together with EFBIG when a file may not grow (`ulimit -f`): with a listener of our own it stays ignored.
process.on('SIGXFSZ', () => undefined);

/** Logs the error once and ends the process within {@link CRASH_MS}, even when the log cannot be written or fails as well. */
let crashing = false;
function crash(error: unknown): void {
  if (crashing) process.exit(EXIT_FAILED);
  crashing = true;
  setTimeout(() => process.exit(EXIT_FAILED), CRASH_MS);
  try {
    const logger = createLogger({ level: 'critical', format: 'auto' }, process.stderr);
    const text = error instanceof Error ? error.message : String(error);
    logger.critical(fillLine(PROGRAM_MESSAGES['uncaught-exception'], { error: text }), {
      stack: error instanceof Error ? error.stack : undefined,
    });
    void closeLogger(logger).finally(() => process.exit(EXIT_FAILED));
  } catch {
    // Logging itself failed: there is nowhere left to report it.
    process.exit(EXIT_FAILED);
  }
}
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

const ended = runCli({
  args: process.argv.slice(2),
  env: process.env,
  platform: process.platform,
  readFile: (path) => readSmallFile(path),
  stdout: process.stdout,
  stderr: process.stderr,
  stop: stop.signal,
  onHangUp(listener) {
    // In this order: without a listener in between, a SIGHUP that is on its way would be lost.
    process.on('SIGHUP', listener);
    process.off('SIGHUP', keepHangUp);
    if (isHungUp) listener();
    isHungUp = false;
  },
});
// A command that listens has begun to do so. One signal that has come by now is still to be heard, where all was loaded in one turn.
await setImmediate();
process.off('SIGHUP', keepHangUp);
if (isHungUp) process.kill(process.pid, 'SIGHUP');
process.exitCode = await ended;
setTimeout(() => process.exit(), LINGER_MS).unref();
