/**
 * Which faults come when, and which blocks: a function of the seed alone, so that a run that found something can be run again.
 *
 * A seed uses about half of the kinds of faults (swarm testing: Groce and others, 2012): a fault that is rare beside twenty others is
 * frequent in the runs that know only a few. Half of the faults begin around a block, since that is when there is something to lose.
 */
import { MICROS_PER_MS, type Micros } from '../engine.js';
import { RunRandom } from '../random.js';
import {
  BLOCK_KINDS,
  type BlockKind,
  FAULT_KINDS,
  type FaultKind,
  type FaultPlan,
  type PlannedBlock,
  type PlannedFault,
  type Victim,
} from './fault.js';

const SECOND = 1_000 * MICROS_PER_MS;

/** Nodes in the network besides the pool's own dashd. */
export const PEERS = 6;
/** The relay has connected to its peers by then. */
export const CALM_UNTIL: Micros = 15 * SECOND;
/** All faults are over. */
export const FAULTS_UNTIL: Micros = 150 * SECOND;

const MAX_FAULTS = 8;
const MIN_BLOCKS = 3;
const MAX_BLOCKS = 10;
/** A plain block, one that takes several segments, one that half a connection can die in. */
const SIZES = [400, 20_000, 300_000] as const;
const CLOCK_JUMPS_MS = [-86_400_000, -3_600_000, -5_000, 5_000, 3_600_000, 86_400_000] as const;
/** From this much before a block until this much after it a fault begins. */
const AROUND_BLOCK: readonly [Micros, Micros] = [-20 * MICROS_PER_MS, 150 * MICROS_PER_MS];
const MAX_LEAD_MS = 300;

interface Recipe {
  readonly seconds: readonly [number, number];
  readonly victim: Exclude<Victim, `peer ${number}`> | 'peer' | 'peers';
}

/** How long each kind lasts, and what it befalls. 30 s is when a silent peer is given up, 5 s when a dial is. */
const RECIPES: Readonly<Record<FaultKind, Recipe>> = {
  'relay-kill': { seconds: [0.2, 20], victim: 'relay' },
  'power-loss': { seconds: [1, 30], victim: 'relay' },
  'relay-restart': { seconds: [5, 25], victim: 'relay' },
  'relay-freeze': { seconds: [0.1, 40], victim: 'relay' },
  'cut-dashd': { seconds: [0.5, 70], victim: 'paths' },
  'cut-peers': { seconds: [0.5, 70], victim: 'peers' },
  'cut-all': { seconds: [0.5, 70], victim: 'paths' },
  'cut-among-peers': { seconds: [0.5, 40], victim: 'peers' },
  'dashd-restart': { seconds: [0.5, 40], victim: 'dashd' },
  'dashd-kill': { seconds: [0.5, 40], victim: 'dashd' },
  'dashd-hangs': { seconds: [0.5, 40], victim: 'dashd' },
  'dashd-warms-up': { seconds: [1, 40], victim: 'dashd' },
  'dashd-rejects': { seconds: [1, 30], victim: 'dashd' },
  'feed-loses': { seconds: [1, 60], victim: 'dashd' },
  'peer-restart': { seconds: [0.5, 30], victim: 'peer' },
  'peer-silent': { seconds: [5, 70], victim: 'peer' },
  'peer-dies-mid-block': { seconds: [5, 60], victim: 'peer' },
  'peer-floods': { seconds: [1, 10], victim: 'peer' },
  'peer-stuck': { seconds: [5, 60], victim: 'peer' },
  'peer-never-reads': { seconds: [5, 70], victim: 'peer' },
  'peer-lies': { seconds: [5, 60], victim: 'peer' },
  'peer-slow': { seconds: [5, 60], victim: 'peer' },
  'clock-jump': { seconds: [1, 60], victim: 'clock' },
  'disk-full': { seconds: [0.5, 40], victim: 'disk' },
  'disk-fails': { seconds: [0.5, 40], victim: 'disk' },
  'disk-slow': { seconds: [0.5, 40], victim: 'disk' },
};

export function planOf(seed: number): FaultPlan {
  const random = new RunRandom(seed, 'faults');
  const blocks = planBlocks(random.fork('blocks'));
  return { seed, blocks, faults: planFaults(random.fork('faults'), blocks) };
}

function planBlocks(random: RunRandom): readonly PlannedBlock[] {
  const count = random.between(MIN_BLOCKS, MAX_BLOCKS);
  const blocks = Array.from({ length: count }, (): PlannedBlock => {
    const kind = random.float() < 0.5 ? 'single' : random.pick(BLOCK_KINDS);
    return {
      kind,
      at: random.between(CALM_UNTIL, FAULTS_UNTIL),
      size: random.pick(SIZES),
      lead: kind === 'rival' ? random.between(-MAX_LEAD_MS, MAX_LEAD_MS) * MICROS_PER_MS : 0,
      finder: random.between(0, PEERS - 1),
    };
  });
  return blocks.sort((a, b) => a.at - b.at || order(a.kind) - order(b.kind));
}

function order(kind: BlockKind): number {
  return BLOCK_KINDS.indexOf(kind);
}

function planFaults(random: RunRandom, blocks: readonly PlannedBlock[]): readonly PlannedFault[] {
  const kinds = FAULT_KINDS.filter(() => random.float() < 0.5);
  const count = random.between(1, MAX_FAULTS);
  const faults: PlannedFault[] = [];
  for (let drawn = 0; drawn < count && kinds.length > 0; drawn += 1) {
    const fault = drawFault(random, random.pick(kinds), blocks);
    // One that overlaps is left out rather than moved: a plan stays what its draws say.
    if (!faults.some((other) => collide(fault, other))) faults.push(fault);
  }
  return faults.sort((a, b) => a.from - b.from || a.until - b.until);
}

function drawFault(random: RunRandom, kind: FaultKind, blocks: readonly PlannedBlock[]): PlannedFault {
  const { seconds, victim } = RECIPES[kind];
  const near = random.float() < 0.5 ? random.pick(blocks).at + random.between(...AROUND_BLOCK) : undefined;
  const latest = FAULTS_UNTIL - SECOND;
  const from = Math.max(CALM_UNTIL, Math.min(latest, near ?? random.between(CALM_UNTIL, latest)));
  const lasts = random.between(seconds[0] * SECOND, seconds[1] * SECOND);
  const first = random.between(0, PEERS - 1);
  const peers = victim === 'peer' ? [first] : victim === 'peers' ? random.sample(everyPeer(), first + 1) : [];
  return {
    kind,
    from,
    until: Math.min(from + lasts, FAULTS_UNTIL),
    victim: victim === 'peer' ? `peer ${first}` : victim === 'peers' ? 'paths' : victim,
    peers: peers.sort((a, b) => a - b),
    clockMs: kind === 'clock-jump' ? random.pick(CLOCK_JUMPS_MS) : 0,
  };
}

function everyPeer(): number[] {
  return Array.from({ length: PEERS }, (_, peer) => peer);
}

/** Whether two faults would undo each other: the same victim at the same time. */
function collide(one: PlannedFault, other: PlannedFault): boolean {
  return one.victim === other.victim && one.from <= other.until && other.from <= one.until;
}
