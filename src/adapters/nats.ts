/**
 * A connection to the NATS servers of a cluster: messages and states go to callbacks without interpretation. It connects, and reconnects,
 * until it is closed. Nothing here waits on the way of a message: `store` writes it in the calling turn.
 *
 * Loaded only where there are servers.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import {
  connect,
  headers,
  type Msg,
  type NatsConnection,
  type Status,
  type Subscription,
} from '@nats-io/transport-node';
import { retryUntil } from '../common/retry.js';
import { connectOptions, faultOf, missingRight, type NatsAccess } from './nats-options.js';
import { readStream, type StoredMessage } from './nats-streams.js';

export interface NatsOptions extends NatsAccess {
  /** All that comes on it is passed on. What this client publishes does not come back. */
  readonly subscribe: string;
}

export interface NatsMessage {
  readonly subject: string;
  readonly data: Buffer;
  /** From its header; absent where it has none. */
  readonly network?: string;
  /** From its header, milliseconds; absent where it has none, or what is no such number. */
  readonly ageMs?: number;
}

export interface NatsHandlers {
  message(message: NatsMessage): void;
  /** Connected, at first and again. @param maxPayload of a message, bytes */
  up(server: string, maxPayload: number): void;
  /** Reported once until it is up again. */
  down(code: 'unreachable' | 'no-access' | 'disconnected', detail: string): void;
  /** The servers refuse to let this user publish to, or read, a subject. */
  refused(operation: 'publish' | 'read', subject: string): void;
}

export type Stored =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'no-stream' | 'failed'; readonly detail: string };

export interface StoreOptions {
  /** A stream stores what has the same id once. */
  readonly id?: string;
  readonly network?: string;
  /** Since it was published first, milliseconds; unless this is the first time. */
  readonly ageMs?: number;
}

export interface NatsLink {
  /** Dropped without a connection. */
  publish(subject: string, data: Buffer): void;
  /**
   * Publishes, and waits until a stream has it. Subscribers get it meanwhile, stream or not.
   * @returns undefined without a connection: then it was not published
   */
  store(subject: string, data: Buffer, more: StoreOptions): Promise<Stored> | undefined;
  /** What a stream has stored since a moment, the oldest first. @throws NATS's error */
  read(stream: string, since: Date): AsyncIterable<StoredMessage>;
  close(): Promise<void>;
}

/** The header that names the chain of a block. */
const NETWORK = 'Blockcast-Network';
/** The header that says how long ago a block was published first, milliseconds. */
const AGE = 'Blockcast-Age';
const RETRY_MS = 2_000;
const ACK_MS = 5_000;
const CLOSE_MS = 2_000;
/** A server that stands still takes what is written to it: it is left if it has answered nothing for so long after that... */
const ANSWER_MS = 2_000;
/** ...and after the time that sending takes at 2 Mbit/s, bytes per ms. */
const LEAST_BYTES_PER_MS = 250;

export function openNats(options: NatsOptions, handlers: NatsHandlers): NatsLink {
  const ended = new AbortController();
  let live: { readonly connection: NatsConnection; readonly stream: JetStreamClient } | undefined;
  /** Also while it is being made anew. */
  let current: NatsConnection | undefined;
  let isDown = false;
  /** The connection that is being asked whether it answers. */
  let checked: NatsConnection | undefined;

  const down = (code: 'unreachable' | 'no-access' | 'disconnected', detail: string): void => {
    if (isDown || ended.signal.aborted) return;
    isDown = true;
    handlers.down(code, detail);
  };
  const up = (connection: NatsConnection): void => {
    if (ended.signal.aborted) return;
    live = { connection, stream: jetstream(connection, { timeout: ACK_MS }) };
    isDown = false;
    handlers.up(connection.getServer(), connection.info?.max_payload ?? 0);
  };

  const attempt = async (): Promise<NatsConnection | undefined> => {
    try {
      return await connect(connectOptions(options));
    } catch (error) {
      down(faultOf(error), detailOf(error));
      return undefined;
    }
  };

  async function serve(): Promise<void> {
    const { signal } = ended;
    while (!signal.aborted) {
      const connection = await retryUntil(attempt, RETRY_MS, signal);
      if (connection === undefined) return;
      if (signal.aborted) return await connection.close();
      current = connection;
      const following = follow(connection);
      listen(connection);
      up(connection);
      // Ends when it is closed, by us or after the servers refused the user twice.
      const why = await connection.closed();
      live = undefined;
      await following;
      if (why instanceof Error) down(faultOf(why), why.message);
      else down('disconnected', '');
    }
  }

  function listen(connection: NatsConnection): Subscription {
    return connection.subscribe(options.subscribe, {
      callback: (error, message) => {
        if (error === null) handlers.message(messageOf(message));
      },
    });
  }

  async function follow(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        live = undefined;
        down('disconnected', status.server);
      } else if (status.type === 'reconnect') up(connection);
      else onFault(status);
    }
  }

  function onFault(status: Status): void {
    if (status.type !== 'error') return;
    const refused = missingRight(status.error);
    if (refused !== undefined) handlers.refused(refused.operation, refused.subject);
  }

  /** Leaves a server that does not answer what is published: the others would get it when the pings have failed, many seconds later. */
  async function check(connection: NatsConnection, bytes: number): Promise<void> {
    if (checked === connection) return;
    checked = connection;
    const time = ANSWER_MS + bytes / LEAST_BYTES_PER_MS;
    // A connection that has ended is seen to elsewhere.
    const answered = connection.flush().catch(() => undefined);
    const isLate = await Promise.race([answered, wait(time, true, { ref: false })]);
    checked = undefined;
    if (isLate === true && live?.connection === connection) await connection.reconnect();
  }

  const serving = serve();

  return {
    publish: (subject, data) => live?.connection.publish(subject, data),
    store(subject, data, more) {
      if (live === undefined) return undefined;
      const answer = stored(live.stream, subject, data, more);
      void check(live.connection, data.length);
      return answer;
    },
    read(stream, since) {
      if (live === undefined) throw new Error('not connected');
      return readStream(live.connection, stream, since);
    },
    async close() {
      ended.abort();
      const connection = live?.connection;
      live = undefined;
      // What was published goes out before. The first connection, while it is being made, closes itself.
      if (connection !== undefined) await Promise.race([connection.drain().then(() => serving), wait(CLOSE_MS)]);
      await current?.close();
    },
  };
}

async function stored(
  stream: JetStreamClient,
  subject: string,
  data: Buffer,
  { id, network, ageMs }: StoreOptions,
): Promise<Stored> {
  const marks = headers();
  if (network !== undefined) marks.set(NETWORK, network);
  if (ageMs !== undefined) marks.set(AGE, `${ageMs}`);
  try {
    await stream.publish(subject, data, { ...(id !== undefined && { msgID: id }), headers: marks, retries: 0 });
    return { ok: true };
  } catch (error) {
    const isMissing = error instanceof Error && /no responders|503/i.test(`${error.message} ${String(error.cause)}`);
    return { ok: false, code: isMissing ? 'no-stream' : 'failed', detail: detailOf(error) };
  }
}

function messageOf({ subject, data, headers: marks }: Msg): NatsMessage {
  const network = marks?.get(NETWORK);
  const age = marks?.get(AGE) ?? '';
  return {
    subject,
    data: bytesOf(data),
    ...(network !== undefined && network !== '' && { network }),
    ...(/^\d{1,9}$/.test(age) && { ageMs: Number(age) }),
  };
}

/** A view of the same bytes. */
function bytesOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
