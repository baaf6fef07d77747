/** Worker threads that simulate, each one network after the other. */
import { Worker } from 'node:worker_threads';
import type { Finished, NetworkJob } from './network-job.js';

/** What a thread says: each block that it has simulated, and that the network is done. */
export type ThreadMessage = Finished | 'done';

export interface Threads {
  readonly workers: number;
  /** Ends all threads at once. */
  readonly stop: AbortSignal;
  /** In the order in which blocks are done. */
  readonly take: (finished: Finished) => void;
}

/** Resolves when all jobs are done, or the study was stopped. @throws what ended a thread, or `take` threw */
export async function simulateOnThreads(jobs: readonly NetworkJob[], { workers, stop, take }: Threads): Promise<void> {
  const left = jobs[Symbol.iterator]();
  const count = Math.min(workers, jobs.length);
  const threads = Array.from({ length: count }, () => new Worker(new URL('./thread.js', import.meta.url)));
  const end = (): void => {
    for (const thread of threads) void thread.terminate();
  };
  stop.addEventListener('abort', end);
  try {
    await Promise.all(
      threads.map((thread) => serve(thread, () => (stop.aborted ? undefined : left.next().value), take)),
    );
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    stop.removeEventListener('abort', end);
    end();
  }
}

function serve(thread: Worker, next: () => NetworkJob | undefined, take: (finished: Finished) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const hand = (): void => {
      const job = next();
      if (job === undefined) resolve();
      else thread.postMessage(job);
    };
    thread.on('message', (message: ThreadMessage) => {
      try {
        if (message === 'done') hand();
        else take(message);
      } catch (error) {
        reject(error);
      }
    });
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`a simulating thread ended with code ${code}`)));
    hand();
  });
}
