/** What is seen of a run, as lines for people: the event log of a seed that failed. */
import type { RelayEvent } from '../../contracts/events.js';
import { MICROS_PER_MS, type Micros } from '../engine.js';
import type { FaultPlan, PlannedBlock, PlannedFault } from './fault.js';
import type { Observation, Seen } from './observation.js';

const SHORT = 8;

/** @returns undefined for what is not worth a line: there is some of it after each step */
export function describeObservation({ at, ...seen }: Observation): string | undefined {
  const text = describeSeen(seen as Seen);
  return text === undefined ? undefined : line(at, text);
}

/** A line of the log, with its time in seconds. */
export function line(at: Micros, text: string): string {
  return `${(at / (1_000 * MICROS_PER_MS)).toFixed(6).padStart(11)}  ${text}`;
}

function describeSeen(seen: Seen): string | undefined {
  switch (seen.type) {
    case 'relay':
      return `relay      ${seen.state}`;
    case 'event':
      return `event      ${describeEvent(seen.event)}`;
    case 'dialled':
    case 'closed':
      return `socket ${seen.connection}   ${seen.type} ${seen.peer}${seen.protected ? ' (dashd)' : ''}`;
    case 'pushed':
      return `socket ${seen.connection}   ${seen.type} ${short(seen.hash)} ${seen.peer} ${seen.form}`;
    case 'requested':
    case 'announced':
      return `socket ${seen.connection}   ${seen.type} ${short(seen.hash)} ${seen.peer}`;
    case 'answered':
      return `socket ${seen.connection}   ${seen.answer} ${short(seen.hash)} ${seen.peer}`;
    case 'spooled':
      return `spool      ${[...seen.hashes].map(short).join(' ') || 'empty'}`;
    case 'end':
      return `end        ${seen.live} peers, block ${short(seen.last.hash)} at ${seen.last.nodes} of ${seen.last.of} nodes`;
    case 'gauges':
      return undefined;
  }
}

function describeEvent(event: RelayEvent): string {
  const { type, at: _at, ...rest } = event;
  const hash = 'hash' in event && event.hash !== undefined ? ` ${short(event.hash)}` : '';
  const details = Object.entries(rest)
    .filter(([name, value]) => name !== 'hash' && typeof value !== 'object')
    .map(([name, value]) => `${name}=${value}`);
  return `${type}${hash} ${details.join(' ')}`;
}

/** The end of a hash: its beginning is zeros where it has proof of work. */
function short(hash: string): string {
  return hash.slice(-SHORT);
}

export function describeFault({ kind, from, until, peers, clockMs }: PlannedFault): string {
  const seconds = ((until - from) / (1_000 * MICROS_PER_MS)).toFixed(3);
  const whom = peers.length === 0 ? '' : ` of peers ${peers.join(', ')}`;
  return `${kind}${whom}${clockMs === 0 ? '' : ` by ${clockMs} ms`} for ${seconds} s`;
}

export function describeBlock({ kind, size, lead, finder }: PlannedBlock): string {
  const race = kind === 'rival' ? `, the network's ${lead / MICROS_PER_MS} ms later` : '';
  const where = kind === 'rival' || kind === 'network' ? ` at peer ${finder}` : '';
  return `${kind}${where}, ${size} bytes${race}`;
}

/** The plan, one line for each thing that happens. */
export function describePlan({ faults, blocks }: FaultPlan): readonly string[] {
  const lines = [
    ...faults.map((fault) => ({ at: fault.from, text: `fault      ${describeFault(fault)}` })),
    ...blocks.map((block) => ({ at: block.at, text: `block      ${describeBlock(block)}` })),
  ];
  return lines.sort((a, b) => a.at - b.at).map(({ at, text }) => line(at, text));
}
