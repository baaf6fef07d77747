/**
 * The peer book as a file: the JSON of p2pool-dash's `broadcast_peers.json`, version "1.0", which it can load and whose own files
 * we load. Its fields keep their names and units (epoch seconds); ours stand beside them and are left out where unknown.
 */

import { z } from 'zod';
import { currentCode } from '../contracts/codes.js';
import { fill } from '../messages/fill.js';
import { PEER_BOOK } from '../messages/storage.js';
import { SECOND_MS } from '../time.js';
import { type PeerAddress, type PeerKey, parseAddress, toAddress } from './address.js';
import { READY } from './backoff.js';
import { LEARNING_WINDOW, type Learned, MAX_LAG_MS } from './learned.js';
import {
  delivered,
  isProven,
  newRecord,
  OUTCOME_WINDOW,
  type PeerRecord,
  SOURCES,
  type Source,
  undelivered,
} from './record.js';
import { scoreTotal, WEIGHTS, type Weights } from './score.js';

const FORMAT_VERSION = '1.0';
const PEERS_A_CHUNK = 40;

/**
 * The file's text in chunks of under a millisecond of work each, so that the caller can yield in between. Records are values: a change
 * meanwhile is simply not in this file.
 * @param now ms since the epoch
 */
export function* serialise(
  records: Iterable<PeerRecord>,
  now: number,
  localDashd: PeerKey | undefined,
  weights: Weights = WEIGHTS,
): Generator<string, void> {
  const head = {
    version: FORMAT_VERSION,
    last_updated: toSeconds(now),
    // p2pool-dash asks dashd again without it.
    bootstrapped: true,
    local_dashd: localDashd ?? null,
  };
  let chunk = `${JSON.stringify(head).slice(0, -1)},"peers":{`;
  let count = 0;
  for (const record of [...records]) {
    if (count % PEERS_A_CHUNK === 0 && count > 0) {
      yield chunk;
      chunk = '';
    }
    chunk += `${count++ === 0 ? '\n' : ',\n'}${JSON.stringify(record.key)}:${JSON.stringify(toEntry(record, now, weights))}`;
  }
  yield `${chunk}\n}}\n`;
}

function toEntry(record: PeerRecord, now: number, weights: Weights) {
  const { broadcasts, ping, connections, announcements, backoff } = record;
  return {
    first_seen: toSeconds(record.firstSeen),
    last_seen: toSeconds(record.lastSeen),
    source: SOURCES.find((source) => record.sources.includes(source)) ?? 'p2p_discovery',
    protected: record.protected,
    successful_broadcasts: delivered(record),
    failed_broadcasts: undelivered(record),
    score: Math.round(scoreTotal(record, now, weights) * 10) / 10,
    ping_ms: ping?.smoothedMs,
    sources: record.sources,
    via: record.via,
    last_connected: record.lastConnected === undefined ? undefined : toSeconds(record.lastConnected),
    services: record.services?.toString(),
    protocol_version: record.protocolVersion,
    user_agent: record.userAgent,
    height: record.height,
    ping_min_ms: ping?.minMs,
    ping_at: ping === undefined ? undefined : toSeconds(ping.at),
    broadcasts:
      broadcasts.alreadyHad + delivered(record) + undelivered(record) === 0
        ? undefined
        : {
            acknowledged: broadcasts.acknowledged,
            accepted: broadcasts.accepted,
            already_had: broadcasts.alreadyHad,
            failed: broadcasts.failed,
            recent: broadcasts.recent,
            failures_in_a_row: broadcasts.failuresInARow,
            last_at: broadcasts.lastAt === undefined ? undefined : toSeconds(broadcasts.lastAt),
            proof_ms: broadcasts.proofMs,
          },
    announcements:
      announcements.count === 0
        ? undefined
        : { count: announcements.count, first: announcements.first, lag_ms: announcements.lagMs },
    learned: record.learned === undefined ? undefined : { blocks: record.learned.blocks, lag_ms: record.learned.lagMs },
    connections:
      connections.succeeded + connections.failed === 0
        ? undefined
        : {
            succeeded: connections.succeeded,
            failed: connections.failed,
            last_failure:
              connections.lastFailure === undefined
                ? undefined
                : { at: toSeconds(connections.lastFailure.at), code: connections.lastFailure.code },
          },
    backoff:
      backoff.failures === 0 ? undefined : { ...backoff, retryAt: undefined, retry_at: toSeconds(backoff.retryAt) },
  };
}

