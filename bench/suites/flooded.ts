import { BlockSource } from '../blocks.js';
import { Child } from '../child.js';
import { giveWay } from '../cores.js';
import type { FloodKind, FromFlooders, ToFlooders } from '../process-messages.js';
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
/** Numbers of peers that flood at once; 0 is the baseline. */
const FLOODER_COUNTS = [0, 1, 6];
/** Kinds per relay: it disconnects peers that flood. */
const KINDS_A_RELAY = 2;
/** Connected peers besides the readers, in all cases. Together they are 20, the default number of a relay's peers. */
const OTHERS = Math.max(...FLOODER_COUNTS) * KINDS_A_RELAY;
/** Per kind and number of peers. */
const ROUNDS = 3;
const BLOCKS_A_ROUND = 5;

/** Blocks pushed when peers start to flood, compared with blocks without a flood. */
export async function runFlooded({ share, profile }: Effort): Promise<Flooded> {
  const rounds = Math.max(1, Math.round(ROUNDS * share));
  const rows: FloodedRow[] = [];
  for (const flooders of FLOODER_COUNTS) {
    const played: Round[] = [];
    const kinds = Array.from({ length: rounds }, () => KINDS).flat();
    for (let from = 0; from < kinds.length; from += KINDS_A_RELAY) {
      played.push(await play(flooders, kinds.slice(from, from + KINDS_A_RELAY), profile));
    }
    const worked = played.flatMap(({ workedMs }) => workedMs ?? []);
    rows.push({
      flooders,
      lastByte: summarise(played.flatMap(({ times }) => times)),
      heldMs: Math.max(...played.map(({ heldMs }) => heldMs)),
      ...(worked.length > 0 && { workedMs: Math.max(...worked) }),
      lost: sum(played.map(({ lost }) => lost)),
    });
  }
  return { size: SIZE, peers: READERS, strangers: OTHERS, rows };
}

/** The result of some floods. */
interface Round extends Pick<FloodedRow, 'heldMs' | 'workedMs' | 'lost'> {
  readonly times: readonly number[];
}

/** Some kinds of flood, one after the other, against a new relay. */
async function play(peers: number, kinds: readonly FloodKind[], profile: Effort['profile']): Promise<Round> {
  const source = new BlockSource(SIZE);
  const flooders = new Child<FromFlooders, ToFlooders>('./flooders.js', { count: OTHERS });
  const { ports } = await flooders.next('listening');
  const rig = await Rig.start({ readers: READERS, tip: source.tip, profile, others: ports, dashdGivesWay: true });
  const relay = await rig.enter('relay', SIZE);
  // They represent separate hosts and must not take processor time from the measured processes.
  giveWay(flooders.pid);
  await deliver(rig, relay, source);
  await held(relay);
  const times: number[] = [];
  for (const kind of kinds) {
    flooders.say({ type: 'flood', kind, peers });
    await flooders.next('flooding');
    times.push(...(await deliver(rig, relay, source)));
  }
  const { maxMs, workedMs, lost } = await held(relay);
  await leave(relay);
  await Promise.all([rig.stop(), flooders.stop()]);
  return { times, heldMs: maxMs, ...(workedMs !== undefined && { workedMs }), lost };
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

/** The longest block of the relay's event loop since the last request. */
async function held({ child }: Entrant) {
  child.say({ type: 'take hold' });
  return await child.next('held');
}
