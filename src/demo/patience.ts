import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 10_000;
const RETRY_MS = 50;

/**
 * Binds to a port that was ours a moment ago: the system may have lent it to an outgoing connection of somebody's meanwhile, and has it
 * back soon.
 * @throws the system's error when the port stays taken
 */
export async function patiently<T>(bind: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += RETRY_MS) {
    try {
      return await bind();
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isTaken || waited >= PATIENCE_MS) throw error;
      await pause(RETRY_MS);
    }
  }
}
