import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RunRandom } from '../../../src/simulation/random.js';
import { signersWon } from '../../../src/simulation/study/rivalry.js';
import { smallNetwork } from '../network/support.js';

const NODES = 200;
const IDS = Array.from({ length: NODES }, (_, id) => id);

/** Random edges, some nodes with high-bandwidth peers. */
function network(seed: number) {
  const random = new RunRandom(seed, 'rivalry');
  const edges = IDS.slice(1).flatMap((id) =>
    random.sample(IDS.slice(0, id), 3).map((to): [number, number] => [id, to]),
  );
  const small = smallNetwork(NODES, edges);
  small.network.highBandwidth = IDS.map((id) =>
    edges.flatMap(([from, to]) => (from === id && to % 2 === 0 ? [to] : [])).slice(0, 3),
  );
  return small;
}

describe('two competing blocks', () => {
  // All latencies are the same here: a microsecond decides what would be ties.
  for (const headStart of [1, 15_001]) {
    test(`share the nodes as the times of each alone say, with a head start of ${headStart} µs`, () => {
      for (let seed = 1; seed <= 10; seed += 1) {
        const alone = (finder: number) => {
          const small = network(seed);
          const block = small.network.newBlock(small.start, 15_000);
          small.network.node(finder).submit(block);
          small.engine.run();
          return IDS.map((id) => small.at(id, block) ?? -1);
        };
        const both = network(seed);
        const ours = both.network.newBlock(both.start, 15_000);
        const theirs = both.network.newBlock(both.start, 15_000);
        both.network.node(NODES - 1).submit(theirs);
        both.engine.after(headStart, () => both.network.node(NODES - 2).submit(ours));
        both.engine.run();
        const won = both.network.nodes.filter(({ tip }) => tip === ours).length;
        const said = signersWon(alone(NODES - 2), alone(NODES - 1), IDS, headStart);
        assert.ok(Math.abs(won - said) <= 0.1 * NODES, `seed ${seed}: ${won} in one network, ${said} by times`);
      }
    });
  }
});
