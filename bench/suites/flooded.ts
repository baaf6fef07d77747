import { BlockSource } from '../blocks.js';
import { Child } from '../child.js';
import { giveWay } from '../cores.js';
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
/** Who floods is dropped: so many kinds are tried with one relay. */
const KINDS_A_RELAY = 2;
/** Others than the readers that are connected; the floor has as many. With the readers they are 20, as many peers as a relay has unless told. */
const STRANGERS = Math.max(...CROWDS) * KINDS_A_RELAY;
/** Of each kind and crowd. */
const ROUNDS = 3;
const BLOCKS_A_ROUND = 5;

/** Blocks that are PUSHed in the moment in which peers begin to flood, against the same without a flood. */
export async function runFlooded({ share, profile }: Effort): Promise<Flooded> {
  const rounds = Math.max(1, Math.round(ROUNDS * share));
  const rows: FloodedRow[] = [];
  for (const flooders of CROWDS) {
    const played: Round[] = [];
    const kinds = Array.from({ length: rounds }, () => KINDS).flat();
    for (let from = 0; from < kinds.length; from += KINDS_A_RELAY) {
      played.push(await play(flooders, kinds.slice(from, from + KINDS_A_RELAY), profile));
    }
    rows.push({
      flooders,
      lastByte: summarise(played.flatMap(({ times }) => times)),
      heldMs: Math.max(...played.map(({ heldMs }) => heldMs)),
      lost: sum(played.map(({ lost }) => lost)),
    });
  }
  return { size: SIZE, peers: READERS, strangers: STRANGERS, rows };
}

/** What came of some floods. */
interface Round extends Pick<FloodedRow, 'heldMs' | 'lost'> {
  readonly times: readonly number[];
}

/** Some kinds of flood, one after the other, at a relay of their own. */
async function play(peers: number, kinds: readonly FloodKind[], profile: Effort['profile']): Promise<Round> {
  const source = new BlockSource(SIZE);
  const flooders = new Child<FromFlooders, ToFlooders>('./flooders.js', { count: STRANGERS });
  const { ports } = await flooders.next('listening');
  const rig = await Rig.start({ readers: READERS, tip: source.tip, profile, others: ports, dashdGivesWay: true });
  const relay = await rig.enter('relay', SIZE);
  // They stand for hosts of their own, and what they do must not take the core from those whose clocks we read.
  giveWay(flooders.pid);
  await deliver(rig, relay, source);
  await held(relay);
  const times: number[] = [];
  for (const kind of kinds) {
    flooders.say({ type: 'flood', kind, peers });
    await flooders.next('flooding');
    times.push(...(await deliver(rig, relay, source)));
  }
  const { maxMs, lost } = await held(relay);
  await leave(relay);
  await Promise.all([rig.stop(), flooders.stop()]);
  return { times, heldMs: maxMs, lost };
}

function sum(counts: readonly FloodedRow['lost'][]): FloodedRow['lost'] {
  const total: Record<string, number> = {};
  for (const [code, count] of counts.flatMap(Object.entries<number>)) total[code] = (total[code] ?? 0) + count;
  return total;
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
