/**
 * The cheap form as studies run it, against the full form: the same network with the same history, in which both know the same peers.
 *
 * What differs is known: the full form hands dashd the block over P2P, 50 µs later than a study's submission, and what proves a block
 * passes the uplinks beside it (agreement.test.ts).
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { contenderNamed } from '../../../src/simulation/contenders/catalogue.js';
import type { Contender } from '../../../src/simulation/contenders/contender.js';
import type { Micros } from '../../../src/simulation/engine.js';
import type { Seen } from '../../../src/simulation/faults/observation.js';
import { WireTap } from '../../../src/simulation/faults/wire-tap.js';
import { FullForm } from '../../../src/simulation/live/full-form.js';
import { readNetData } from '../../../src/simulation/net/data.js';
import { threshold } from '../../../src/simulation/network/chain-locks.js';
import type { NodeId } from '../../../src/simulation/network/plan.js';
import { RunRandom } from '../../../src/simulation/random.js';
import type { Scenario } from '../../../src/simulation/scenario.js';
import { ASSUMPTIONS, type Model } from '../../../src/simulation/study/model.js';
import { RaceRun } from '../../../src/simulation/study/race-run.js';
import { nthTime } from '../../../src/simulation/study/statistics.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { NO_CHANGES, PORT, rankedPeerFile } from './ranked-peers.js';

const RUNS = 20;
const SEED = 1;
/** One that twenty peers are sent whole: what the compact form costs is that of the nodes behind the fronts. */
const BLOCK_BYTES = 12_000;
/** From the pool's PUSH to the relay, part of what a study assumes for the start. */
const ZMQ: Micros = 100;
/** Of the relay, for each write. */
const WRITE: Micros = 20;
const TOLERANCE: Micros = 250;
/** The network as it is, and one of which twenty fit into a test. */
const WHOLE = { masternodes: 2_970, others: 430, offline: 0.05, processing: 1 };
const SMALL = { masternodes: 120, others: 30, offline: 0.05, processing: 1 };

before(loadX11);

function modelOf(): { readonly model: Model; readonly latency: string; readonly region: string } {
  const read = readNetData();
  assert.ok(read.ok);
  const [first] = read.data.tables;
  assert.ok(first);
  const [latency, table] = first;
  const transport = { jitterMs: 0, loss: 0 };
  const model = { ...ASSUMPTIONS, table, hosts: read.data.hosts, transport, warmUpBlocks: 4, asks: true };
  return { model, latency, region: table.regions[0] ?? '' };
}

function scenarioOf(network: Scenario['network'], latency: string, region: string): Scenario {
  return {
    ...{
      latency,
      blockBytes: BLOCK_BYTES,
      mempoolOverlap: 0.99,
      rival: { headStartsMs: [0] },
      contenders: ['scored-20'],
    },
    network,
    pool: { region, uplinkMbit: 100, share: 0.1, highBandwidth: true, writeMicros: WRITE },
  };
}

/** A study's run of the relay without quorum connections. @returns its peers, and when each node had the block */
function cheap(race: RaceRun, order?: readonly NodeId[]) {
  const scored = contenderNamed('scored-20');
  let peers: readonly NodeId[] = [];
  const connections: Contender['connections'] = (knowledge) => {
    peers = order ?? scored.connections(knowledge);
    return peers;
  };
  const name = order === undefined ? scored.name : 'ordered';
  const { times } = race.send({ ...scored, name, connections }, BLOCK_BYTES);
  return { peers, times };
}

/** The real relay in the same network, with a peer file that ranks the same peers. */
async function full(race: RaceRun, peers: readonly NodeId[], { startUp }: Model) {
  const { plan } = race;
  const pushed: string[] = [];
  const see = (seen: Seen): void => {
    if (seen.type === 'pushed') pushed.push(seen.peer);
  };
  const tap = new WireTap({ magic: NETWORKS.regtest.magic, dashd: { host: '127.0.0.1', port: PORT }, see });
  const stage = race.stage();
  const form = await FullForm.start({
    ...{ engine: stage.engine, carrier: stage.transport, network: stage.network, plan },
    ...{ random: new RunRandom(SEED, 'full'), peers: [], connections: peers.length, limits: NO_CHANGES },
    peerFile: rankedPeerFile(peers.map((id) => plan.nodes[id]?.ip ?? '')),
    processorTimes: { startUp: startUp - ZMQ, write: WRITE },
    wrap: (ports) => ({ ...ports, dial: tap.wrap(ports.dial) }),
  });
  await form.driver.run(10_000);
  const block = stage.network.newBlock(stage.network.start, BLOCK_BYTES);
  const raw = form.rawOf(block);
  const times = stage.watch(block.height);
  form.pool.push(raw);
  await form.driver.run(10_000);
  return { form, pushed, times };
}

/** Both forms, in one network: they must push the same, and reach each node at the same time. @returns by how much the lock differs */
async function compare(network: Scenario['network'], run: number): Promise<Micros> {
  const { model, latency, region } = modelOf();
  const race = new RaceRun(scenarioOf(network, latency, region), model, SEED, run);
  const study = cheap(race);
  const real = await full(race, study.peers, model);
  const ids = new Map(study.peers.map((id) => [real.form.placeOf(id), id]));
  assert.equal(real.pushed[0], `127.0.0.1:${PORT}`, `run ${run}: dashd first`);
  assert.deepEqual(real.pushed.slice(1).toSorted(), [...ids.keys()].toSorted(), `run ${run}: the pushes`);
  // Among peers that are equal to the plan of a push, the order is that in which they were connected.
  const ordered = cheap(
    race,
    real.pushed.slice(1).flatMap((place) => ids.get(place) ?? []),
  );
  for (const [node, at] of ordered.times.entries()) {
    const lag = (real.times[node] ?? Number.NaN) - at;
    assert.ok(Math.abs(lag) <= TOLERANCE, `run ${run}, node ${node}: ${lag} µs`);
  }
  const lock = (times: readonly Micros[]): Micros => nthTime(times, race.signers, threshold(race.signers.length));
  return lock(real.times) - lock(ordered.times);
}

describe("a study's run of today's relay is a run of the real one", () => {
  test(`in ${RUNS} small networks: the same pushes, the same time at every node to 0.25 ms`, async () => {
    const lags: Micros[] = [];
    for (let run = 0; run < RUNS; run += 1) lags.push(await compare(SMALL, run));
    assert.ok(lags.filter((lag) => lag === 0).length >= RUNS / 2, `the lock differs by ${lags.join(' ')} µs`);
  });

  test('in a network of 3,400 nodes', async () => {
    await compare(WHOLE, 0);
  });
});
