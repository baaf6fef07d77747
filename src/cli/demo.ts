import { once } from 'node:events';
import { runDemo } from '../demo/main.js';
import { SECOND_MS } from '../time.js';
import { type CliContext, EXIT } from './context.js';

export interface DemoFlags {
  /** Seconds between blocks. */
  readonly every: number;
  /** Ends after this many; without it, when it is asked to stop. */
  readonly blocks?: number;
  readonly seed: number;
}

/** Runs the embedded network. @returns the exit code */
export async function demo({ every, ...rest }: DemoFlags, { stdout, stop }: CliContext): Promise<number> {
  const running = await runDemo({ ...rest, everyMs: every * SECOND_MS, output: stdout });
  if (!stop.aborted) await Promise.race([running.done, once(stop, 'abort')]);
  await running.stop();
  return EXIT.ok;
}
