import { BlockSource } from '../blocks.js';
import type { Contender } from '../process-messages.js';
import type { MatrixRow } from '../results.js';
import { leave, Rig } from '../rig.js';
import { type Summary, summarise } from '../stats.js';
import { rotated } from '../turns.js';
import type { Effort } from './effort.js';

export interface MatrixCase {
  /** Bytes; undefined: only a coinbase, about 300 bytes. */
  readonly size: number | undefined;
  readonly peers: number;
  /** Number of measured blocks. */
  readonly blocks: number;
}

/** A p99 needs 200 blocks or more; large blocks take too long for that. */
export const MATRIX: readonly MatrixCase[] = [
  { size: undefined, peers: 20, blocks: 300 },
  { size: 15_000, peers: 20, blocks: 300 },
  { size: 300_000, peers: 20, blocks: 100 },
  { size: 2_000_000, peers: 20, blocks: 30 },
  { size: 15_000, peers: 5, blocks: 200 },
  { size: 15_000, peers: 50, blocks: 200 },
  { size: 15_000, peers: 125, blocks: 200 },
];

const MEASURED = ['floor', 'relay', 'naive'] as const satisfies readonly Contender[];

/** The contenders take turns block by block, so that other load on the machine affects all alike. */
export async function runCase({ size, peers, blocks }: MatrixCase, effort: Effort): Promise<MatrixRow> {
  const source = new BlockSource(size);
  const rig = await Rig.start({ readers: peers, tip: source.tip, profile: effort.profile });
  let raw = source.next();
  const entrants = await Promise.all(MEASURED.map((name) => rig.enter(name, raw.length)));
  const times = new Map<string, number[]>(MEASURED.map((name) => [name, []]));
  const measured = Math.max(10, Math.round(blocks * effort.share));
  const practice = Math.ceil(measured / 5);
  for (let round = 0; round < practice + measured; round += 1) {
    for (const entrant of rotated(entrants, round)) {
      const { lastByteMs } = await rig.deliver(entrant, raw);
      if (round >= practice) times.get(entrant.name)?.push(lastByteMs);
    }
    raw = source.next();
  }
  await Promise.all(entrants.map(leave));
  await rig.stop();
  const of = (name: (typeof MEASURED)[number]): Summary => summarise(times.get(name) ?? []);
  return { size: raw.length, peers, floor: of('floor'), relay: of('relay'), naive: of('naive') };
}
