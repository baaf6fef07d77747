import { BlockSource } from '../blocks.js';
import { Child } from '../child.js';
import type { FloodKind, FromFlooders, ToFlooders } from '../protocol.js';
import type { Flooded, FloodedRow } from '../results.js';
import { type Entrant, leave, Rig } from '../rig.js';
import { summarise } from '../stats.js';
import type { Effort } from './effort.js';

const SIZE = 15_000;
const READERS = 8;
const KINDS: readonly FloodKind[] = [
  'announcements',
  'requests',
  'headers',
  'blocks',
  'addresses',
  'pings',
  'questions',
];
/** How many peers flood at once; none is the floor. */
const CROWDS = [0, 1, 6];
/** Of each kind and crowd. */
const ROUNDS = 3;
const BLOCKS_A_ROUND = 5;

/** Blocks that are PUSHed in the moment in which peers begin to flood, against the same without a flood. */
export async function runFlooded({ share, profile }: Effort): Promise<Flooded> {
  const rounds = Math.max(1, Math.round(ROUNDS * share));
  const source = new BlockSource(SIZE);
  const rows: FloodedRow[] = [];
  for (const crowd of CROWDS) {
    const flooders = new Child<FromFlooders, ToFlooders>('./flooders.js', { count: crowd * KINDS.length * rounds });
    const { ports } = await flooders.next('listening');
    const rig = await Rig.start({ readers: READERS, tip: source.tip, profile, others: ports });
    const relay = await rig.enter('relay', SIZE);
    await held(relay);
    const times: number[] = [];
    for (const kind of Array.from({ length: rounds }, () => KINDS).flat()) {
      flooders.say({ type: 'flood', kind, peers: crowd });
      await flooders.next('flooding');
      times.push(...(await deliver(rig, relay, source)));
    }
    const { maxMs, lost } = await held(relay);
    rows.push({ flooders: crowd, lastByte: summarise(times), heldMs: maxMs, lost });
    await leave(relay);
    await Promise.all([rig.stop(), flooders.stop()]);
  }
  return { size: SIZE, peers: READERS, rows };
}

async function deliver(rig: Rig, relay: Entrant, source: BlockSource): Promise<number[]> {
  const times: number[] = [];
  for (let block = 0; block < BLOCKS_A_ROUND; block += 1) {
    times.push((await rig.deliver(relay, source.next())).lastByteMs);
  }
  return times;
}

/** How long the relay's event loop was held since this was asked before. */
async function held({ child }: Entrant) {
  child.say({ type: 'take hold' });
  return await child.next('held');
}
