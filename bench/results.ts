import type { BlockForm } from '../src/contracts/events.js';
import type { Summary } from './stats.js';

/** The results of a bench run. Times are milliseconds from just before the PUSH to the last peer's last byte, unless stated otherwise. */
export interface Results {
  readonly machine: Machine;
  /** ISO 8601. */
  readonly at: string;
  /** Fewer blocks than a full run: not for publication. */
  readonly quick: boolean;
  /** What the platform refused in this run; normally empty. */
  readonly refusals: readonly string[];
  readonly matrix: readonly MatrixRow[];
  readonly first?: FirstBlock;
  readonly stalled?: Stalled;
  readonly dashd?: readonly DashdRow[];
  readonly watched?: Watched;
  readonly flooded?: Flooded;
  readonly optional?: readonly OptionalRow[];
  readonly idle?: Idle;
  readonly scale?: Scale;
  readonly uplink?: Uplink;
}

export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
}

export interface MatrixRow {
  /** Bytes of one block. */
  readonly size: number;
  readonly peers: number;
  readonly floor: Summary;
  readonly relay: Summary;
  readonly naive: Summary;
}

/** Up to as many connections as four quorums have members. */
export interface Scale {
  readonly rows: readonly ScaleRow[];
  readonly crowds: readonly Crowd[];
}

export interface ScaleRow {
  /** Bytes of one block, and of the form in which it was sent. */
  readonly size: number;
  readonly sentBytes: number;
  readonly form: BlockForm;
  readonly peers: number;
  readonly floor: Summary;
  /** Of whole blocks alone. */
  readonly forward?: Summary;
  readonly relay: Summary;
}

/** A block over a slow uplink, to the first and the last of the peers behind it. */
export interface Uplink {
  /** Bytes of one block. */
  readonly size: number;
  readonly mbit: number;
  readonly roundTripMs: number;
  readonly rows: readonly UplinkRow[];
}

export interface UplinkRow {
  /** `floor`: whole to all. `relay`: compact, in one turn. `paced`: compact, at the speed of the uplink. */
  readonly name: 'floor' | 'relay' | 'paced';
  readonly peers: number;
  readonly first: Summary;
  readonly last: Summary;
}

/** What many connections cost a relay to which nothing happens. */
export interface Crowd {
  readonly peers: number;
  /** Duration of the load measurement. */
  readonly seconds: number;
  /** Share of one core, 0 to 1. */
  readonly load: number;
  /** Resident memory, bytes: before the first block, and after the last of {@link blocks}. */
  readonly memory: number;
  readonly memoryAfter: number;
  readonly blocks: number;
  /** The longest that the event loop was blocked while these blocks were sent and proven, ms. */
  readonly heldMs: number;
}

/** The first block after start, the hundredth, over several fresh processes. Medians. */
export interface FirstBlock {
  readonly size: number;
  readonly peers: number;
  readonly starts: number;
  readonly relay: FirstAndHundredth;
  readonly floor: FirstAndHundredth;
}

export interface FirstAndHundredth {
  readonly first: number;
  readonly hundredth: number;
}

/** An idle relay: its load, the duration of its start, and the delay of the first block after a pause. */
export interface Idle {
  readonly size: number;
  readonly peers: number;
  /** Duration of the load measurement. */
  readonly seconds: number;
  /** Shares of one core, 0 to 1; without and with an open page. */
  readonly alone: number;
  readonly watched: number;
  /** Medians: of an empty Node process, and of `blockcast run` until the pool socket accepts connections and until it is read. */
  readonly starts: { readonly count: number; readonly node: Cost; readonly bound: Cost; readonly reading: Cost };
  /** Medians. */
  readonly pauses: {
    readonly pauseSeconds: number;
    readonly rounds: number;
    readonly relay: FirstAndHundredth;
    readonly floor: FirstAndHundredth;
  };
}

export interface Cost {
  readonly wallMs: number;
  /** Of all cores; NaN where unknown. */
  readonly cpuMs: number;
}

/** The effect of one more peer, which never reads after the handshake, on the others. */
export interface Stalled {
  readonly size: number;
  /** Peers that read. */
  readonly peers: number;
  readonly without: StalledTimes;
  readonly with: StalledTimes;
}

export interface StalledTimes {
  readonly lastByte: Summary;
  /** To the last byte of the `submitblock` request. */
  readonly submit: Summary;
}

/** A real dashd that gets the block by `submitblock` and whose peers fetch it, compared with the relay. */
export interface DashdRow {
  readonly size: number;
  readonly peers: number;
  readonly dashd: Summary;
  readonly relay: Summary;
}

/** Monitoring overhead. */
export interface Watched {
  readonly size: number;
  readonly peers: number;
  /** The first row is without monitoring. */
  readonly rows: readonly WatchedRow[];
}

export interface WatchedRow {
  readonly name: string;
  readonly lastByte: Summary;
  /** Of the flood, if any. */
  readonly requestsPerSecond?: number;
}

/** Two relays, with an optional part and without it, take turns block by block. */
export interface OptionalRow {
  /** `spool`: blocks are kept in files. `reasons`: witnesses, learned choice, relayed locks, their forecast, block anatomy. */
  readonly what: 'spool' | 'reasons';
  /** Bytes. */
  readonly size: number;
  readonly peers: number;
  readonly off: Summary;
  readonly on: Summary;
}

/** Blocks during floods. */
export interface Flooded {
  readonly size: number;
  /** Well-behaved peers, whose last byte is measured. */
  readonly peers: number;
  /** Other connected peers, of which each row's number floods. */
  readonly strangers: number;
  /** The first is without a flood. */
  readonly rows: readonly FloodedRow[];
}

export interface FloodedRow {
  /** Peers that flood at the same time. */
  readonly flooders: number;
  readonly lastByte: Summary;
  /** The longest block of the relay's event loop, milliseconds. */
  readonly heldMs: number;
  /** The longest that it worked meanwhile, ms of processor time; absent where the platform does not say. The rest it waited for its core. */
  readonly workedMs?: number;
  /** Number of lost peers, by code. */
  readonly lost: Readonly<Record<string, number>>;
}
