/** `npm run chaos`: kills and freezes processes, cuts networks and fills disks while a pool pushes blocks; no block may be lost. */
import { parseArgs } from 'node:util';
import { loadX11 } from '../../src/block/x11.js';
import { type CampaignResult, campaign } from './campaign.js';
import { FAULTS, type Fault } from './plan.js';

const USAGE = `npm run chaos -- [options]
  --seed N      a whole number: the same seed gives the same faults in the same order; 1 unless given
  --rounds N    one fault each; ${FAULTS.length} unless given
  --seconds N   no round begins after that; without a limit unless given
  --fault F     this fault alone; may be repeated: ${FAULTS.join(', ')}
  --simulated   the simulated dashd, though there is a real one (DASHD=/path/to/dashd, or on the PATH)`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: String(FAULTS.length) },
    seconds: { type: 'string' },
    fault: { type: 'string', multiple: true },
    simulated: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const numbers = [values.seed, values.rounds, values.seconds ?? '1'];
const faults = values.fault?.map((name) => FAULTS.find((fault) => fault === name));
if (values.help) {
  console.log(USAGE);
} else if (numbers.some((text) => !/^\d+$/.test(text)) || faults?.includes(undefined) === true) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  await loadX11();
  const result = await campaign({
    seed: Number(values.seed),
    rounds: Number(values.rounds),
    simulated: values.simulated,
    print: console.log,
    ...(values.seconds !== undefined && { seconds: Number(values.seconds) }),
    ...(faults !== undefined && { faults: faults.filter((fault): fault is Fault => fault !== undefined) }),
  });
  for (const line of summary(result)) console.log(line);
  const failed = result.faults.length > 0 || result.rounds.some((round) => round.faults.length > 0);
  if (failed) process.exitCode = 1;
}

function summary({ rounds, faults: atEnd }: CampaignResult): readonly string[] {
  const played = rounds.filter(({ skipped }) => skipped === undefined);
  const times = played.map(({ recoveryMs }) => Math.round(recoveryMs)).sort((a, b) => a - b);
  const pushed = played.reduce((sum, round) => sum + round.pushed, 0);
  const wrong = [...played.flatMap((round) => round.faults), ...atEnd];
  return [
    ...atEnd.map((fault) => `at the end: ${fault}`),
    `${played.length} rounds, ${rounds.length - played.length} skipped; ${pushed} blocks pushed; ${wrong.length} failures`,
    `recovery: median ${times[Math.floor(times.length / 2)] ?? 0} ms, longest ${times.at(-1) ?? 0} ms`,
  ];
}
