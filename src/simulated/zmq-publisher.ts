import { Publisher } from 'zeromq';
import { closed } from '../adapters/zmq-close.js';
import type { ChainBlock } from './chain.js';
import { chainLockOf } from './chain-lock.js';

/** Faults of the notifications while the connection stays up. Read for each block. */
export interface ZmqFaults {
  /** Publishes nothing and does not count: dashd hangs. */
  readonly silent?: boolean;
  /** Loses the messages of this topic: their sequence numbers are missing. */
  readonly swallows?: 'hashblock' | 'rawblock' | 'both';
}

export const TOPICS = ['hashblock', 'rawblock', 'hashchainlock', 'rawchainlocksig'] as const;
type Topic = (typeof TOPICS)[number];

export const HIGH_WATER_MARK = 1_000;

/**
 * dashd's ZeroMQ notifications: topic, body, and a sequence number per topic. Source: Dash Core
 * `zmq/zmqpublishnotifier.cpp`.
 */
export class ZmqPublisher {
  private readonly sequence = new Map<Topic, number>();
  private socket: Publisher | undefined;
  private sending = Promise.resolve();

  constructor(private readonly faults: () => ZmqFaults) {}

  /** Binds to an endpoint and counts from 0, as dashd does after a start. */
  async start(endpoint: string): Promise<void> {
    const socket = new Publisher({ linger: 0, sendHighWaterMark: HIGH_WATER_MARK });
    try {
      await socket.bind(endpoint);
    } catch (error) {
      socket.close();
      throw error;
    }
    this.socket = socket;
    this.sequence.clear();
  }

  /** Resolves when the port is free. */
  async stop(): Promise<void> {
    const { socket } = this;
    this.socket = undefined;
    await this.sending;
    if (socket === undefined) return;
    await closed(socket);
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

  private publishOn(topic: Topic, body: Buffer): void {
    const { silent, swallows } = this.faults();
    if (silent === true) return;
    const number = Buffer.alloc(4);
    const sequence = this.sequence.get(topic) ?? 0;
    number.writeUInt32LE(sequence);
    this.sequence.set(topic, sequence + 1);
    if (swallows === topic || swallows === 'both') return;
    // One at a time: the socket rejects concurrent sends.
    this.sending = this.sending.then(() => this.send([topic, body, number]));
  }

  private async send(frames: (string | Buffer)[]): Promise<void> {
    const { socket } = this;
    if (socket === undefined || socket.closed) return;
    await socket.send(frames);
  }
}
