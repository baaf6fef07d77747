/**
 * Rounds of faults, and their recovery times. In each round the pool finds blocks on top of each other, and pushes each until the relay
 * confirms that it is safe; meanwhile one fault starts and ends. Then a new block must reach dashd and every peer, and with it all pushed
 * blocks.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BlockVerdict } from '../../src/contracts/events.js';
import { parseBlockEvent } from '../../src/delivery/block-event.js';
import { until } from '../support/relay-process.js';
import { hashOf } from '../support/relay-under-test.js';
import { isGone } from '../support/shell-started-relay.js';
import { spin, spooled } from '../support/survival-tests.js';
import { ChaosNetwork } from './chaos-network.js';
import { INJECT, whySkipped } from './faults.js';
import { type Fault, plan, type Round } from './plan.js';

export interface CampaignOptions {
  readonly seed: number;
  readonly rounds: number;
  /** No round starts after this time. */
  readonly seconds?: number;
  readonly faults?: readonly Fault[];
  readonly simulated?: boolean;
  readonly print?: (line: string) => void;
}

export interface RoundResult {
  readonly round: Round;
  readonly skipped?: string;
  readonly pushed: number;
  /** The failures, as text; empty when there were none. */
  readonly faults: readonly string[];
  /** From the end of the fault, including the start of processes, until all nodes have a new block, milliseconds. */
  readonly recoveryMs: number;
  /** The same for each node, by name. */
  readonly nodeMs: Readonly<Record<string, number>>;
}

export interface CampaignResult {
  readonly rounds: readonly RoundResult[];
  /** Failures found at the end, not in a round. */
  readonly faults: readonly string[];
}

/** The longest time before a step counts as hanging. */
const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 20;
const LOG_TAIL = 4_000;

/** Runs a plan until its rounds or its time are over, or a round failed. */
export async function campaign(options: CampaignOptions): Promise<CampaignResult> {
  const { seed, rounds: count, seconds = Number.POSITIVE_INFINITY, faults, simulated = false } = options;
  const print = options.print ?? (() => undefined);
  const network = await ChaosNetwork.open(simulated);
  const rounds: RoundResult[] = [];
  const pushed: string[] = [];
  try {
    print(
      `seed ${seed}: a relay, ${network.isReal ? 'dashd' : 'a simulated dashd'}, ${network.peers.length} simulated peers`,
    );
    const from = performance.now();
    for (const round of plan(seed, faults)) {
      if (round.number > count || performance.now() - from > seconds * 1_000) break;
      const skipped = whySkipped(round.fault, network);
      const result =
        skipped === undefined
          ? await play(network, round, pushed)
          : { round, skipped, pushed: 0, faults: [], recoveryMs: 0, nodeMs: {} };
      rounds.push(result);
      print(describeRound(seed, result));
      if (result.faults.length > 0) {
        print(`the end of the relay's log:\n${network.relay.output.slice(-LOG_TAIL)}`);
        break;
      }
    }
    const faultsAtEnd = rounds.some((result) => result.faults.length > 0) ? [] : await end(network, pushed);
    return { rounds, faults: faultsAtEnd };
  } finally {
    await network.close();
  }
}

async function play(network: ChaosNetwork, round: Round, allPushed: string[]): Promise<RoundResult> {
  const { relay } = network;
  const pool = network.openPool();
  const raws = network.mine(round.blocks + 1);
  const hashes = raws.map(hashOf);
  allPushed.push(...hashes);
  const faults: string[] = [];
  const nodeMs: Record<string, number> = {};
  try {
    const push = async (index: number): Promise<void> => {
      const raw = raws[index] ?? Buffer.alloc(0);
      const answer = await pool.push(raw, hashes[index] ?? '', { giveUpAfterMs: PATIENCE_MS });
      if (answer === undefined) faults.push(`block ${hashes[index]} was not taken within ${PATIENCE_MS} ms`);
      if (answer?.type === 'refused') faults.push(`block ${hashes[index]} was refused: ${JSON.stringify(answer)}`);
    };
    const pushes = [push(0)];
    await spin(round.delayMs);
    const heal = await INJECT[round.fault](network, round);
    for (let index = 1; index < round.blocks; index += 1) {
      await spin(round.holdMs / round.blocks);
      pushes.push(push(index));
    }
    await spin(round.holdMs / round.blocks);
    const from = performance.now();
    await heal();
    pushes.push(push(round.blocks));
    await untilEverywhere(network, hashes.at(-1) ?? '', (node) => {
      nodeMs[node] = Math.round(performance.now() - from);
    });
    const lost = await lacking(network, hashes);
    faults.push(...lost.map(({ hash, nodes }) => `block ${hash} is lost: ${nodes.join(', ')} lack it`));
    if (lost.length === 0) await Promise.all(pushes);
    if (isGone(relay.pid)) faults.push('the relay ended by itself');
    if (faults.length === 0) {
      faults.push(...(await untilJudged(network, hashes)));
      network.settle(raws);
    }
  } finally {
    pool.close();
  }
  const recoveryMs = Math.max(0, ...Object.values(nodeMs));
  return { round, pushed: raws.length, faults, recoveryMs, nodeMs };
}

