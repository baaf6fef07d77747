/**
 * Where a process's lines go that nobody may be there to read: a terminal that was closed or stopped, a full disk, a pipe whose reader is
 * gone or slow. An error of the stream means that a line had no reader: it is lost and counted, and nobody waits or ends for it.
 * Bounded to {@link MAX_WAITING_BYTES} of lines that the reader has not taken.
 */
import { Writable } from 'node:stream';
import { SECOND_MS } from '../time.js';

const MAX_WAITING_BYTES = 1024 * 1024;
/** A reader that takes lines at all takes what waits within this time; the process ends without the others. */
const LAST_LINES_MS = SECOND_MS;

export interface LossyOutput extends Writable {
  /** Lines that nobody read, since the start. */
  readonly lost: number;
}

/** What Node has behind a terminal's stream: without it a terminal that is stopped (Ctrl-S) holds whoever writes to it. */
interface TerminalHandle {
  readonly _handle?: { setBlocking?(blocking: boolean): unknown };
}

/** @returns a stream that takes each line at once and never fails; ending it waits a second at most, and leaves `target` open */
export function lossyOutput(target: NodeJS.WritableStream & { readonly writableLength?: number }): LossyOutput {
  let lost = 0;
  const lose = (error?: Error | null): void => {
    if (error) lost += 1;
  };
  // Each failed write is told to its callback as well; without a listener the event would end the process.
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
      const enough = setTimeout(done, LAST_LINES_MS);
      target.write('', () => {
        clearTimeout(enough);
        done();
      });
    },
  });
  return Object.defineProperty(output, 'lost', { get: () => lost }) as LossyOutput;
}
