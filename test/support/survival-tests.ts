/** Tests of a relay that is killed or stopped at any time, with a simulated dashd and peers (test/e2e) or real ones (test/dashd). */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { BlockEvent, BlockVerdict } from '../../src/contracts/events.js';
import { parseBlockEvent } from '../../src/delivery/block-event.js';
import { SeededRandom } from '../../src/simulated/seeded-random.js';
import type { Random } from '../../src/time.js';
import { PATIENCE_MS } from './patience.js';
import { type RelayProcess, until } from './relay-process.js';
import { hashOf } from './relay-under-test.js';

/** The network around a relay. */
export interface TestNetwork {
  /** Flags that connect a relay to it. */
  readonly flags: readonly string[];
  /** How many peers there are, dashd among them. */
  readonly peers: number;
  /** A chain of blocks on dashd's tip that no node has. */
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

export function survivalTests(relay: RelayProcess, network: TestNetwork): void {
  test(`killed within 50 ms after it reported a block: of ${KILLS} none is lost`, async (context) => {
    const losses = await killAround(relay, network, {
      kills: KILLS,
      moment: 'received',
      withinMs: 50,
      seed: SEED,
    });
    context.diagnostic(JSON.stringify(losses));
    assert.deepEqual(losses.lost, []);
  });

  test(`killed while it takes and writes a block: of ${2 * KILLS} none is lost, when the pool pushes again what was not reported`, async (context) => {
    const losses = await killAround(relay, network, {
      kills: 2 * KILLS,
      moment: 'writing',
      withinMs: 1,
      seed: SEED + 1,
    });
    context.diagnostic(JSON.stringify(losses));
    assert.deepEqual(losses.lost, []);
  });

  test(`killed ${KILLS} times within 50 ms after it reported a block that nobody else has: all are on disk, and go out in order when it is back`, async (context) => {
    const random = new SeededRandom(SEED + 3);
    const chain = await network.mine(KILLS);
    await network.stop();
    for (const raw of chain) {
      await relay.start();
      await pushUntilReported(relay, raw);
      await spin(random.float() * 50);
      await relay.kill();
    }
    const kept = new Set(spooled(relay));
    for (const raw of chain) assert.ok(kept.has(`${hashOf(raw)}.block`), `${hashOf(raw)} is on disk`);

    await network.start();
    const from = performance.now();
    await relay.start();
    await assertDelivered(relay, network, chain, 'recovered');
    context.diagnostic(JSON.stringify({ allDeliveredMs: Math.round(performance.now() - from) }));
  });

  test(`${BLOCKS_WHILE_DOWN} blocks that are pushed while it is down: taken in their order, and at all nodes with a verdict each when it is back`, async (context) => {
    const chain = await network.mine(BLOCKS_WHILE_DOWN);
    for (const raw of chain) await relay.push(raw);
    const from = performance.now();
    await relay.start();
    await assertDelivered(relay, network, chain);
    context.diagnostic(JSON.stringify({ allDeliveredMs: Math.round(performance.now() - from) }));
  });

  test(`asked to stop within 20 ms after a push: of ${KILLS} none is lost, and each has its verdict`, async (context) => {
    const random = new SeededRandom(SEED + 2);
    const tookMs: number[] = [];
    for (let turn = 0; turn < KILLS; turn += 1) {
      await relay.start();
      await relay.connected(network.peers);
      const [raw = Buffer.alloc(0)] = await network.mine(1);
      const verdict = relay.next('verdict', hashOf(raw));
      await relay.push(raw);
      await spin(random.float() * 20);
      const from = performance.now();
      assert.equal(await relay.kill('SIGTERM'), 0, relay.output);
      tookMs.push(performance.now() - from);
      const reported = await verdict;
      assert.ok(reported.type === 'verdict' && reported.success, JSON.stringify(reported));
      assert.equal(await network.lackers(hashOf(raw)), 0);
    }
    context.diagnostic(JSON.stringify({ stoppedWithinMs: Math.round(Math.max(...tookMs)) }));
  });
}

export async function killAround(
  relay: RelayProcess,
  network: TestNetwork,
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
    await relay.connected(network.peers);
    const [raw = Buffer.alloc(0)] = await network.mine(1);
    const hash = hashOf(raw);
    let isReported = false;
    const reported = relay.next('received', hash).then(() => {
      isReported = true;
    });
    await relay.push(raw);
    if (moment === 'received') await reported;
    else await untilTraced(relay, hash);
    await spin(random.float() * withinMs);
    await relay.kill();
    if ((await network.lackers(hash)) > 0) lackedAtKill += 1;
    const restarted = performance.now();
    await relay.start();
    if (!isReported) {
      pushedAgain += 1;
      await pushAgain(relay, raw);
    }
    if (await settles(() => network.lackers(hash))) recovered.push(performance.now() - restarted);
    else lost.push(hash);
  }
  await relay.kill('SIGTERM');
  const sorted = recovered.sort((a, b) => a - b).map(Math.round);
  const recoveryMs = { median: sorted[Math.floor(sorted.length / 2)] ?? 0, most: sorted.at(-1) ?? 0 };
  return { lost, lackedAtKill, pushedAgain, recoveryMs };
}

