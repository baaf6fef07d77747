import { setTimeout as pause } from 'node:timers/promises';
import { isTaken } from './free-port.js';

const PATIENCE_MS = 10_000;
const RETRY_MS = 50;

/**
 * Binds to a port that was ours a moment ago: somebody who looks for a free one may have it at this moment.
 * @throws the system's error when the port stays taken
 */
export async function bindWithRetry<T>(bind: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += RETRY_MS) {
    try {
      return await bind();
    } catch (error) {
      if (!isTaken(error) || waited >= PATIENCE_MS) throw error;
      await pause(RETRY_MS);
    }
  }
}
