import { setTimeout as pause } from 'node:timers/promises';
import { isTaken } from './free-port.js';

const MAX_WAIT_MS = 10_000;
const RETRY_MS = 50;

/**
 * Binds to a port that this process had before; another process may hold it briefly while it looks for a free port. Retries every
 * 50 ms for 10 s.
 * @throws the system's error when the port stays taken
 */
export async function bindWithRetry<T>(bind: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += RETRY_MS) {
    try {
      return await bind();
    } catch (error) {
      if (!isTaken(error) || waited >= MAX_WAIT_MS) throw error;
      await pause(RETRY_MS);
    }
  }
}
