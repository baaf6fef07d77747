import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LEARNED_WEIGHTS } from '../../../src/peers/score.js';
import type { RelayKnowledge, Sighting } from '../../../src/simulation/contenders/contender.js';
import { scoredPeers } from '../../../src/simulation/contenders/scored.js';
import type { NodeId } from '../../../src/simulation/network/plan.js';
import { RunRandom } from '../../../src/simulation/random.js';
import { MINUTE_MS } from '../../../src/time.js';
import { nodePlan } from '../network/support.js';

const NODES = 200;
const IDS = Array.from({ length: NODES }, (_, id) => id);
const DASHD = NODES - 1;
const PEERS = 8;
const BLOCKS = 12;
const MS = 1_000;

/** The first twenty nodes are near, the next twenty announce early, and ten are both: 10 to 19. */
const isNear = (id: NodeId): boolean => id < 20;
const isEarly = (id: NodeId): boolean => id >= 10 && id < 30;
const roundTrip = (id: NodeId): number => (isNear(id) ? 10 : 120) * MS;

function sighting(block: number): Sighting {
  const announcedAt = IDS.map((id) => (isEarly(id) ? 10 : 90 + (id % 7)) * MS + roundTrip(id) / 2);
  return { at: 1_800_000_000_000 + block * 2.5 * MINUTE_MS, height: 1_000 + block, announcedAt, dashdAt: 95 * MS };
}

function knowledge(changed: Partial<RelayKnowledge> = {}): RelayKnowledge {
  const nodes = IDS.map((id) => ({ ...nodePlan(), listens: true, ip: `${40 + (id % 6)}.${id}.0.1` }));
  return {
    plan: { nodes, quorums: [], dashd: DASHD },
    reachable: IDS.filter((id) => id !== DASHD),
    dashdPeers: new Set(),
    signing: 0,
    uplink: undefined,
    roundTrip,
    sightings: Array.from({ length: BLOCKS }, (_, block) => sighting(block)),
    random: new RunRandom(1, 'scored'),
    ...changed,
  };
}

describe('the peers that the relay chooses', () => {
  test('are none that dashd is connected to, as long as there are others, whatever these score', () => {
    const dashdPeers = new Set(IDS.slice(0, 60));
    for (const weights of [undefined, LEARNED_WEIGHTS]) {
      const chosen = scoredPeers(knowledge({ dashdPeers }), PEERS, weights && { weights });
      assert.equal(chosen.length, PEERS);
      assert.deepEqual(
        chosen.filter((id) => dashdPeers.has(id)),
        [],
      );
    }
  });

  test('are those that are near, once each was tried, and those that announce blocks early among them', () => {
    const learned = { weights: LEARNED_WEIGHTS, leadMs: 30 * MINUTE_MS, hasMeasured: true };
    const chosen = scoredPeers(knowledge(), PEERS, learned);
    const best = chosen.filter((id) => isNear(id) && isEarly(id));
    // Two slots are for those never tried, of which there are none left.
    assert.ok(chosen.filter(isNear).length >= PEERS - 2, `near: ${chosen}`);
    assert.ok(best.length >= PEERS / 2, `near and early: ${chosen}`);
    const plain = scoredPeers(knowledge(), PEERS, { leadMs: 30 * MINUTE_MS, hasMeasured: true });
    assert.ok(plain.filter((id) => isNear(id) && isEarly(id)).length < PEERS / 2, `plain: ${plain}`);
  });
});
