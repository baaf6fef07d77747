/**
 * A lossy output stream for log lines. When the reader is gone or slow (a closed or stopped terminal, a full disk, a pipe), lines are lost and
 * counted; the process neither waits nor ends. Memory: at most {@link MAX_WAITING_BYTES} of unread lines.
 */
import { Writable } from 'node:stream';
import { SECOND_MS } from '../time.js';

const MAX_WAITING_BYTES = 1024 * 1024;
/** How long the end waits for unread lines. */
const LAST_LINES_MS = SECOND_MS;

export interface LossyOutput extends Writable {
  /** Lost lines since the start. */
  readonly lost: number;
}

/** Node's handle of a terminal. Writes to it are blocking by default: a stopped terminal (Ctrl-S) would block the process. */
interface TerminalHandle {
  readonly _handle?: { setBlocking?(blocking: boolean): unknown };
}

/** @returns a stream that accepts each line at once and never fails; ending it waits at most a second, and leaves `target` open */
export function lossyOutput(target: NodeJS.WritableStream & { readonly writableLength?: number }): LossyOutput {
  let lost = 0;
  const lose = (error?: Error | null): void => {
    if (error) lost += 1;
  };
  // A failed write also calls its callback. Without a listener the event would end the process.
  target.on('error', () => undefined);
  if ('isTTY' in target && target.isTTY === true) (target as TerminalHandle)._handle?.setBlocking?.(false);
  const waiting = () => target.writableLength ?? 0;
  const output = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, taken) {
      if (waiting() > MAX_WAITING_BYTES) lost += 1;
      else target.write(line, lose);
      taken();
    },
    final(done) {
      if (waiting() === 0) return done();
      const timeout = setTimeout(done, LAST_LINES_MS);
      target.write('', () => {
        clearTimeout(timeout);
        done();
      });
    },
  });
  return Object.defineProperty(output, 'lost', { get: () => lost }) as LossyOutput;
}
