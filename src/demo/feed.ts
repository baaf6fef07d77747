import { Publisher } from 'zeromq';
import type { ChainBlock } from './chain.js';

/** What may go wrong with a feed without its connection breaking. Read anew for each block. */
export interface FeedFaults {
  /** Publishes nothing, and counts nothing either: dashd hangs, or its notifier does. */
  readonly silent?: boolean;
  /** Loses this topic's messages on the way: their numbers are missing. */
  readonly swallows?: 'hashblock' | 'rawblock' | 'both';
}

type Topic = 'hashblock' | 'rawblock';

const HIGH_WATER_MARK = 1_000;

/**
 * dashd's ZeroMQ feed: topic, body, and a number that counts each topic's messages. Source: Dash Core
 * `zmq/zmqpublishnotifier.cpp`.
 */
export class Feed {
  private readonly sequence: Record<Topic, number> = { hashblock: 0, rawblock: 0 };
  private socket: Publisher | undefined;
  private sending = Promise.resolve();

  constructor(private readonly faults: () => FeedFaults) {}

  /** Binds to an endpoint such as `tcp://127.0.0.1:*`, and counts from 0, as a dashd just started does. @returns where it is bound */
  async start(endpoint: string): Promise<string> {
    const socket = new Publisher({ linger: 0, sendHighWaterMark: HIGH_WATER_MARK });
    await socket.bind(endpoint);
    this.socket = socket;
    this.sequence.hashblock = 0;
    this.sequence.rawblock = 0;
    return socket.lastEndpoint ?? endpoint;
  }

  async stop(): Promise<void> {
    const { socket } = this;
    this.socket = undefined;
    await this.sending;
    if (socket === undefined) return;
    const endpoint = socket.lastEndpoint;
    if (endpoint !== null) await socket.unbind(endpoint);
    socket.close();
  }

  /** Tells of a new tip, by hash and in full. */
  publish(block: ChainBlock): void {
    this.publishOn('hashblock', Buffer.from(block.hash, 'hex'));
    if (block.raw !== undefined) this.publishOn('rawblock', block.raw);
  }

  private publishOn(topic: Topic, body: Buffer): void {
    const { silent, swallows } = this.faults();
    if (silent === true) return;
    const number = Buffer.alloc(4);
    number.writeUInt32LE(this.sequence[topic]);
    this.sequence[topic] += 1;
    if (swallows === topic || swallows === 'both') return;
    // One at a time: a socket that is sending refuses to send.
    this.sending = this.sending.then(() => this.send([topic, body, number]));
  }

  private async send(frames: (string | Buffer)[]): Promise<void> {
    const { socket } = this;
    if (socket === undefined || socket.closed) return;
    await socket.send(frames);
  }
}
