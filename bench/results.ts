import type { Summary } from './stats.js';

/** What a run of the bench found. Times are milliseconds from just before the PUSH to the last peer's last byte, unless told. */
export interface Results {
  readonly machine: Machine;
  /** ISO 8601. */
  readonly at: string;
  /** Fewer blocks than a full run: good for a look, not for a claim. */
  readonly quick: boolean;
  /** In what it was not done as it should be, because the platform refused; empty when all is well. */
  readonly refusals: readonly string[];
  readonly matrix: readonly MatrixRow[];
  readonly first?: FirstBlock;
  readonly stalled?: Stalled;
  readonly dashd?: readonly DashdRow[];
  readonly watched?: Watched;
  readonly flooded?: Flooded;
  readonly spooled?: Spooled;
  readonly idle?: Idle;
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

/** A relay to which nothing happens: what it costs, what its start costs, and what the first block behind a pause meets. */
export interface Idle {
  readonly size: number;
  readonly peers: number;
  /** For so long its load was taken. */
  readonly seconds: number;
  /** Shares of one core, 1: all of it; without and with an open page. */
  readonly alone: number;
  readonly watched: number;
  /** Medians: of Node that does nothing, of `blockcast run` until the pool's socket can be connected to, and until it is read. */
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
  /** Of all cores; NaN where the platform does not say. */
  readonly cpuMs: number;
}

/** One peer more, that finishes its handshake and never reads again: what becomes of the others. */
export interface Stalled {
  readonly size: number;
  /** Those that read. */
  readonly peers: number;
  readonly without: StalledTimes;
  readonly with: StalledTimes;
}

export interface StalledTimes {
  readonly lastByte: Summary;
  /** To the last byte of the `submitblock` request. */
  readonly submit: Summary;
}

/** A real dashd that is given the block by `submitblock` and whose peers fetch it, against the relay. */
export interface DashdRow {
  readonly size: number;
  readonly peers: number;
  readonly dashd: Summary;
  readonly relay: Summary;
}

/** A relay, alone and looked at. */
export interface Watched {
  readonly size: number;
  readonly peers: number;
  /** The first is the relay that nobody looks at. */
  readonly rows: readonly WatchedRow[];
}

export interface WatchedRow {
  readonly name: string;
  readonly lastByte: Summary;
  /** Of the flood, where there is one. */
  readonly requestsPerSecond?: number;
}

/** A relay that keeps its blocks on disk, and one that does not. */
export interface Spooled {
  readonly size: number;
  readonly peers: number;
  readonly without: Summary;
  readonly with: Summary;
}

/** Blocks while peers flood. */
export interface Flooded {
  readonly size: number;
  /** Those that behave, whose last byte counts. */
  readonly peers: number;
  /** The others that are connected; as many of them as a row says flood. */
  readonly strangers: number;
  /** The first is without a flood. */
  readonly rows: readonly FloodedRow[];
}

export interface FloodedRow {
  /** Peers that flood at the same time. */
  readonly flooders: number;
  readonly lastByte: Summary;
  /** The longest that the relay's event loop was held, milliseconds. */
  readonly heldMs: number;
  /** How many peers were lost, by the reason's code. */
  readonly lost: Readonly<Record<string, number>>;
}
