/** What must hold of a relay that is killed or stopped at any instant, whoever its dashd and peers are: simulated (test/e2e) or real (test/dashd). */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { SeededRandom } from '../../src/demo/seeded-random.js';
import type { Random } from '../../src/time.js';
import { type RelayProcess, until } from './process.js';
import { hashOf } from './relay.js';

/** The network around a relay. */
export interface Ground {
  /** Flags that lead a relay to it. */
  readonly flags: readonly string[];
  /** How many peers there are, dashd among them. */
  readonly peers: number;
  /** Blocks one upon the other on dashd's tip, which nobody has. */
  mine(count: number, size?: number): Promise<Buffer[]>;
  /** How many nodes lack the block in their active chain. */
  lackers(hash: string): Promise<number>;
  /** Ends all nodes, dashd among them, or starts them again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

interface Losses {
  /** Not at dashd and all peers after the restart. */
  readonly lost: readonly string[];
  /** Not yet there when the relay was killed. */
  readonly lackedAtKill: number;
  /** Killed before `received`: nothing was promised, and the pool pushes again. */
  readonly pushedAgain: number;
  /** From the restart until all have the block, its start-up included, milliseconds. */
  readonly recoveryMs: { readonly median: number; readonly most: number };
}

/** Short in the suite; `KILLS=100` for the long form. */
const KILLS = Number(process.env['KILLS'] ?? 3);
const SEED = Number(process.env['SEED'] ?? 10);
const BLOCKS_WHILE_DOWN = 20;

export function survivalTests(relay: RelayProcess, ground: Ground): void {
  test(`killed within 50 ms after it told of a block: of ${KILLS} none is lost`, async (context) => {
    const losses = await killAround(relay, ground, {
      kills: KILLS,
      moment: 'received',
      withinMs: 50,
      seed: SEED,
    });
    context.diagnostic(JSON.stringify(losses));
    assert.deepEqual(losses.lost, []);
  });

  test(`killed while it takes and writes a block: of ${2 * KILLS} none is lost, when the pool pushes again what was not told`, async (context) => {
    const losses = await killAround(relay, ground, {
      kills: 2 * KILLS,
      moment: 'writing',
      withinMs: 1,
      seed: SEED + 1,
    });
    context.diagnostic(JSON.stringify(losses));
    assert.deepEqual(losses.lost, []);
  });

  test('killed with nobody to send to: its blocks are on disk, and go out in order when it is back', async () => {
    await relay.start();
    await untilConnected(relay, ground.peers);
    const chain = await ground.mine(BLOCKS_WHILE_DOWN);
    await ground.stop();
    for (const raw of chain) {
      const received = relay.next('received', hashOf(raw));
      await relay.push(raw);
      const event = await received;
      assert.ok(event.type === 'received' && event.unspooled === undefined);
    }
    await relay.kill();
    for (const raw of chain) assert.ok(spooled(relay).includes(`${hashOf(raw)}.block`), `${hashOf(raw)} is on disk`);

    await ground.start();
    const verdicts = chain.map((raw) => relay.next('verdict', hashOf(raw)));
    await relay.start();
    for (const raw of chain)
      assert.ok(await settles(() => ground.lackers(hashOf(raw))), `${hashOf(raw)} is everywhere`);
    for (const verdict of await Promise.all(verdicts)) {
      assert.ok(verdict.type === 'verdict' && verdict.success && verdict.late === 'recovered', JSON.stringify(verdict));
    }
    await until('the spool to be empty', () => (spooled(relay).length === 0 ? true : undefined));
    await relay.kill('SIGTERM');
  });

  test(`asked to stop within 20 ms after a push: of ${KILLS} none is lost, and each has its verdict`, async (context) => {
    const random = new SeededRandom(SEED + 2);
    const tookMs: number[] = [];
    for (let turn = 0; turn < KILLS; turn += 1) {
      await relay.start();
      await untilConnected(relay, ground.peers);
      const [raw = Buffer.alloc(0)] = await ground.mine(1);
      const verdict = relay.next('verdict', hashOf(raw));
      await relay.push(raw);
      await spin(random.float() * 20);
      const from = performance.now();
      assert.equal(await relay.kill('SIGTERM'), 0, relay.output);
      tookMs.push(performance.now() - from);
      const told = await verdict;
      assert.ok(told.type === 'verdict' && told.success, JSON.stringify(told));
      assert.equal(await ground.lackers(hashOf(raw)), 0);
    }
    context.diagnostic(JSON.stringify({ stoppedWithinMs: Math.round(Math.max(...tookMs)) }));
  });
}

