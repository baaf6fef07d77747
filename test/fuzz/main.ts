/** `npm run fuzz`: hostile inputs, mutated from valid ones, for all parsers of external input. */
import { parseArgs } from 'node:util';
import { loadX11 } from '../../src/block/x11.js';
import { campaign, replay } from './campaign.js';
import { kinds } from './kinds.js';
import { fuzzSockets } from './sockets.js';

const USAGE = `npm run fuzz -- [options]
  --inputs N   how many in all; 10000000 unless given
  --seed S     a whole number: the same seed makes the same inputs; 1 unless given
  --kind K     one kind alone, such as messages
  --index I    with --kind: that one input again, as a crash was reported`;

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string' },
    index: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** Real connections are slow: one request to each server per this number of other inputs. */
const INPUTS_A_REQUEST = 1_000;

/** The longest time for which the event loop may be blocked, milliseconds. */
const MOST_MS = 20;

await loadX11();
const all = kinds();
const seed = Number(values.seed);
if (values.help) {
  console.log(USAGE);
} else if (values.kind !== undefined && values.index !== undefined) {
  replay(all, values.kind, seed, Number(values.index));
  console.log('no crash');
} else {
  // Others keep their place, and with it their seeds.
  const chosen = all.map((kind) =>
    values.kind === undefined || kind.name === values.kind ? kind : { ...kind, share: 0 },
  );
  const { tallies, crashes } = campaign(chosen, Number(values.inputs), seed);
  if (values.kind === undefined) {
    const sockets = await fuzzSockets(Math.ceil(Number(values.inputs) / INPUTS_A_REQUEST), seed);
    tallies.push(...sockets.tallies);
    crashes.push(...sockets.crashes);
  }
  console.log(`seed ${seed}`);
  for (const { kind, inputs, crashes: count, seconds, longestMs, longest } of tallies) {
    const hold =
      longestMs === 0 ? 'under 4 ms' : `${longestMs.toFixed(1)} ms${longest < 0 ? '' : ` (input ${longest})`}`;
    console.log(`${kind}: ${inputs} inputs, ${count} crashes, ${seconds.toFixed(1)} s, longest hold ${hold}`);
  }
  for (const { kind, index, error } of crashes) {
    console.log(`crash: npm run fuzz -- --seed ${seed} --kind '${kind}' --index ${index}\n${error}`);
  }
  const total = tallies.reduce((sum, { inputs }) => sum + inputs, 0);
  console.log(`${total} inputs, ${tallies.reduce((sum, one) => sum + one.crashes, 0)} crashes`);
  if (crashes.length > 0 || tallies.some(({ longestMs }) => longestMs > MOST_MS)) process.exitCode = 1;
}