/** Waits until all nodes have a block, or it takes too long. @param reached is called for each node that has it, once */
async function untilEverywhere(network: ChaosNetwork, hash: string, reached: (node: string) => void): Promise<void> {
  const from = performance.now();
  const waiting = new Set(network.nodes.map(({ name }) => name));
  for (;;) {
    const lackers = await network.lackers(hash);
    for (const node of waiting) {
      if (lackers.includes(node)) continue;
      waiting.delete(node);
      reached(node);
    }
    if (waiting.size === 0 || performance.now() - from > PATIENCE_MS) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** The blocks that some nodes lack. */
async function lacking(
  network: ChaosNetwork,
  hashes: readonly string[],
): Promise<readonly { readonly hash: string; readonly nodes: readonly string[] }[]> {
  const found = await Promise.all(hashes.map(async (hash) => ({ hash, nodes: await network.lackers(hash) })));
  return found.filter(({ nodes }) => nodes.length > 0);
}

/** All nodes have the blocks: the relay's last verdict on each must be `delivered`. */
async function untilJudged({ relay }: ChaosNetwork, hashes: readonly string[]): Promise<readonly string[]> {
  const wrong = (): readonly string[] =>
    hashes.flatMap((hash) => {
      const last = relay.events.findLast((event) => event.type === 'verdict' && event.hash === hash);
      return last?.type === 'verdict' && last.success && last.outcome === 'delivered'
        ? []
        : [`block ${hash} is everywhere, and its verdict is ${JSON.stringify(last)}`];
    });
  return until('true verdicts', () => (wrong().length === 0 ? [] : undefined), LOOK_EVERY_MS, PATIENCE_MS).catch(wrong);
}

/** Stops the relay. @returns faults of its shutdown, or of its history */
async function end({ relay }: ChaosNetwork, pushed: readonly string[]): Promise<readonly string[]> {
  const code = await relay.kill('SIGTERM');
  const kept = new Map<string, BlockVerdict>();
  for (const line of readFileSync(join(relay.folder, 'blocks.jsonl'), 'utf8').split('\n')) {
    const event = parseBlockEvent(line);
    if (event?.type === 'verdict') kept.set(event.hash, event);
  }
  // Blocks that it was about to send again stay in the spool until the next start.
  const waiting = new Set(spooled(relay));
  const missing = pushed.filter((hash) => kept.get(hash)?.success !== true && !waiting.has(`${hash}.block`));
  return [
    ...(code === 0 ? [] : [`asked to stop, the relay ended with ${code}`]),
    ...missing.map(
      (hash) =>
        `block ${hash} is not in the spool and has no good verdict in the history: ${JSON.stringify(kept.get(hash))}`,
    ),
  ];
}

function describeRound(seed: number, { round, skipped, pushed, faults, nodeMs }: RoundResult): string {
  const head = `seed ${seed} round ${round.number}: ${describeFault(round)}`;
  if (skipped !== undefined) return `${head}; skipped: ${skipped}`;
  const lost = faults.length === 0 ? 'lost 0' : `FAILED: ${faults.join('; ')}`;
  const recovery = Object.entries(nodeMs).map(([node, ms]) => `${node} ${ms} ms`);
  return `${head}; pushed ${pushed}, ${lost}; recovery: ${recovery.join(', ')}`;
}

/** The plan: the same for the same seed, whatever the results. */
export function describeFault({ fault, scope, clockMs, delayMs, holdMs, peer }: Round): string {
  const details: Partial<Record<Fault, string>> = {
    'partition-silent': `${scope} `,
    'partition-refused': `${scope} `,
    'clock-jump': `${clockMs} ms `,
    'peer-kill': `${peer} `,
    'peer-freeze': `${peer} `,
  };
  return `${fault} ${details[fault] ?? ''}(${delayMs} ms after a push, for ${holdMs} ms)`;
}
