/**
 * How long turns of the event loop block it. With fewer cores than threads (V8's compiler and collector have their own), the loop's thread
 * also waits for its core: what it worked itself is told apart by the kernel's account of it.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Hold {
  /** The longest block of the event loop, ms. */
  readonly maxMs: number;
  /** The longest that the thread worked between two looks, ms of processor time; absent on platforms other than Linux. */
  readonly workedMs?: number;
}

/** Time between two looks, ms. */
const STEP_MS = 1;

export class HoldMeter {
  private readonly delay = monitorEventLoopDelay({ resolution: STEP_MS });
  private worked = threadTimeMs();
  private longest = 0;
  private isOn = false;

  /** @returns since the last call; the first one starts the measurement, whose looks take some 2 % of a core */
  take(): Hold {
    // Each measured interval includes the step.
    const maxMs = Math.max(0, this.delay.max / 1e6 - STEP_MS);
    const { longest } = this;
    if (!this.isOn) this.start();
    this.delay.reset();
    this.longest = 0;
    return { maxMs, ...(this.worked !== undefined && { workedMs: longest }) };
  }

  private start(): void {
    this.isOn = true;
    this.worked = threadTimeMs();
    this.delay.enable();
    if (this.worked !== undefined) setInterval(() => this.look(), STEP_MS).unref();
  }

  private look(): void {
    const now = threadTimeMs() ?? 0;
    this.longest = Math.max(this.longest, now - (this.worked ?? now));
    this.worked = now;
  }
}

/** Processor time of this thread since its start, ms. Source: Linux, Documentation/scheduler/sched-stats.rst. */
function threadTimeMs(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [nanoseconds] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ', 1);
  return Number(nanoseconds) / 1e6;
}
