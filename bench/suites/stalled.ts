import { BlockSource } from '../blocks.js';
import type { Stalled, StalledTimes } from '../results.js';
import { type Delivery, leave, Rig } from '../rig.js';
import { summarise } from '../stats.js';
import type { Effort } from './effort.js';

const SIZE = 2_000_000;
const READERS = 19;
const ROUNDS = 6;
/** Few enough for the peer that never reads to stay below the backlog at which the relay disconnects it. */
const BLOCKS_A_ROUND = 6;

/** Nineteen peers that read, with and without a twentieth that does not; the two relays take turns. */
export async function runStalled({ share, profile }: Effort): Promise<Stalled> {
  const source = new BlockSource(SIZE);
  const found: Record<'without' | 'with', Delivery[]> = { without: [], with: [] };
  const rounds = Math.max(1, Math.round(ROUNDS * share));
  for (let round = 0; round < rounds; round += 1) {
    const common = { readers: READERS, tip: source.tip, profile };
    const without = await Rig.start(common);
    const stalled = await Rig.start({ ...common, stalled: 1 });
    const rigs = [
      { rig: without, relay: await without.enter('relay', SIZE), deliveries: found.without },
      { rig: stalled, relay: await stalled.enter('relay', SIZE), deliveries: found.with },
    ];
    for (let block = 0; block < BLOCKS_A_ROUND; block += 1) {
      const raw = source.next();
      for (const { rig, relay, deliveries } of block % 2 === 0 ? rigs : rigs.toReversed()) {
        deliveries.push(await rig.deliver(relay, raw));
      }
    }
    await Promise.all(rigs.map(({ relay }) => leave(relay)));
    await Promise.all(rigs.map(({ rig }) => rig.stop()));
  }
  return { size: SIZE, peers: READERS, without: times(found.without), with: times(found.with) };
}

function times(deliveries: readonly Delivery[]): StalledTimes {
  return {
    lastByte: summarise(deliveries.map(({ lastByteMs }) => lastByteMs)),
    submit: summarise(deliveries.flatMap(({ submitMs }) => submitMs ?? [])),
  };
}
