import { setTimeout as wait } from 'node:timers/promises';

/** Waits for `ms` milliseconds, or until the signal aborts. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // It rejects for one reason: the signal aborted.
  await wait(ms, undefined, { signal }).catch(() => undefined);
}

/**
 * Calls `attempt` until it returns a value: for what must be had however long it takes, such as a port that another process has.
 * @param everyMs the pause after an attempt that returned undefined
 * @returns undefined when the signal aborted first
 * @throws what `attempt` throws
 */
export async function retryUntil<T>(
  attempt: () => Promise<T | undefined>,
  everyMs: number,
  signal: AbortSignal,
): Promise<T | undefined> {
  while (!signal.aborted) {
    const value = await attempt();
    if (value !== undefined) return value;
    await pause(everyMs, signal);
  }
  return undefined;
}
