/** What a relay needs of the servers of its cluster; adapters/nats.ts is one, a test may have another. */

export interface LinkMessage {
  readonly subject: string;
  readonly data: Buffer;
  /** The chain that its sender named; absent where it named none. */
  readonly network?: string;
  /** Milliseconds since it was published first; absent where this is the first time. */
  readonly ageMs?: number;
}

export interface StoredLinkMessage {
  readonly subject: string;
  readonly data: Buffer;
  /** When it was stored, ms since the epoch. */
  readonly at: number;
}

export type DownCode = 'unreachable' | 'no-access' | 'disconnected';

export interface LinkHandlers {
  message(message: LinkMessage): void;
  /** @param maxPayload of a message, bytes */
  up(server: string, maxPayload: number): void;
  down(code: DownCode, detail: string): void;
  refused(operation: 'publish' | 'read', subject: string): void;
}

export type StoreAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'no-stream' | 'failed'; readonly detail: string };

export interface StoreOptions {
  /** A stream stores what has the same id once. */
  readonly id?: string;
  readonly network?: string;
  /** As in {@link LinkMessage}. */
  readonly ageMs?: number;
}

export interface ClusterLink {
  /** Dropped without a connection. */
  publish(subject: string, data: Buffer): void;
  /** Publishes in the calling turn. @returns whether a stream has it; undefined without a connection */
  store(subject: string, data: Buffer, more: StoreOptions): Promise<StoreAnswer> | undefined;
  /** @throws (also while it is read) the server's error */
  read(stream: string, since: Date): AsyncIterable<StoredLinkMessage>;
  close(): Promise<void>;
}
