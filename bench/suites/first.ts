import { BlockSource } from '../blocks.js';
import type { FirstAndHundredth, FirstBlock } from '../results.js';
import { leave, Rig } from '../rig.js';
import { median } from '../stats.js';
import type { Effort } from './effort.js';

const SIZE = 15_000;
const PEERS = 20;
const STARTS = 11;
const BLOCKS = 100;
const NAMES = ['floor', 'relay'] as const;

type Series = Record<(typeof NAMES)[number], number[]>;

/** Restarts both for each sample: a process has only one first block. */
export async function runFirst({ share, profile }: Effort): Promise<FirstBlock> {
  const source = new BlockSource(SIZE);
  const rig = await Rig.start({ readers: PEERS, tip: source.tip, profile });
  const firsts: Series = { floor: [], relay: [] };
  const hundredths: Series = { floor: [], relay: [] };
  const starts = Math.max(3, Math.round(STARTS * share));
  for (let start = 0; start < starts; start += 1) {
    const entrants = await Promise.all(NAMES.map((name) => rig.enter(name, SIZE)));
    for (let block = 1; block <= BLOCKS; block += 1) {
      const raw = source.next();
      for (const entrant of entrants) {
        const { lastByteMs } = await rig.deliver(entrant, raw);
        const series = entrant.name as keyof Series;
        if (block === 1) firsts[series].push(lastByteMs);
        if (block === BLOCKS) hundredths[series].push(lastByteMs);
      }
    }
    await Promise.all(entrants.map(leave));
  }
  await rig.stop();
  const medians = (name: keyof Series): FirstAndHundredth => ({
    first: median(firsts[name]),
    hundredth: median(hundredths[name]),
  });
  return { size: SIZE, peers: PEERS, starts, floor: medians('floor'), relay: medians('relay') };
}
