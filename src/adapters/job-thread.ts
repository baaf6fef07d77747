/**
 * A worker thread for jobs that would hold the event loop: one at a time, each within a limit of time and memory. It is started by the first job, and
 * ends when it has had none for a while, so that it costs nothing where it is not used. A thread that fails is replaced by the next job.
 */
import { Worker } from 'node:worker_threads';
import { errorCodeOrName } from './system-error.js';

export interface JobThreadOptions {
  /** The module that the thread runs: it answers each message with one message. */
  readonly module: URL;
  /** The longest that a job may take, its thread's start included, milliseconds. */
  readonly timeoutMs?: number;
  /** An idle thread ends after this time, milliseconds. */
  readonly idleMs?: number;
  /** The JavaScript heap of the thread, MB of 2^20 bytes. */
  readonly memoryMb?: number;
  /** Jobs that may wait; further ones are refused. */
  readonly maxWaiting?: number;
}

/** `failed`: with the error's code, such as `ERR_WORKER_OUT_OF_MEMORY`, or its name. */
export type JobAnswer<Reply> =
  | { readonly ok: true; readonly reply: Reply }
  | { readonly ok: false; readonly code: 'busy' | 'timeout' | 'failed' | 'closed'; readonly detail: string };

export interface JobThread<Job, Reply> {
  /** @param transfer buffers of the job that are handed over instead of copied. Never rejects */
  run(job: Job, transfer?: readonly ArrayBuffer[]): Promise<JobAnswer<Reply>>;
  /** Ends the thread; a job under way is answered with `closed`. */
  close(): Promise<void>;
}

const DEFAULTS = { timeoutMs: 20_000, idleMs: 60_000, memoryMb: 256, maxWaiting: 8 };

export function openJobThread<Job, Reply>(options: JobThreadOptions): JobThread<Job, Reply> {
  const { module, timeoutMs, idleMs, memoryMb, maxWaiting } = { ...DEFAULTS, ...options };
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  /** Of the job under way. */
  let settle: ((answer: JobAnswer<Reply>) => void) | undefined;
  let closed = false;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  function start(): Worker {
    const thread = new Worker(module, { resourceLimits: { maxOldGenerationSizeMb: memoryMb } });
    const lost = (code: 'failed' | 'closed', detail?: string): void => {
      if (thread !== worker) return;
      worker = undefined;
      settle?.(refused(code, detail));
    };
    thread.on('message', (reply: Reply) => settle?.({ ok: true, reply }));
    thread.on('error', (error) => lost('failed', errorCodeOrName(error)));
    thread.on('exit', () => lost(closed ? 'closed' : 'failed'));
    return thread;
  }

  /** What the thread says from now on counts no more. */
  async function end(): Promise<void> {
    clearTimeout(idle);
    const thread = worker;
    worker = undefined;
    await thread?.terminate();
  }

  async function attempt(job: Job, transfer: readonly ArrayBuffer[]): Promise<JobAnswer<Reply>> {
    if (closed) return refused('closed');
    clearTimeout(idle);
    worker ??= start();
    const thread = worker;
    let deadline: NodeJS.Timeout | undefined;
    const answer = await new Promise<JobAnswer<Reply>>((resolve) => {
      settle = resolve;
      deadline = setTimeout(() => resolve(refused('timeout', `${timeoutMs} ms`)), timeoutMs);
      thread.postMessage(job, transfer);
    });
    settle = undefined;
    clearTimeout(deadline);
    if (answer.ok) idle = setTimeout(() => void end(), idleMs).unref();
    else await end();
    return answer;
  }

  return {
    run(job, transfer = []) {
      if (closed) return Promise.resolve(refused('closed'));
      if (waiting >= maxWaiting) return Promise.resolve(refused('busy'));
      waiting += 1;
      const answer = last.then(() => attempt(job, transfer));
      last = answer.finally(() => {
        waiting -= 1;
      });
      return answer;
    },
    async close() {
      closed = true;
      settle?.(refused('closed'));
      await end();
      await last;
    },
  };
}

function refused(code: 'busy' | 'timeout' | 'failed' | 'closed', detail: string = code): JobAnswer<never> {
  return { ok: false, code, detail };
}