export async function killAround(
  relay: RelayProcess,
  ground: Ground,
  options: {
    readonly kills: number;
    /** `writing`: there is a first trace of the block in the spool. */
    readonly moment: 'received' | 'writing';
    readonly withinMs: number;
    readonly seed: number;
  },
): Promise<Losses> {
  const { kills, moment, withinMs, seed } = options;
  const random: Random = new SeededRandom(seed);
  const lost: string[] = [];
  const recovered: number[] = [];
  let lackedAtKill = 0;
  let pushedAgain = 0;
  await relay.start();
  for (let turn = 0; turn < kills; turn += 1) {
    await untilConnected(relay, ground.peers);
    const [raw = Buffer.alloc(0)] = await ground.mine(1);
    const hash = hashOf(raw);
    let isTold = false;
    const told = relay.next('received', hash).then(() => {
      isTold = true;
    });
    await relay.push(raw);
    if (moment === 'received') await told;
    else await untilTraced(relay, hash);
    await spin(random.float() * withinMs);
    await relay.kill();
    if ((await ground.lackers(hash)) > 0) lackedAtKill += 1;
    const restarted = performance.now();
    await relay.start();
    if (!isTold) {
      pushedAgain += 1;
      await pushAgain(relay, raw);
    }
    if (await settles(() => ground.lackers(hash))) recovered.push(performance.now() - restarted);
    else lost.push(hash);
  }
  await relay.kill('SIGTERM');
  const sorted = recovered.sort((a, b) => a - b).map(Math.round);
  const recoveryMs = { median: sorted[Math.floor(sorted.length / 2)] ?? 0, most: sorted.at(-1) ?? 0 };
  return { lost, lackedAtKill, pushedAgain, recoveryMs };
}

/** Polls as fast as it can: the write takes less than a millisecond. */
async function untilTraced(relay: RelayProcess, hash: string): Promise<void> {
  const from = performance.now();
  while (!spooled(relay).some((name) => name.startsWith(hash))) {
    assert.ok(performance.now() - from < 10_000, `no trace of ${hash} in the spool: ${relay.output}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function pushAgain(relay: RelayProcess, raw: Buffer): Promise<void> {
  const answered = Promise.race([relay.next('received', hashOf(raw)), relay.next('repeated', hashOf(raw))]);
  await relay.push(raw);
  await answered;
}

/** Waits until nobody lacks the block. @returns false when that takes longer than any recovery may */
export async function settles(lackers: () => Promise<number>, patienceMs = 30_000): Promise<boolean> {
  const from = performance.now();
  while ((await lackers()) > 0) {
    if (performance.now() - from > patienceMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

export async function untilConnected(relay: RelayProcess, peers: number): Promise<void> {
  const connected = () =>
    new Set([...relay.output.matchAll(/(?:local dashd|peer) (\S+) connected/g)].map(([, peer]) => peer));
  await until(`${peers} peers: ${relay.output}`, () => (connected().size >= peers ? true : undefined));
}

/** The names of the files in the spool. */
export function spooled(relay: RelayProcess): string[] {
  try {
    return readdirSync(relay.spool);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** A timer would wake a millisecond late. */
export async function spin(ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
}
