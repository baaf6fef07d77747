/** The keys of a scenario file, with their bounds and defaults: a file gives what differs. `docs/simulator.md` describes them. */
import { z } from 'zod';
import { fill } from '../messages/fill.js';
import { SCENARIO_VALUES } from '../messages/simulation.js';
import { MAX_RUNS, MAX_SEED } from './scenario.js';

/** What a scenario can name. */
export interface Catalogue {
  /** Names of the latency tables, with the names of their regions. */
  readonly latencies: ReadonlyMap<string, readonly string[]>;
  /** Names of the contenders, with one line about each. */
  readonly contenders: ReadonlyMap<string, string>;
  /** Those that run when a scenario names none. */
  readonly usual: readonly string[];
}

const MAX_DESCRIPTION = 200;
const MAX_LIST = 32;
/** Members of a quorum that signs ChainLocks on mainnet. Source: Dash Core, llmq/params.h, LLMQ_400_60. */
const MIN_MASTERNODES = 400;
const MAX_NODES = 20_000;
const MAX_OFFLINE = 0.9;
/** A header, a count of transactions and a small coinbase. */
const MIN_BLOCK_BYTES = 200;
const MAX_BLOCK_BYTES = 2_000_000;
const MIN_UPLINK_MBIT = 0.1;
const MAX_UPLINK_MBIT = 100_000;
const MAX_HEAD_START_MS = 60_000;
const MIN_PROCESSING = 0.1;
const MAX_PROCESSING = 100;
const MAX_WRITE_MICROS = 10_000;

/** What a key expects is the message of its violation. */
function integer(min: number, max: number) {
  const error = fill(SCENARIO_VALUES.integer, { min, max });
  return z.int({ error }).min(min, { error }).max(max, { error });
}

function decimal(min: number, max: number) {
  const error = fill(SCENARIO_VALUES.number, { min, max });
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** A single value counts as a list of one. */
function listOf<T extends z.ZodType>(item: T) {
  const error = fill(SCENARIO_VALUES.list, { max: MAX_LIST });
  const list = z.array(item, { error }).min(1, { error }).max(MAX_LIST, { error });
  return z.preprocess((value) => (typeof value === 'object' || value === undefined ? value : [value]), list);
}

function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, { error: SCENARIO_VALUES.section });
}

const DESCRIPTION = fill(SCENARIO_VALUES.text, { max: MAX_DESCRIPTION });
const NAME = z.string({ error: SCENARIO_VALUES.name });

/** Names are checked against the catalogue later, with all others: `faultsOf` (`scenario-faults.ts`). */
export function scenarioSchema({ latencies, usual }: Catalogue) {
  const [table = ''] = latencies.keys();
  return section({
    description: z.string({ error: DESCRIPTION }).max(MAX_DESCRIPTION, { error: DESCRIPTION }).default(''),
    seed: integer(0, MAX_SEED).default(1),
    runs: integer(1, MAX_RUNS).default(20),
    contenders: listOf(NAME).default([...usual]),
    latency: listOf(NAME).default([table]),
    blockBytes: listOf(integer(MIN_BLOCK_BYTES, MAX_BLOCK_BYTES)).default([15_000]),
    network: section({
      masternodes: integer(MIN_MASTERNODES, MAX_NODES).default(2_970),
      others: integer(0, MAX_NODES).default(430),
      offline: decimal(0, MAX_OFFLINE).default(0),
      regions: z.record(z.string(), decimal(0, 1), { error: SCENARIO_VALUES.section }).optional(),
      processing: decimal(MIN_PROCESSING, MAX_PROCESSING).default(1),
    }).prefault({}),
    pool: section({
      region: NAME.default('europe'),
      uplinkMbit: decimal(MIN_UPLINK_MBIT, MAX_UPLINK_MBIT).default(1_000),
      share: decimal(0, 1).default(0.1),
      highBandwidth: z.boolean({ error: SCENARIO_VALUES.boolean }).default(true),
      writeMicros: integer(0, MAX_WRITE_MICROS).default(20),
    }).prefault({}),
    mempoolOverlap: decimal(0, 1).default(0.999),
    rival: section({
      headStartsMs: listOf(integer(0, MAX_HEAD_START_MS)).default([0, 25, 50, 75, 100, 150, 250]),
    }).prefault({}),
  });
}

export type ScenarioContent = z.infer<ReturnType<typeof scenarioSchema>>;

/** The names of a section's keys; of all keys at the top, for a path that is no section. */
export function keysOf(path: readonly PropertyKey[], catalogue: Catalogue): readonly string[] {
  const { shape } = scenarioSchema(catalogue);
  const [first] = path;
  switch (first) {
    case 'network':
    case 'pool':
    case 'rival':
      return Object.keys(shape[first].unwrap().shape);
    default:
      return Object.keys(shape);
  }
}
