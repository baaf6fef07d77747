import type { ChainBlock } from './chain.js';
import { chainLockOf } from './chain-lock.js';

/** Faults of the notifications while the connection stays up. Read for each block. */
export interface ZmqFaults {
  /** Publishes nothing and does not count: dashd hangs. */
  readonly silent?: boolean;
  /** Loses the messages of this topic: their sequence numbers are missing. */
  readonly swallows?: 'hashblock' | 'rawblock' | 'both';
}

const TOPICS = ['hashblock', 'rawblock', 'hashchainlock', 'rawchainlocksig'] as const;
export type NotificationTopic = (typeof TOPICS)[number];

export const HIGH_WATER_MARK = 1_000;

/** The answer to `getzmqnotifications`, when one endpoint has all topics. Source: Dash Core `zmq/zmqrpc.cpp`. */
export function describeNotifications(endpoint: string): object[] {
  return TOPICS.map((topic) => ({ type: `pub${topic}`, address: endpoint, hwm: HIGH_WATER_MARK }));
}

/**
 * dashd's notifications, as the frames of ZeroMQ messages: topic, body, and a sequence number per topic. Source: Dash Core
 * `zmq/zmqpublishnotifier.cpp`.
 */
export class Notifications {
  private readonly sequence = new Map<NotificationTopic, number>();

  /** @param send a message to all subscribers of its topic, its first frame */
  constructor(
    private readonly faults: () => ZmqFaults,
    private readonly send: (frames: readonly [NotificationTopic, Buffer, Buffer]) => void,
  ) {}

  /** Counts from 0, as dashd does after a start. */
  restart(): void {
    this.sequence.clear();
  }

  /** Publishes a new tip, by hash and in full. */
  publish(block: ChainBlock): void {
    this.publishOn('hashblock', Buffer.from(block.hash, 'hex'));
    if (block.raw !== undefined) this.publishOn('rawblock', block.raw);
  }

  /** Publishes a ChainLock, by hash and in full. */
  publishLock(block: ChainBlock): void {
    this.publishOn('hashchainlock', Buffer.from(block.hash, 'hex'));
    if (block.raw !== undefined) this.publishOn('rawchainlocksig', Buffer.concat([block.raw, chainLockOf(block)]));
  }

  private publishOn(topic: NotificationTopic, body: Buffer): void {
    const { silent, swallows } = this.faults();
    if (silent === true) return;
    const number = Buffer.alloc(4);
    const sequence = this.sequence.get(topic) ?? 0;
    number.writeUInt32LE(sequence);
    this.sequence.set(topic, sequence + 1);
    if (swallows === topic || swallows === 'both') return;
    this.send([topic, body, number]);
  }
}
