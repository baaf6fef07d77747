import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from '../../src/block/gate.js';
import type { BlockForm } from '../../src/contracts/events.js';
import { type PushPeer, planPush } from '../../src/quorum/push-plan.js';
import { pushOf } from '../../src/streams/broadcast/flight.js';
import { FRAME_HEADER_BYTES } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { BlockSource } from '../blocks.js';
import type { Contender } from '../process-messages.js';
import type { Crowd, Scale, ScaleRow } from '../results.js';
import { type Entrant, leave, Rig } from '../rig.js';
import { type Summary, summarise } from '../stats.js';
import { rotated } from '../turns.js';
import type { Effort } from './effort.js';

export interface ScaleCase {
  /** Bytes. */
  readonly size: number;
  readonly form: BlockForm;
  readonly peers: number;
  /** Number of measured blocks. */
  readonly blocks: number;
}

/** A member of all four active quorums' 400 is met more than once: some 1,350 masternodes. */
export const SCALE: readonly ScaleCase[] = [
  { size: 15_000, form: 'full', peers: 20, blocks: 200 },
  { size: 15_000, form: 'full', peers: 125, blocks: 200 },
  { size: 15_000, form: 'full', peers: 400, blocks: 200 },
  { size: 15_000, form: 'full', peers: 1_350, blocks: 100 },
  { size: 300_000, form: 'compact', peers: 20, blocks: 200 },
  { size: 300_000, form: 'compact', peers: 125, blocks: 200 },
  { size: 300_000, form: 'compact', peers: 400, blocks: 200 },
  { size: 300_000, form: 'compact', peers: 1_350, blocks: 100 },
  { size: 2_000_000, form: 'full', peers: 20, blocks: 30 },
];

/** Peers of the idle relays; the first is what the memory of the others is compared with. */
const CROWDS = [20, 400, 1_350] as const;
const CROWD_SIZE = 15_000;
const CROWD_BLOCKS = 20;
/** A minute: each connection sends a ping in it. */
const LOAD_MS = 60_000;
/** Until the warm-up after the start is over. */
const SETTLE_MS = 5_000;
/** Of the transactions in compact blocks: as a real block's, 825 in 300 KB. */
const TRANSACTION_BYTES = 360;

/** The last byte at up to 1,350 peers against the floor, and what so many connections cost. */
export async function runScale(effort: Effort, cases: readonly ScaleCase[], withCrowds: boolean): Promise<Scale> {
  const rows: ScaleRow[] = [];
  for (const one of cases) rows.push(await runCase(one, effort));
  const crowds: Crowd[] = [];
  for (const peers of withCrowds ? CROWDS : []) crowds.push(await measureCrowd(peers, effort));
  return { rows, crowds };
}

async function runCase({ size, form, peers, blocks }: ScaleCase, { share, profile }: Effort): Promise<ScaleRow> {
  const source = new BlockSource(size, form === 'compact' ? TRANSACTION_BYTES : undefined);
  const rig = await Rig.start({ readers: peers, form, tip: source.tip, profile });
  let raw = source.next();
  const sentBytes = bytesSent(raw, form, peers);
  const names = form === 'full' ? (['floor', 'forward', 'relay'] as const) : (['floor', 'relay'] as const);
  const entrants: Entrant[] = [];
  for (const name of names) entrants.push(await rig.enter(name, sentBytes));
  const times = new Map<string, number[]>(names.map((name) => [name, []]));
  const measured = Math.max(10, Math.round(blocks * share));
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
  const of = (name: Contender): Summary => summarise(times.get(name) ?? []);
  const forward = form === 'full' && { forward: of('forward') };
  return { size: raw.length, sentBytes, form, peers, floor: of('floor'), ...forward, relay: of('relay') };
}

/** The size of a block in the form in which so many peers get it from the relay, without the header of the message. */
function bytesSent(raw: Buffer, form: BlockForm, peers: number): number {
  if (form === 'full') return raw.length;
  const inspection = inspect(raw, NETWORKS.regtest);
  if (inspection.kind === 'refused') throw new Error(inspection.reason);
  const plan = planPush({ peers: Array.from({ length: peers }, (_, n) => pushPeer(n)) });
  const { compact } = pushOf(inspection.block, NETWORKS.regtest, 1n, plan);
  if (compact === undefined) throw new Error(`a block of ${raw.length} bytes has no compact form`);
  return compact.frame.length - FRAME_HEADER_BYTES;
}

/** As the sinks are; the first is the pool's own dashd. */
function pushPeer(n: number): PushPeer {
  return { peer: String(n), role: 'other', protected: n === 0, compact: 'chosen' };
}

async function measureCrowd(peers: number, { share, profile }: Effort): Promise<Crowd> {
  const source = new BlockSource(CROWD_SIZE);
  const rig = await Rig.start({ readers: peers, tip: source.tip, profile });
  const relay = await rig.enter('relay', CROWD_SIZE);
  await pause(SETTLE_MS);
  const memory = await memoryOf(relay);
  const loadMs = LOAD_MS * share;
  relay.child.say({ type: 'take load', ms: loadMs });
  await pause(loadMs);
  const { share: load } = await relay.child.next('load');
  await heldBy(relay);
  for (let block = 0; block < CROWD_BLOCKS; block += 1) await rig.deliver(relay, source.next());
  const heldMs = await heldBy(relay);
  const memoryAfter = await memoryOf(relay);
  await leave(relay);
  await rig.stop();
  return { peers, seconds: loadMs / 1_000, load, memory, memoryAfter, blocks: CROWD_BLOCKS, heldMs };
}

async function memoryOf({ child }: Entrant): Promise<number> {
  child.say({ type: 'take memory' });
  return (await child.next('memory')).bytes;
}

/** The longest block of the event loop since the last call, ms. */
async function heldBy({ child }: Entrant): Promise<number> {
  child.say({ type: 'take hold' });
  return (await child.next('held')).maxMs;
}
