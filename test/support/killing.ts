/** Kills a relay again and again around the blocks that it is given, and counts those that are lost: the tests and the long form share it. */
import { readdirSync } from 'node:fs';
import { between } from '../../src/demo/seeded-random.js';
import type { Random } from '../../src/time.js';
import { type RelayProcess, until } from './process.js';
import { hashOf } from './relay.js';

/** The network around the relay, simulated or real. */
export interface KillingGround {
  /** A block on dashd's tip that nobody has. */
  mine(): Promise<Buffer>;
  /** How many nodes lack the block, dashd among them. */
  lackers(hash: string): Promise<number>;
  /** How many peers are to be connected before a block is pushed, dashd among them. */
  readonly peers: number;
}

export interface Losses {
  readonly blocks: number;
  /** Not at dashd and all peers after the restart. */
  readonly lost: string[];
  /** Not yet at dashd and all peers when the relay was killed. */
  readonly lackedAtKill: number;
  /** Killed before `received`. */
  readonly pushedAgain: number;
  /** From the restart until all had it, milliseconds. */
  readonly recoveryMs: number[];
}

/** When the relay is killed: after `received`, or after the push, while the block is being taken and written. */
export type Moment = 'after received' | 'after push';

export async function killAround(
  relay: RelayProcess,
  ground: KillingGround,
  options: { readonly kills: number; readonly moment: Moment; readonly withinMs: number; readonly random: Random },
): Promise<Losses> {
  const { kills, moment, withinMs, random } = options;
  const lost: string[] = [];
  const recoveryMs: number[] = [];
  let lackedAtKill = 0;
  let pushedAgain = 0;
  for (let turn = 0; turn < kills; turn += 1) {
    await relay.start();
    await untilConnected(relay, ground.peers);
    const raw = await ground.mine();
    const hash = hashOf(raw);
    let isTold = false;
    const told = relay.next('received', hash).then(() => {
      isTold = true;
    });
    await relay.push(raw);
    if (moment === 'after received') await told;
    await spin(random.float() * withinMs);
    await relay.kill();
    if ((await ground.lackers(hash)) > 0) lackedAtKill += 1;
    const restarted = performance.now();
    await relay.start();
    // Without `received` nothing was promised: the pool pushes again.
    if (!isTold) {
      pushedAgain += 1;
      await pushAgain(relay, raw);
    }
    if (await settles(() => ground.lackers(hash))) recoveryMs.push(Math.round(performance.now() - restarted));
    else lost.push(hash);
    await relay.kill(between(random, 0, 1) === 0 ? 'SIGKILL' : 'SIGTERM');
  }
  return { blocks: kills, lost, lackedAtKill, pushedAgain, recoveryMs };
}

async function pushAgain(relay: RelayProcess, raw: Buffer): Promise<void> {
  const answered = Promise.race([relay.next('received', hashOf(raw)), relay.next('repeated', hashOf(raw))]);
  await relay.push(raw);
  await answered;
}

/** Waits until nobody lacks the block. @returns false when that takes longer than any recovery may */
async function settles(lackers: () => Promise<number>, patienceMs = 15_000): Promise<boolean> {
  const from = performance.now();
  while ((await lackers()) > 0) {
    if (performance.now() - from > patienceMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

export async function untilConnected(relay: RelayProcess, peers: number): Promise<void> {
  await until(`${peers} peers: ${relay.output}`, () =>
    new Set([...relay.output.matchAll(/(?:local dashd|peer) (\S+) connected/g)].map(([, peer]) => peer)).size >= peers
      ? true
      : undefined,
  );
}

/** Files that hold a block, or the start of one. */
export function spooled(relay: RelayProcess): string[] {
  try {
    return readdirSync(relay.spool);
  } catch {
    return [];
  }
}

/** A timer would wake a millisecond late. */
async function spin(ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
}
