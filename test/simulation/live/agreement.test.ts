/** The full form, in which the real relay runs, against the cheap form, in which only its decisions do: they must be the same relay. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { loadX11 } from '../../../src/block/x11.js';
import type { PlanEvent } from '../../../src/contracts/events.js';
import { PeerBook } from '../../../src/peers/book.js';
import { parse } from '../../../src/peers/format.js';
import { selectLimits } from '../../../src/peers/plan.js';
import { scoreTotal } from '../../../src/peers/score.js';
import { select } from '../../../src/peers/select.js';
import type { Micros } from '../../../src/simulation/engine.js';
import type { Seen } from '../../../src/simulation/faults/observation.js';
import { WireTap } from '../../../src/simulation/faults/wire-tap.js';
import { FullForm } from '../../../src/simulation/live/full-form.js';
import { RUN_STARTS_AT } from '../../../src/simulation/live/virtual-clock.js';
import type { TransportOptions } from '../../../src/simulation/net/transport.js';
import type { NodeId } from '../../../src/simulation/network/plan.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { DASHD, DrawnNetwork, EXACT } from './drawn-network.js';
import { NO_CHANGES, PORT, rankedPeerFile } from './ranked-peers.js';

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);
const PEERS = 20;
const KNOWN = 60;
/** From the pool's PUSH to the relay. */
const ZMQ: Micros = 100;
/**
 * The cheap form sends no question behind a block, and so gets no answer: some 250 bytes a peer that pass the peer's uplink beside the block.
 * At 20 Mbit/s, the slowest here, that is 0.1 ms, twice that where two peers follow each other on a block's way.
 */
const PROOFS: Micros = 200;
/** With jitter of up to 2 ms a burst, and losses: what is drawn for the relay's paths is drawn for other bursts, since its handshakes were bursts. */
const TOLERANCE = 0.05;

before(loadX11);

/** What a relay has learned of some nodes. */
function peerFileOf({ plan, random }: DrawnNetwork): string {
  const ids = random.fork('known').sample([...plan.nodes.keys()].slice(1), KNOWN);
  return rankedPeerFile(ids.map((id) => plan.nodes[id]?.ip ?? ''));
}

/** The cheap form's choice: the relay's own selection, from the same file. @returns nodes, the best first */
function choose({ plan, random }: DrawnNetwork, peerFile: string): NodeId[] {
  const book = new PeerBook('regtest', random.fork('restored'));
  const parsed = parse(peerFile);
  assert.ok(parsed.ok);
  book.restore(parsed.records, RUN_STARTS_AT);
  const scores = new Set([...book.records()].map((record) => scoreTotal(record, RUN_STARTS_AT)));
  assert.equal(scores.size, KNOWN, 'each peer has another score: nothing is left to lots');
  const limits = selectLimits('regtest', { max: PEERS, min: PEERS, ...NO_CHANGES });
  const { connect } = select({ book, live: [], now: RUN_STARTS_AT, random: random.fork('lots'), limits });
  return connect.map(({ peer }) => plan.nodes.findIndex(({ ip }) => peer === `${ip}:${PORT}`));
}

/** Runs the real relay in the network; it finds the file, and connects to whom it chooses. */
async function runFull(net: DrawnNetwork, peerFile: string) {
  const pushed: string[] = [];
  const see = (seen: Seen): void => {
    if (seen.type === 'pushed') pushed.push(seen.peer);
  };
  const { magic } = NETWORKS.regtest;
  const tap = new WireTap({ magic, dashd: { host: '127.0.0.1', port: PORT }, see });
  const { engine, carrier, network, plan, random } = net;
  const form = await FullForm.start({
    ...{ engine, carrier, network, plan, random: random.fork('full') },
    ...{ peers: [], connections: PEERS, peerFile, limits: NO_CHANGES },
    wrap: (ports) => ({ ...ports, dial: tap.wrap(ports.dial) }),
  });
  // Nothing is under way any more, and the congestion windows are the initial ones.
  await form.driver.run(10_000);
  const pushedAt = engine.now + ZMQ;
  form.pool.push(form.rawOf(net.found()));
  await form.driver.run(5_000);
  return { form, pushed, pushedAt };
}

const lag = (net: DrawnNetwork, from: Micros) => new Map([...net.connected].map(([node, at]) => [node, at - from]));

async function both(seed: number, options: Partial<TransportOptions>) {
  const [full, cheap] = [new DrawnNetwork(seed, options), new DrawnNetwork(seed, options)];
  const peerFile = peerFileOf(full);
  const { form, pushed, pushedAt } = await runFull(full, peerFile);
  const chosen = choose(cheap, peerFile);
  // Among peers that are equal to the plan of a push, the order is that in which they were connected.
  const order = pushed.map((peer) => full.plan.nodes.findIndex(({ ip }) => peer === `${ip}:${PORT}`));
  const cheapAt = cheap.push([DASHD, ...order.slice(1)]);
  return {
    ...{ full, cheap, form, pushed, chosen },
    times: { full: lag(full, pushedAt), cheap: lag(cheap, cheapAt) },
    locked: { full: full.lockedAt - pushedAt, cheap: cheap.lockedAt - cheapAt },
  };
}

describe('the full and the cheap form of the relay', () => {
  test(`agree on ${SEEDS.length} seeds: the same peers, the same pushes, the same time at every node to 0.2 ms`, async () => {
    let exact = 0;
    for (const seed of SEEDS) {
      const { cheap, form, pushed, chosen, times } = await both(seed, EXACT);
      const places = chosen.map((id) => `${cheap.plan.nodes[id]?.ip}:${PORT}`);
      const plan = form.relay.records
        .map(({ event }) => event)
        .find((event): event is PlanEvent => event.type === 'plan');
      assert.deepEqual(
        plan?.connect.map(({ peer }) => peer),
        places,
        `seed ${seed}: the choice`,
      );
      assert.equal(pushed[0], `127.0.0.1:${PORT}`, `seed ${seed}: dashd first`);
      assert.deepEqual(pushed.slice(1).toSorted(), places.toSorted(), `seed ${seed}: the pushes`);
      assert.equal(times.full.size, cheap.plan.nodes.length);
      for (const [node, at] of times.full) {
        const late = at - (times.cheap.get(node) ?? Number.NaN);
        assert.ok(Math.abs(late) <= PROOFS, `seed ${seed}, node ${node}: ${late} µs`);
      }
      if (isDeepStrictEqual(times.full, times.cheap)) exact += 1;
    }
    assert.ok(exact >= SEEDS.length / 2, `${exact} seeds agree to the microsecond`);
  });

  test(`differ by at most ${100 * TOLERANCE} % in the time of the ChainLock where messages have jitter and segments get lost`, async () => {
    let sum = 0;
    for (const seed of SEEDS) {
      const { locked } = await both(seed, {});
      const ratio = locked.full / locked.cheap;
      assert.ok(Math.abs(ratio - 1) <= TOLERANCE, `seed ${seed}: ${ratio}`);
      sum += ratio;
    }
    assert.ok(Math.abs(sum / SEEDS.length - 1) <= TOLERANCE / 3, `on average: ${sum / SEEDS.length}`);
  });
});
