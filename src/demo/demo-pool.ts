import { Push } from 'zeromq';
import type { Chain } from '../simulated/chain.js';
import { readHeader } from '../simulated/consensus-rules.js';
import { entriesOf, type Mempool, type MempoolEntry } from '../simulated/mempool.js';
import { type MineOptions, mineBlock } from '../simulated/miner.js';
import { between } from '../simulated/seeded-random.js';
import type { Timers } from '../simulated/timers.js';
import type { Random } from '../time.js';
import { type Hash, hashFromWire } from '../wire/reader.js';

export interface DemoPoolOptions {
  /** The relay's pool socket, such as `tcp://127.0.0.1:28500`. */
  readonly endpoint: string;
  /** The node on whose tip it mines. */
  readonly chain: Chain;
  readonly everyMs: number;
  /** Block sizes in bytes, of which each block gets a random one; 0: a block without transactions. */
  readonly sizes: readonly number[];
  readonly random: Random;
  readonly timers: Timers;
  /** Of all nodes: a block's transactions are in them before the block, but for a few. */
  readonly mempools: readonly Mempool[];
  /** Called with the ids of the next block's transactions when the nodes get them: a block before it. */
  readonly onTransactions?: (txids: readonly Hash[]) => void;
  /** Called just before a block is sent. */
  readonly onFind?: () => void;
}

export interface FoundBlock {
  readonly hash: Hash;
  readonly height: number;
  readonly raw: Buffer;
}

/** Real found blocks are small: 6.6, 11.9 and 15.2 kB were reported. Sometimes a large one. */
export const USUAL_SIZES: readonly number[] = [0, 6_600, 11_900, 15_200, 15_200, 300_000];

const TXID_BYTES = 32;

/** What a block has besides its coinbase. */
type Content = Pick<MineOptions, 'size' | 'funding'>;

/** bitcoin#35558 measured that 57 to 90 % of compact blocks need no round trip, according to what is prefilled. */
const LACKING_ONE_IN = 8;

const p2pkh = (byte: number): Buffer => Buffer.from(`76a914${byte.toString(16).repeat(20)}88ac`, 'hex');
/** Of the reward three quarters are the masternode's, and of these 37.5 % the credit pool's. Source: Dash Core 23.1 `validation.cpp`, `masternode/payments.cpp`. */
const COINBASE = {
  text: '/a pool of the demo/',
  payees: [
    { part: 0.25, script: p2pkh(0xaa) },
    { part: 0.4688, script: p2pkh(0xbb) },
    { part: 0.2812, script: Buffer.of(0x6a) },
  ],
};

/** A simulated pool: mines a regtest block every few seconds and pushes it to the relay. */
export class DemoPool {
  private readonly socket = new Push({ linger: 0 });
  private found = 0;
  private drafts = 0;
  private next: Content | undefined;
  private cancel: () => void = () => undefined;
  private sending = Promise.resolve();

  constructor(private readonly options: DemoPoolOptions) {
    this.socket.connect(options.endpoint);
  }

  /** Finds a block now and then periodically, until `count` are found. */
  start(count = Number.POSITIVE_INFINITY): void {
    this.find();
    if (this.found < count) this.cancel = this.options.timers.after(this.options.everyMs, () => this.start(count));
  }

  /** Mines one block and pushes it. */
  find(): FoundBlock {
    const { chain } = this.options;
    const content = this.next ?? this.draft();
    this.found += 1;
    const template = chain.template();
    const raw = mineBlock(template, { extraNonce: this.found, coinbase: COINBASE, ...content });
    this.next = this.draft();
    this.options.onFind?.();
    this.sending = this.sending.then(() => this.socket.send(raw));
    return { hash: readHeader(raw).hash, height: template.height, raw };
  }

  /** Chooses the content of a block that is to be found, and gives its transactions to the nodes. */
  private draft(): Content {
    const { chain, sizes, random, onTransactions } = this.options;
    this.drafts += 1;
    const size = sizes[between(random, 0, sizes.length - 1)] ?? 0;
    if (size === 0) return {};
    const funding = { txid: this.drafts.toString(16).padStart(2 * TXID_BYTES, '0'), index: 0, value: 1n };
    const content = { size, funding };
    const entries = entriesOf(mineBlock(chain.template(), { extraNonce: this.found, coinbase: COINBASE, ...content }));
    this.relay(entries);
    onTransactions?.(entries.map(({ txid }) => hashFromWire(txid)));
    return content;
  }

  /** One of {@link LACKING_ONE_IN} nodes lacks one of the transactions, and has to ask for it. */
  private relay(entries: readonly MempoolEntry[]): void {
    const { mempools, random } = this.options;
    for (const mempool of mempools) {
      const lacks = between(random, 1, LACKING_ONE_IN) === 1 ? between(random, 0, entries.length) : undefined;
      for (const [index, entry] of entries.entries()) if (index !== lacks) mempool.insert(entry);
    }
  }

  async stop(): Promise<void> {
    this.cancel();
    this.socket.close();
    // Messages queued for a relay that is gone are lost with the socket, which only the sender notices.
    await this.sending.catch(() => undefined);
  }
}