export type ParsedBook =
  | {
      readonly ok: true;
      readonly records: readonly PeerRecord[];
      readonly localDashd?: PeerKey;
      /** ms since the epoch */
      readonly lastUpdated?: number;
      /** Entries that were not understood and left out. */
      readonly skipped: number;
      /** One line for each kind of oddity, with an example. */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly code: 'not-json' | 'not-a-peer-book' | 'unknown-version'; readonly reason: string };

/** Later than any correct clock, early enough that milliseconds stay exact: the year 5138. */
const MAX_SECONDS = 1e11;
const seconds = z
  .number()
  .min(0)
  .max(MAX_SECONDS)
  .transform((value) => Math.round(value * SECOND_MS));
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = z.number().min(0).max(1e9);
const label = z.string().max(64);
/** Files of before 0.1.0 have codes with spaces. */
const code = label.transform(currentCode);
const countByCode = z.record(label, count).transform((counts) => {
  const current = new Map<string, number>();
  for (const [name, many] of Object.entries(counts)) {
    current.set(currentCode(name), (current.get(currentCode(name)) ?? 0) + many);
  }
  return Object.fromEntries(current);
});

const backoffSchema = z.object({
  state: z.enum(['closed', 'open', 'half-open']),
  failures: count,
  retry_at: seconds,
});

const entrySchema = z.object({
  first_seen: seconds.optional(),
  last_seen: seconds.optional(),
  source: z.string().optional(),
  protected: z.boolean().optional(),
  successful_broadcasts: count.optional(),
  failed_broadcasts: count.optional(),
  ping_ms: milliseconds.nullish().catch(undefined),
  sources: z.array(z.string()).max(16).optional(),
  via: label.optional(),
  last_connected: seconds.optional(),
  services: z
    .string()
    .regex(/^\d{1,20}$/)
    .transform(BigInt)
    .optional(),
  protocol_version: z.number().int().optional(),
  user_agent: label.optional(),
  height: z.number().int().optional(),
  ping_min_ms: milliseconds.optional(),
  ping_at: seconds.optional(),
  broadcasts: z
    .object({
      acknowledged: count,
      accepted: count,
      already_had: count,
      failed: countByCode,
      recent: z.object({ succeeded: z.number().min(0), failed: z.number().min(0) }),
      failures_in_a_row: count,
      last_at: seconds.optional(),
      proof_ms: milliseconds.optional(),
    })
    .optional(),
  announcements: z.object({ count, first: count, lag_ms: milliseconds.optional() }).optional(),
  // Files of before have none; one that cannot be is learned anew.
  learned: z
    .object({ blocks: z.number().positive(), lag_ms: z.number().min(0).max(MAX_LAG_MS) })
    .optional()
    .catch(undefined),
  connections: z
    .object({ succeeded: count, failed: count, last_failure: z.object({ at: seconds, code }).optional() })
    .optional(),
  backoff: backoffSchema.optional(),
});
type Entry = z.infer<typeof entrySchema>;

const fileSchema = z.object({
  version: z.string().optional(),
  last_updated: seconds.optional().catch(undefined),
  local_dashd: z.string().nullish().catch(undefined),
  peers: z.record(z.string(), z.unknown()),
});

/**
 * Reads a peer book of ours or of p2pool-dash. A bad entry is skipped and counted; only a text that is not a peer book is refused. The
 * records are claims: {@link PeerBook.restore} decides which to accept.
 */
