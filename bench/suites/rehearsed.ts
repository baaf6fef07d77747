import { BlockSource } from '../blocks.js';
import type { Rehearsed } from '../results.js';
import { type Entrant, leave, Rig } from '../rig.js';
import { summarise } from '../stats.js';
import { rotated, takeTurn } from '../turns.js';
import type { Effort } from './effort.js';

const SIZE = 15_000;
const PEERS = 20;
const BLOCKS = 200;
/** Milliseconds; 0: no rehearsals. */
const INTERVALS = [0, 1, 2, 5] as const;

/** Relays that rehearse, and one that does not: what it gains, and what it costs while nothing happens. They take turns block by block. */
export async function runRehearsed({ share, profile }: Effort): Promise<Rehearsed> {
  const source = new BlockSource(SIZE);
  const rig = await Rig.start({ readers: PEERS, tip: source.tip, profile });
  const enterRelay = (rehearsalInterval: number) =>
    rig.enter('relay', SIZE, { label: `relay-${rehearsalInterval}`, rehearsalInterval });
  const floor = { entrant: await rig.enter('floor', SIZE), times: [] as number[] };
  const relays = await Promise.all(
    INTERVALS.map(async (intervalMs) => ({
      intervalMs,
      entrant: await enterRelay(intervalMs),
      times: [] as number[],
    })),
  );
  const all = [floor, ...relays];
  const measured = Math.max(10, Math.round(BLOCKS * share));
  const practice = Math.ceil(measured / 5);
  for (let round = 0; round < practice + measured; round += 1) {
    const raw = source.next();
    for (const { entrant, times } of rotated(all, round)) {
      const { lastByteMs } = await rig.deliver(entrant, raw);
      if (round >= practice) times.push(lastByteMs);
    }
  }
  const rows: Rehearsed['rows'][number][] = [];
  for (const { intervalMs, entrant, times } of relays) {
    rows.push({ intervalMs, lastByte: summarise(times), idleLoad: await idleLoad(entrant) });
  }
  await Promise.all(all.map(({ entrant }) => leave(entrant)));
  await rig.stop();
  return { size: SIZE, peers: PEERS, floor: summarise(floor.times), rows };
}

async function idleLoad({ child }: Entrant): Promise<number> {
  await takeTurn(child);
  child.say({ type: 'take load' });
  return (await child.next('load')).share;
}
