import { BlockSource } from '../blocks.js';
import type { Uplink, UplinkRow } from '../results.js';
import { type Entrant, leave, Rig } from '../rig.js';
import { summarise } from '../stats.js';
import type { Effort } from './effort.js';

const MBIT = 20;
const BYTES_PER_SECOND = (MBIT * 1_000_000) / 8;
const ROUND_TRIP_MS = 40;
const SIZE = 2_000_000;
/** Of the transactions in compact blocks: as a real block's. */
const TRANSACTION_BYTES = 360;
/** Whole blocks to 20 peers take 16 s each. */
const BLOCKS = { whole: 2, compact: 10 } as const;
const FEW = 20;
const MANY = 100;

interface UplinkCase {
  readonly name: UplinkRow['name'];
  readonly peers: number;
  readonly blocks: number;
}

const CASES: readonly UplinkCase[] = [
  { name: 'floor', peers: FEW, blocks: BLOCKS.whole },
  { name: 'relay', peers: FEW, blocks: BLOCKS.compact },
  { name: 'paced', peers: FEW, blocks: BLOCKS.compact },
  { name: 'relay', peers: MANY, blocks: BLOCKS.compact },
  { name: 'paced', peers: MANY, blocks: BLOCKS.compact },
];

/**
 * A large block over a slow uplink, to the first and to the last of the remote peers: whole to all (`floor`), compact in one turn (`relay`),
 * and compact at the speed of the uplink (`paced`: with `broadcast.uplink`). The pool's own dashd is not behind the uplink.
 */
export async function runUplink({ share, profile }: Effort): Promise<Uplink> {
  const rows: UplinkRow[] = [];
  for (const { name, peers, blocks } of CASES) {
    const source = new BlockSource(SIZE, TRANSACTION_BYTES);
    const rig = await Rig.start({
      readers: peers + 1,
      form: 'compact',
      uplink: { bytesPerSecond: BYTES_PER_SECOND, roundTripMs: ROUND_TRIP_MS },
      tip: source.tip,
      profile,
    });
    const flags = name === 'paced' ? { 'broadcast-uplink': String(MBIT) } : {};
    const entrant: Entrant = await rig.enter(name === 'floor' ? 'floor' : 'relay', SIZE, { label: name, flags });
    const times = { first: [] as number[], last: [] as number[] };
    for (let block = 0; block < Math.max(1, Math.round(blocks * share)); block += 1) {
      const { firstMs, lastByteMs } = await rig.deliver(entrant, source.next());
      times.first.push(firstMs);
      times.last.push(lastByteMs);
    }
    await leave(entrant);
    await rig.stop();
    rows.push({ name, peers, first: summarise(times.first), last: summarise(times.last) });
  }
  return { size: SIZE, mbit: MBIT, roundTripMs: ROUND_TRIP_MS, rows };
}
