/**
 * The relay has the only copy of a block: dashd and all peers are stuck. Its process is killed, or its machine loses power, at each piece of
 * work that its disk does, one run for each. What the events promised holds: a block that was received survives the process, one that
 * was stored survives the loss of power.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayEvent } from '../../../src/contracts/events.js';
import { type LiveNetwork, startLiveNetwork } from '../../../src/simulation/live/start.js';
import type { Hash } from '../../../src/wire/reader.js';
import { events, hashOf } from './support.js';

/** Virtual milliseconds. */
const START_MS = 30_000;
const WATCH_MS = 1_500;
const NODES = 2;

type Crash = 'kill' | 'losePower';
const PROMISE = { kill: 'received', losePower: 'stored' } as const satisfies Record<Crash, RelayEvent['type']>;

/** Nobody takes blocks, until told otherwise. */
function setStuck({ dashd, nodes }: LiveNetwork, isStuck: boolean): void {
  dashd.rpcFaults = isStuck ? { hangs: true } : {};
  for (const node of [dashd.node, ...nodes.map((each) => each.node)]) node.behaviour = isStuck ? { stuck: true } : {};
}

function isPromised(network: LiveNetwork, crash: Crash, hash: Hash): boolean {
  return events(network).some(
    (event) =>
      event.type === PROMISE[crash] &&
      event.hash === hash &&
      (event.type !== 'received' || event.unspooled === undefined),
  );
}

/** @returns undefined when the disk did less work than that; otherwise whether the block was promised to survive, and did */
async function crashAt(work: number, crash: Crash): Promise<{ promised: boolean; survived: boolean } | undefined> {
  const network = await startLiveNetwork({ seed: work, nodes: NODES, blocks: 1 });
  const { driver, relay, disk, dashd } = network;
  await network.connected(NODES + 1);
  setStuck(network, true);
  const raw = network.mine();
  const hash = hashOf(raw);
  let done = 0;
  disk.fault = () => {
    done += 1;
    if (done === work) driver.engine.after(0, () => relay[crash]());
    return undefined;
  };
  network.pool.push(raw);
  if (!(await driver.until(() => relay.state === 'down', WATCH_MS))) return undefined;
  const promised = isPromised(network, crash, hash);
  await driver.run(10_000);
  assert.notEqual(dashd.node.chain.tip.hash, hash, 'the relay has the only copy');
  for (const node of [dashd, ...network.nodes]) await driver.settled(node.stop(), START_MS);
  setStuck(network, false);
  for (const node of [dashd, ...network.nodes]) await driver.settled(node.start(), START_MS);
  await driver.settled(relay.start(), START_MS);
  const survived = await driver.until(() => dashd.node.chain.tip.hash === hash, START_MS);
  return { promised, survived };
}

for (const crash of ['kill', 'losePower'] as const) {
  test(`a block that is ${PROMISE[crash]} survives: ${crash} at each piece of the disk's work`, async (t) => {
    const seen = { promised: 0, survived: 0, lost: 0 };
    for (let work = 1; ; work += 1) {
      const outcome = await crashAt(work, crash);
      if (outcome === undefined) break;
      assert.ok(outcome.survived || !outcome.promised, `lost at work ${work}`);
      seen.promised += outcome.promised ? 1 : 0;
      seen[outcome.survived ? 'survived' : 'lost'] += 1;
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok(seen.promised > 0 && seen.lost > 0, JSON.stringify(seen));
  });
}