export function parse(text: string): ParsedBook {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The engine's message quotes the text, which may be any file.
    return { ok: false, code: 'not-json', reason: PEER_BOOK['not-json'] };
  }
  const file = fileSchema.safeParse(json);
  if (!file.success) return { ok: false, code: 'not-a-peer-book', reason: whatIsWrong(file.error) };
  const { version, peers, last_updated: lastUpdated, local_dashd: localDashd } = file.data;
  if (version !== undefined && !/^1(\.\d+)?$/.test(version)) {
    return {
      ok: false,
      code: 'unknown-version',
      reason: fill(PEER_BOOK['unknown-version'], { version: JSON.stringify(version), known: FORMAT_VERSION }),
    };
  }
  const oddities = new Oddities();
  if (version === undefined) oddities.note(PEER_BOOK['no-version'], PEER_BOOK['the-file']);
  const records = new Map<PeerKey, PeerRecord>();
  for (const [key, value] of Object.entries(peers)) {
    const record = toRecord(key, value, lastUpdated ?? 0, oddities);
    if (record !== undefined) records.set(record.key, record);
  }
  const local = localDashd ? looseAddress(localDashd) : undefined;
  return {
    ok: true,
    records: [...records.values()],
    ...(local === undefined ? {} : { localDashd: newRecord(local, 'local_dashd', 0).key }),
    ...(lastUpdated === undefined ? {} : { lastUpdated }),
    skipped: oddities.skipped,
    warnings: oddities.lines(),
  };
}

class Oddities {
  skipped = 0;
  readonly #seen = new Map<string, { count: number; example: string }>();

  note(what: string, example: string): void {
    const seen = this.#seen.get(what) ?? { count: 0, example: example.slice(0, 80) };
    this.#seen.set(what, { ...seen, count: seen.count + 1 });
  }

  skip(what: string, example: string): undefined {
    this.skipped++;
    this.note(fill(PEER_BOOK.skipped, { what }), example);
  }

  lines(): readonly string[] {
    return [...this.#seen].map(([what, { count, example }]) => fill(PEER_BOOK.oddity, { what, count, example }));
  }
}

function toRecord(key: string, value: unknown, lastUpdated: number, oddities: Oddities): PeerRecord | undefined {
  const address = looseAddress(key);
  if (address === undefined) return oddities.skip(PEER_BOOK['not-an-address'], key);
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) return oddities.skip(whatIsWrong(parsed.error), key);
  const entry = parsed.data;
  const lastSeen = entry.last_seen ?? lastUpdated;
  const firstSeen = Math.min(entry.first_seen ?? lastSeen, lastSeen);
  const sources = toSources(entry, oddities);
  const record: PeerRecord = {
    ...newRecord(address, sources[0], firstSeen, lastSeen),
    protected: entry.protected ?? false,
    sources,
    broadcasts: toBroadcasts(entry),
    ...optionalFields(entry),
  };
  if (entry.broadcasts !== undefined || isProven(record) || delivered(record) === 0) return record;
  // p2pool-dash does not note handshakes, but it delivered nothing without one.
  return { ...record, lastConnected: lastSeen };
}

/** p2pool-dash writes IPv6 without brackets; the port is then what follows the last colon. */
function looseAddress(text: string): PeerAddress | undefined {
  const strict = parseAddress(text);
  if (strict !== undefined) return strict;
  const match = /^\[?([0-9a-fA-F:.]*:[0-9a-fA-F:.]*)\]?:(\d{1,5})$/.exec(text);
  return match === null ? undefined : toAddress(match[1] ?? '', Number(match[2]));
}

/** p2pool-dash's name for what a later `getpeerinfo` brought. */
const ALIASES: Readonly<Record<string, Source>> = { dashd_refresh: 'dashd' };

