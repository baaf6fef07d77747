import { BlockSource } from '../blocks.js';
import type { Spooled } from '../results.js';
import { leave, Rig } from '../rig.js';
import { summarise } from '../stats.js';
import { rotated } from '../turns.js';
import type { Effort } from './effort.js';

const SIZE = 15_000;
const PEERS = 20;
const BLOCKS = 2_000;

/** The delay that the spool adds to a block: two relays, with and without it, take turns block by block. */
export async function runSpooled({ share, profile }: Effort): Promise<Spooled> {
  const source = new BlockSource(SIZE);
  const rig = await Rig.start({ readers: PEERS, tip: source.tip, profile });
  const enter = async (enabled: boolean) => {
    const flags = { 'spool-enabled': String(enabled) };
    return { entrant: await rig.enter('relay', SIZE, { label: `spool-${enabled}`, flags }), times: [] as number[] };
  };
  const [without, kept] = await Promise.all([enter(false), enter(true)]);
  const all = [without, kept];
  const measured = Math.max(10, Math.round(BLOCKS * share));
  const practice = Math.ceil(measured / 5);
  for (let round = 0; round < practice + measured; round += 1) {
    const raw = source.next();
    for (const { entrant, times } of rotated(all, round)) {
      const { lastByteMs } = await rig.deliver(entrant, raw);
      if (round >= practice) times.push(lastByteMs);
    }
  }
  await Promise.all(all.map(({ entrant }) => leave(entrant)));
  await rig.stop();
  return { size: SIZE, peers: PEERS, without: summarise(without.times), with: summarise(kept.times) };
}
