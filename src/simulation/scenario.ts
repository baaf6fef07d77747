/**
 * What a study simulates: one network, one size of block, one table of latencies, one pool. A scenario file may give several sizes and tables
 * (`scenario-file.ts`); each combination is one scenario and one study.
 */

export const MAX_SEED = 2 ** 32 - 1;
export const MAX_RUNS = 10_000;

/** Shares are from 0 to 1. All values are in the units of the scenario file; the model converts them. */
export interface Scenario {
  /** Name of a table of latencies. */
  readonly latency: string;
  /** Size of the block, bytes. */
  readonly blockBytes: number;
  readonly network: {
    /** Masternodes that are registered, those that are offline included. */
    readonly masternodes: number;
    /** Other full nodes. */
    readonly others: number;
    /** Share of all nodes that neither receive nor sign; the pool's own are always online. */
    readonly offline: number;
    /** Shares of the masternodes by region, in sum 1, instead of those of the data file of hosts. */
    readonly regions?: Readonly<Record<string, number>> | undefined;
    /** Time of all nodes for a block, relative to what is assumed. */
    readonly processing: number;
  };
  readonly pool: {
    /** Name of a region of the latency table. */
    readonly region: string;
    /** Uplink that the pool's relay and its dashd share, Mbit/s (10^6 bits). */
    readonly uplinkMbit: number;
    /** Share of all blocks that the pool finds: the more, the more peers have its dashd as a high-bandwidth peer (BIP 152). */
    readonly share: number;
    /** Whether peers may have chosen the pool's dashd as a high-bandwidth peer before the block; false: none has. */
    readonly highBandwidth: boolean;
    /** Time of the relay for each write, microseconds. */
    readonly writeMicros: number;
  };
  /** Share of the block's transactions that a node has in its mempool. */
  readonly mempoolOverlap: number;
  readonly rival: {
    /** By how much a competing block starts earlier, milliseconds; 0 is an exact tie. Ascending. */
    readonly headStartsMs: readonly number[];
  };
  /** Names, without duplicates. The first is what the others are compared with. */
  readonly contenders: readonly string[];
}
