import { Push } from 'zeromq';
import type { Chain } from '../simulated/chain.js';
import { readHeader } from '../simulated/consensus-rules.js';
import { mineBlock } from '../simulated/miner.js';
import { between } from '../simulated/seeded-random.js';
import type { Timers } from '../simulated/timers.js';
import type { Random } from '../time.js';
import type { Hash } from '../wire/reader.js';

export interface DemoPoolOptions {
  /** The relay's pool socket, such as `tcp://127.0.0.1:28500`. */
  readonly endpoint: string;
  /** Whose tip it mines on. */
  readonly chain: Chain;
  readonly everyMs: number;
  /** In bytes; one is drawn for each block, 0 stands for a block without transactions. */
  readonly sizes: readonly number[];
  readonly random: Random;
  readonly timers: Timers;
  /** Called just before a block is sent. */
  readonly onFind?: () => void;
}

export interface FoundBlock {
  readonly hash: Hash;
  readonly height: number;
  readonly raw: Buffer;
}

/** Real won blocks are small: 6.6, 11.9 and 15.2 kB were reported. Now and then a big one. */
export const USUAL_SIZES: readonly number[] = [0, 6_600, 11_900, 15_200, 15_200, 300_000];

/** A simulated pool: mines a regtest block every few seconds and pushes it to the relay. */
export class DemoPool {
  private readonly socket = new Push({ linger: 0 });
  private found = 0;
  private cancel: () => void = () => undefined;
  private sending = Promise.resolve();

  constructor(private readonly options: DemoPoolOptions) {
    this.socket.connect(options.endpoint);
  }

  /** Finds a block now, and one after the other from then on, until `count` are found. */
  start(count = Number.POSITIVE_INFINITY): void {
    this.find();
    if (this.found < count) this.cancel = this.options.timers.after(this.options.everyMs, () => this.start(count));
  }

  /** Mines one block and pushes it. */
  find(): FoundBlock {
    const { chain, sizes, random } = this.options;
    this.found += 1;
    const template = chain.template();
    const size = sizes[between(random, 0, sizes.length - 1)] ?? 0;
    const raw = mineBlock(template, { extraNonce: this.found, ...(size > 0 && { size }) });
    this.options.onFind?.();
    this.sending = this.sending.then(() => this.socket.send(raw));
    return { hash: readHeader(raw).hash, height: template.height, raw };
  }

  async stop(): Promise<void> {
    this.cancel();
    this.socket.close();
    // What was still queued for a relay that is not there is lost with the socket: that is an error to the sender only.
    await this.sending.catch(() => undefined);
  }
}
