/** Many seeds, spread over worker threads, each of which plays one at a time. */
import type { Worker } from 'node:worker_threads';

/** What a worker says of a seed that it has played. */
export interface SeedReport {
  readonly seed: number;
  /** The invariant that was violated, and how; absent when all held. */
  readonly violation?: { readonly invariant: string; readonly detail: string };
  /** Blocks that the pool found. */
  readonly blocks: number;
  readonly observations: number;
  /** Virtual time. */
  readonly seconds: number;
}

export interface CampaignOptions {
  /** In the order in which they are handed out. */
  readonly seeds: Iterable<number>;
  readonly workers: number;
  /** Starts a thread that plays each seed it is sent as a message, and answers with a {@link SeedReport}. */
  readonly start: () => Worker;
  /** Called with each report, in the order in which seeds end. @returns false to hand out no more seeds */
  readonly report: (report: SeedReport) => boolean;
}

/** Plays the seeds; a thread that dies counts as a violation of its seed, and is replaced. Resolves when all threads have ended. */
export async function campaign({ seeds, workers, start, report }: CampaignOptions): Promise<void> {
  const left = seeds[Symbol.iterator]();
  let isOver = false;
  const take = (one: SeedReport): void => {
    if (!report(one)) isOver = true;
  };
  const next = (): number | undefined => {
    const { done, value } = left.next();
    return done === true || isOver ? undefined : value;
  };
  await Promise.all(Array.from({ length: workers }, () => work(next, start, take)));
}

async function work(
  next: () => number | undefined,
  start: () => Worker,
  take: (report: SeedReport) => void,
): Promise<void> {
  let worker = start();
  for (let seed = next(); seed !== undefined; seed = next()) {
    try {
      take(await play(worker, seed));
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      take({ seed, violation: { invariant: 'no-exception', detail }, blocks: 0, observations: 0, seconds: 0 });
      worker = start();
    }
  }
  await worker.terminate();
}

/** @throws what ended the thread */
function play(worker: Worker, seed: number): Promise<SeedReport> {
  return new Promise((resolve, reject) => {
    const exited = (code: number): void => reject(new Error(`the thread ended with ${code}`));
    worker.once('message', (message: SeedReport) => {
      worker.off('error', reject);
      worker.off('exit', exited);
      resolve(message);
    });
    worker.once('error', reject);
    worker.once('exit', exited);
    worker.postMessage(seed);
  });
}
