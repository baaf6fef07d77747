/** Tests of a relay in a burst of blocks, with a simulated dashd and peers (test/e2e) or real ones (test/dashd). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { BlockVerdict } from '../../src/contracts/events.js';
import { type RelayProcess, until } from './relay-process.js';
import { hashOf } from './relay-under-test.js';
import type { TestNetwork } from './survival-tests.js';

export interface Burst {
  readonly blocks: number;
  /** Size of each block, bytes. */
  readonly size?: number;
  /** Memory of the whole process, MB. */
  readonly maxRssMb: number;
  /** The longest that `/healthz` may take, ms, as seen by a process that may be busy itself. */
  readonly maxHealthMs: number;
}

const HEALTH_EVERY_MS = 25;
/** A loaded machine takes minutes to check 120 MB of blocks in three nodes. */
const PATIENCE_MS = 240_000;

/** @param http where the relay's pages are */
export function burstTests(
  relay: RelayProcess,
  network: TestNetwork,
  http: () => string,
  bursts: readonly Burst[],
): void {
  for (const { blocks, size, maxRssMb, maxHealthMs } of bursts) {
    const what = size === undefined ? '' : ` of ${size} bytes`;
    test(`${blocks} blocks${what} at once: a verdict each, in order, nobody dropped, and the pages answer`, async (context) => {
      const raws = await network.mine(blocks, size);
      const hashes = raws.map(hashOf);
      const health = new HealthWatch(http());
      const from = performance.now();
      for (const raw of raws) await relay.push(raw);
      const pushedMs = performance.now() - from;
      const verdicts = await until(
        () =>
          `all verdicts with all peers, with ${verdictsOf(relay, hashes).map((verdict) => verdict.peersReached)} of ${network.peers}`,
        () => {
          const known = verdictsOf(relay, hashes);
          return known.length === blocks && known.every(({ peersReached }) => peersReached === network.peers)
            ? known
            : undefined;
        },
        50,
        PATIENCE_MS,
      );
      const doneMs = performance.now() - from;
      const healthMs = await health.stop();
      const lacking = await Promise.all([hashes[0], hashes.at(-1)].map((hash) => network.lackers(hash ?? '')));
      context.diagnostic(
        JSON.stringify({
          blocks,
          size,
          pushedMs,
          doneMs,
          healthMs,
          asked: health.asked,
          rssMb: peakMb(relay.pid),
        }),
      );
      assert.deepEqual(lacking, [0, 0]);
      assert.ok(verdicts.every(({ outcome, success }) => outcome === 'delivered' && success));
      const reported = relay.events.flatMap((event) => (event.type === 'received' ? [event.hash] : []));
      assert.deepEqual(
        reported.filter((hash) => hashes.includes(hash)),
        hashes,
      );
      assert.ok(!/"type":"peer-lost"/.test(relay.output), relay.output);
      // The longest depends on the machine as well: three dashds check the blocks at the same time.
      assert.ok(healthMs.p95 < maxHealthMs, `/healthz took ${healthMs.p95} ms`);
      assert.ok(peakMb(relay.pid) < maxRssMb, `${peakMb(relay.pid)} MB`);
    });
  }
}

/** The last verdict on each block. */
function verdictsOf(relay: RelayProcess, hashes: readonly string[]): readonly BlockVerdict[] {
  const wanted = new Set(hashes);
  const last = new Map<string, BlockVerdict>();
  for (const event of relay.events) if (event.type === 'verdict' && wanted.has(event.hash)) last.set(event.hash, event);
  return [...last.values()];
}

/** Asks `/healthz` again and again. */
class HealthWatch {
  asked = 0;
  private readonly times: number[] = [];
  private stopped = false;
  private readonly done: Promise<void>;

  constructor(url: string) {
    this.done = this.watch(url);
  }

  /** @returns how long answers took, ms: the 95th percentile and the longest */
  async stop(): Promise<{ readonly p95: number; readonly worst: number }> {
    this.stopped = true;
    await this.done;
    const times = this.times.sort((a, b) => a - b);
    return { p95: times[Math.floor(times.length * 0.95)] ?? 0, worst: times.at(-1) ?? 0 };
  }

  private async watch(url: string): Promise<void> {
    while (!this.stopped) {
      const from = performance.now();
      const reply = await fetch(`${url}/healthz`);
      await reply.text();
      this.times.push(performance.now() - from);
      this.asked += 1;
      await new Promise((resolve) => setTimeout(resolve, HEALTH_EVERY_MS));
    }
  }
}

/** The most memory that a process had. */
function peakMb(pid: number): number {
  const kb = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kb) / 1024);
}
