import { BlockSource } from '../blocks.js';
import { Child } from '../child.js';
import { giveWay } from '../cores.js';
import type { FromFlooders, ToFlooders } from '../process-messages.js';
import type { OptionalRow } from '../results.js';
import { leave, Rig } from '../rig.js';
import { summarise } from '../stats.js';
import { rotated } from '../turns.js';
import type { Effort } from './effort.js';

const PEERS = 20;
/** The default of `witnesses.count`. */
const WITNESSES = 8;

interface Case {
  readonly what: OptionalRow['what'];
  /** Settings that turn it off; it is on by default. */
  readonly off: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly size: number;
  readonly blocks: number;
  /** Peers that the relay that has it on may choose as witnesses. */
  readonly witnesses: number;
}

const SPOOL = { what: 'spool', off: { 'spool-enabled': 'false' }, witnesses: 0 } as const;
const REASONS = {
  what: 'reasons',
  off: {
    'witnesses-count': '0',
    'broadcast-learned': 'false',
    'locks-relay': 'false',
    'locks-forecast': '0',
    'history-anatomy': 'false',
  },
  witnesses: WITNESSES,
} as const;

const CASES: readonly Case[] = [
  { ...SPOOL, size: 15_000, blocks: 500 },
  { ...REASONS, size: 15_000, blocks: 500 },
  { ...REASONS, size: 300_000, blocks: 600 },
  { ...REASONS, size: 2_000_000, blocks: 60 },
];

/** What each optional part of the relay adds to a block's time: two relays, with and without it, take turns block by block. */
export async function runOptional({ share, profile }: Effort): Promise<OptionalRow[]> {
  const rows: OptionalRow[] = [];
  for (const one of CASES) rows.push(await compare(one, Math.max(10, Math.round(one.blocks * share)), profile));
  return rows;
}

async function compare(
  { what, off, size, witnesses }: Case,
  measured: number,
  profile: Effort['profile'],
): Promise<OptionalRow> {
  const source = new BlockSource(size);
  const rig = await Rig.start({ readers: PEERS, tip: source.tip, profile });
  // They complete the handshake and answer pings.
  const strangers = new Child<FromFlooders, ToFlooders>('./flooders.js', { count: witnesses });
  const { ports } = await strangers.next('listening');
  // They represent separate hosts.
  giveWay(strangers.pid);
  const enter = async (label: string, options: { flags?: Case['off']; witnesses?: readonly number[] }) => {
    const entrant = await rig.enter('relay', size, { label: `${what}-${label}`, ...options });
    return { entrant, times: [] as number[] };
  };
  const [without, kept] = await Promise.all([enter('off', { flags: off }), enter('on', { witnesses: ports })]);
  const all = [without, kept];
  const practice = Math.ceil(measured / 5);
  for (let round = 0; round < practice + measured; round += 1) {
    const raw = source.next();
    for (const { entrant, times } of rotated(all, round)) {
      const { lastByteMs } = await rig.deliver(entrant, raw);
      if (round >= practice) times.push(lastByteMs);
    }
  }
  await Promise.all(all.map(({ entrant }) => leave(entrant)));
  await Promise.all([rig.stop(), strangers.stop()]);
  return { what, size, peers: PEERS, off: summarise(without.times), on: summarise(kept.times) };
}
