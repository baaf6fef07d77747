import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PushPlan, RelayKnowledge } from '../../../src/simulation/contenders/contender.js';
import { plannedConnections, plannedPushes } from '../../../src/simulation/contenders/planned.js';
import type { NodeId } from '../../../src/simulation/network/plan.js';
import { RunRandom } from '../../../src/simulation/random.js';
import { nodePlan } from '../network/support.js';

const NODES = 120;
const IDS = Array.from({ length: NODES }, (_, id) => id);
const DASHD = NODES - 1;
/** Two quorums, of which ten masternodes are in both: 30 to 39. */
const QUORUMS = [IDS.slice(0, 40), IDS.slice(30, 70)].map((members, index) => ({
  hash: new Uint8Array(32).fill(index + 1),
  members,
}));

function knowledge(changed: Partial<RelayKnowledge> = {}): RelayKnowledge {
  const nodes = IDS.map((id) => ({ ...nodePlan(), listens: true, ip: `45.${id % 30}.0.${id}` }));
  return {
    plan: { nodes, quorums: QUORUMS, dashd: DASHD },
    reachable: IDS.filter((id) => id !== DASHD),
    dashdPeers: new Set(),
    signing: 1,
    uplink: undefined,
    roundTrip: () => 20_000,
    sightings: [],
    random: new RunRandom(1, 'planned'),
    ...changed,
  };
}

const isMember = (id: NodeId): boolean => id < 70;

describe('the relay by its own plans', () => {
  test('connects to members of both quorums first, and beside them to the peers that its scores choose', () => {
    const connected = plannedConnections(knowledge(), 0, 10);
    assert.deepEqual(
      [...connected].sort((a, b) => a - b),
      IDS.slice(30, 40),
    );
    const all = plannedConnections(knowledge(), 4, 1_600);
    assert.deepEqual(
      IDS.filter((id) => isMember(id) && !all.includes(id)),
      [],
    );
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.length <= 74);
  });

  const forms = ({ pushes }: PushPlan): string[] => [...new Set(pushes.map(({ form }) => form))];

  test('writes to signers first, then to other members, then to the rest', () => {
    const { pushes, dashd } = plannedPushes([100, 5, 60, 30], { bytes: 15_000, compactBytes: 700 }, knowledge());
    assert.deepEqual(
      pushes.map(({ to }) => to),
      [30, 60, 5, 100],
    );
    assert.equal(dashd, 'first');
  });

  test('sends small blocks whole to few, and compact ones where many peers or a slow uplink ask for it', () => {
    const small = { bytes: 7_000, compactBytes: 600 };
    assert.deepEqual(forms(plannedPushes([1, 2], small, knowledge())), ['full']);
    assert.deepEqual(forms(plannedPushes([1, 2], { bytes: 15_000, compactBytes: 700 }, knowledge())), ['compact']);
    assert.deepEqual(forms(plannedPushes([1, 2], small, knowledge({ uplink: 1_000_000 }))), ['compact']);
    const many = plannedPushes(IDS.slice(0, 100), small, knowledge());
    assert.deepEqual(forms(many), ['compact']);
    assert.ok(many.pushes.every(({ afterMs }) => afterMs === 0));
  });

  test('paces its writes at the speed of an uplink that is known to be slow', () => {
    const size = { bytes: 300_000, compactBytes: 5_000 };
    const { pushes } = plannedPushes(IDS.slice(0, 70), size, knowledge({ uplink: 2_500_000 }));
    assert.equal(pushes[0]?.afterMs, 0);
    // 69 × 5,000 bytes take 172.5 ms at 80 % of the uplink; the plan is 5 ms ahead of them.
    assert.equal(pushes.at(-1)?.afterMs, 167.5);
  });
});