function toSources(entry: Entry, oddities: Oddities): readonly [Source, ...Source[]] {
  const names = entry.sources ?? (entry.source === undefined ? [] : [entry.source]);
  const known = new Set<Source>();
  for (const name of names) {
    const source =
      SOURCES.find((candidate) => candidate === name) ?? (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined);
    if (source === undefined) oddities.note(PEER_BOOK['unknown-source'], name);
    else known.add(source);
  }
  const [first, ...rest] = known;
  return first === undefined ? ['p2p_discovery'] : [first, ...rest];
}

function toBroadcasts(entry: Entry): PeerRecord['broadcasts'] {
  const saved = entry.broadcasts;
  if (saved === undefined) {
    const acknowledged = entry.successful_broadcasts ?? 0;
    const failed = entry.failed_broadcasts ?? 0;
    return {
      acknowledged,
      accepted: 0,
      alreadyHad: 0,
      failed: failed > 0 ? { unknown: failed } : {},
      recent: withinWindow(acknowledged, failed),
      failuresInARow: 0,
    };
  }
  return {
    acknowledged: saved.acknowledged,
    accepted: saved.accepted,
    alreadyHad: saved.already_had,
    failed: saved.failed,
    recent: withinWindow(saved.recent.succeeded, saved.recent.failed),
    failuresInARow: saved.failures_in_a_row,
    ...(saved.last_at === undefined ? {} : { lastAt: saved.last_at }),
    ...(saved.proof_ms === undefined ? {} : { proofMs: saved.proof_ms }),
  };
}

function withinWindow(succeeded: number, failed: number): { succeeded: number; failed: number } {
  const scale = Math.min(1, OUTCOME_WINDOW / Math.max(1, succeeded + failed));
  return { succeeded: succeeded * scale, failed: failed * scale };
}

function optionalFields(entry: Entry): Partial<PeerRecord> {
  const { announcements, connections, backoff, ping_ms: pingMs } = entry;
  const learned = toLearned(entry);
  return {
    ...(entry.via === undefined ? {} : { via: entry.via }),
    ...(entry.last_connected === undefined ? {} : { lastConnected: entry.last_connected }),
    ...(entry.services === undefined ? {} : { services: entry.services }),
    ...(entry.protocol_version === undefined ? {} : { protocolVersion: entry.protocol_version }),
    ...(entry.user_agent === undefined ? {} : { userAgent: entry.user_agent }),
    ...(entry.height === undefined ? {} : { height: entry.height }),
    ...(typeof pingMs === 'number'
      ? { ping: { smoothedMs: pingMs, minMs: entry.ping_min_ms ?? pingMs, at: entry.ping_at ?? entry.last_seen ?? 0 } }
      : {}),
    ...(announcements === undefined
      ? {}
      : {
          announcements: {
            count: announcements.count,
            first: announcements.first,
            ...(announcements.lag_ms === undefined ? {} : { lagMs: announcements.lag_ms }),
          },
        }),
    ...(learned === undefined ? {} : { learned }),
    ...(connections === undefined ? {} : { connections: toConnections(connections) }),
    ...(backoff === undefined
      ? { backoff: READY }
      : { backoff: { state: backoff.state, failures: backoff.failures, retryAt: backoff.retry_at } }),
  };
}

function toLearned({ learned }: Entry): Learned | undefined {
  return learned && { blocks: Math.min(LEARNING_WINDOW, learned.blocks), lagMs: learned.lag_ms };
}

function toConnections(saved: NonNullable<Entry['connections']>): PeerRecord['connections'] {
  const { succeeded, failed, last_failure: lastFailure } = saved;
  return { succeeded, failed, ...(lastFailure === undefined ? {} : { lastFailure }) };
}

function toSeconds(ms: number): number {
  return Math.round(ms) / SECOND_MS;
}

function whatIsWrong(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'malformed' : `${issue.path.join('.') || PEER_BOOK['the-whole']}: ${issue.message}`;
}
