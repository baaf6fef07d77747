/** The streams of a cluster (JetStream): made once by an operator, read by relays that were away. */
import {
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { StreamPlan } from '../contracts/cluster.js';
import { connectOptions, type NatsAccess } from './nats-options.js';

export interface StoredMessage {
  readonly subject: string;
  readonly data: Buffer;
  /** When the stream got it, ms since the epoch. */
  readonly at: number;
}

/** Messages fetched at once: of blocks they are 16 MB. */
const BATCH = 8;
const FETCH_MS = 5_000;
const FORGOTTEN_MS = 30_000;
const NANOS_PER_MS = 1e6;

/** What a stream has stored since a moment, the oldest first; ends with what it has now. @throws NATS's error */
export async function* readStream(
  connection: NatsConnection,
  stream: string,
  since: Date,
): AsyncGenerator<StoredMessage, void> {
  const consumer = await jetstream(connection).consumers.get(stream, {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
    // No relay has the right to delete consumers: the server does, once nobody has asked for so long.
    inactive_threshold: FORGOTTEN_MS * NANOS_PER_MS,
  });
  let { num_pending: pending } = await consumer.info();
  while (pending > 0) {
    const before = pending;
    for await (const message of await consumer.fetch({ max_messages: Math.min(BATCH, pending), expires: FETCH_MS })) {
      const { subject, data, info } = message;
      pending = info.pending;
      yield { subject, data: Buffer.from(data), at: Math.floor(info.timestampNanos / 1e6) };
    }
    // Nothing more comes: a limit of the stream has removed what was pending.
    if (pending === before) return;
  }
}

export interface StreamState {
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
  readonly replicas: number;
  readonly leader?: string;
}

export type StreamAnswer =
  | { readonly ok: true; readonly stream: StreamState }
  | { readonly ok: false; readonly name: string; readonly detail: string };

/** An operator's connection to the servers. */
export interface NatsDesk {
  readonly server: string;
  readonly version: string;
  readonly roundTripMs: number;
  readonly maxPayload: number;
  look(name: string): Promise<StreamAnswer>;
  /** Makes the stream, or changes it to be as planned. @param replicas copies, on as many servers */
  make(plan: StreamPlan, replicas: number): Promise<StreamAnswer>;
  read(name: string, since: Date): AsyncIterable<StoredMessage>;
  close(): Promise<void>;
}

/** @throws NATS's error when no server lets this user in */
export async function openDesk(access: NatsAccess): Promise<NatsDesk> {
  const connection = await connect({ ...connectOptions(access), reconnect: false });
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const roundTripMs = await connection.rtt();
  return {
    server: connection.getServer(),
    version: connection.info?.version ?? '',
    roundTripMs,
    maxPayload: connection.info?.max_payload ?? 0,
    look: (name) => answered(name, () => manager.streams.info(name)),
    make: (plan, replicas) => answered(plan.name, () => made(manager, plan, replicas)),
    read: (name, since) => readStream(connection, name, since),
    close: () => connection.close(),
  };
}

async function answered(name: string, ask: () => Promise<StreamInfo>): Promise<StreamAnswer> {
  try {
    const { state, config, cluster } = await ask();
    const { messages, bytes } = state;
    const leader = cluster?.leader;
    const stream = { name, messages, bytes, replicas: config.num_replicas, ...(leader !== undefined && { leader }) };
    return { ok: true, stream };
  } catch (error) {
    return { ok: false, name, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function made(manager: JetStreamManager, plan: StreamPlan, replicas: number): Promise<StreamInfo> {
  const changeable = {
    subjects: [...plan.subjects],
    max_bytes: plan.maxBytes,
    max_age: plan.maxAgeMs * NANOS_PER_MS,
    max_msgs_per_subject: plan.lastOnly ? 1 : -1,
    duplicate_window: plan.onceWithinMs * NANOS_PER_MS,
    num_replicas: replicas,
    discard: DiscardPolicy.Old,
    deny_delete: false,
  };
  const isThere = (await answered(plan.name, () => manager.streams.info(plan.name))).ok;
  if (isThere) return await manager.streams.update(plan.name, changeable);
  return await manager.streams.add({
    ...changeable,
    name: plan.name,
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
  });
}