/** All nodes have the blocks, each has a verdict that says so, in the order of the chain, and the spool is empty: then the relay is stopped. */
async function assertDelivered(
  relay: RelayProcess,
  network: TestNetwork,
  chain: readonly Buffer[],
  late?: 'recovered',
): Promise<void> {
  const hashes = chain.map(hashOf);
  const from = relay.events.length;
  for (const hash of hashes) assert.ok(await settles(() => network.lackers(hash)), `${hash} is everywhere`);
  await until(
    () => `the spool to be empty: ${spooled(relay)}`,
    () => (spooled(relay).length === 0 ? true : undefined),
  );
  const places = new Map(hashes.map((hash, place) => [hash, place]));
  for (const [peer, order] of acknowledgedBy(relay.events.slice(from), places)) {
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      `the order at ${peer}`,
    );
  }
  assert.equal(await relay.kill('SIGTERM'), 0, relay.output);
  const verdicts = new Map<string, BlockVerdict>();
  const received: string[] = [];
  for (const line of readFileSync(relay.history, 'utf8').split('\n').slice(1, -1)) {
    const event = parseBlockEvent(Buffer.from(line));
    if (event === undefined || !('hash' in event) || !places.has(event.hash)) continue;
    if (event.type === 'received') received.push(event.hash);
    if (event.type === 'verdict') verdicts.set(event.hash, event);
  }
  assert.deepEqual(received.slice(-hashes.length), hashes, 'the order in which they were sent');
  for (const hash of hashes) {
    const verdict = verdicts.get(hash);
    assert.equal(verdict?.outcome, 'delivered', JSON.stringify(verdict));
    assert.equal(verdict?.peersReached, network.peers, JSON.stringify(verdict));
    if (late !== undefined) assert.equal(verdict?.late, late);
  }
}

/**
 * The blocks that each peer acknowledged, by their places in the chain, in the order of the events. The pool's own dashd is left out: it
 * has blocks over RPC as well, so what it already knows may be skipped over P2P.
 */
function acknowledgedBy(
  events: readonly BlockEvent[],
  places: ReadonlyMap<string, number>,
): ReadonlyMap<string, number[]> {
  const orders = new Map<string, number[]>();
  for (const event of events) {
    if (event.type !== 'proof' || event.status !== 'acknowledged' || event.protected) continue;
    const place = places.get(event.hash);
    if (place !== undefined) orders.set(event.peer, [...(orders.get(event.peer) ?? []), place]);
  }
  return orders;
}

/** As a careful pool does: a subscriber that connects while a relay starts may miss its first events. */
async function pushUntilReported(relay: RelayProcess, raw: Buffer): Promise<void> {
  const hash = hashOf(raw);
  const from = relay.events.length;
  const isReported = () =>
    relay.events
      .slice(from)
      .some((event) => (event.type === 'received' || event.type === 'repeated') && event.hash === hash);
  for (let tries = 0; tries < 6; tries += 1) {
    await relay.push(raw);
    const pushed = performance.now();
    while (performance.now() - pushed < 10_000) {
      if (isReported()) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  throw new Error(`${hash} was not reported of: ${relay.output}`);
}

/** Polls as fast as it can: the write takes less than a millisecond. */
async function untilTraced(relay: RelayProcess, hash: string): Promise<void> {
  const from = performance.now();
  while (!spooled(relay).some((name) => name.startsWith(hash))) {
    assert.ok(performance.now() - from < PATIENCE_MS, `no trace of ${hash} in the spool: ${relay.output}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function pushAgain(relay: RelayProcess, raw: Buffer): Promise<void> {
  const answered = Promise.race([relay.next('received', hashOf(raw)), relay.next('repeated', hashOf(raw))]);
  await relay.push(raw);
  await answered;
}

/** Waits until all nodes have the block. @returns false when that takes longer than a recovery may */
export async function settles(lackers: () => Promise<number>, patienceMs = PATIENCE_MS): Promise<boolean> {
  const from = performance.now();
  while ((await lackers()) > 0) {
    if (performance.now() - from > patienceMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
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

/** A timer would fire a millisecond late. */
export async function spin(ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
}
