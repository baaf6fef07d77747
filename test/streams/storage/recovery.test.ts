import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Subject } from 'rxjs';
import { loadX11 } from '../../../src/block/x11.js';
import type { BlockEvent, RelayEvent } from '../../../src/contracts/events.js';
import type { SpoolEntry } from '../../../src/history/spool-entry.js';
import { inChainOrder } from '../../../src/history/spool-entry.js';
import { mineBlock, type Template } from '../../../src/simulated/miner.js';
import { type Arrival, Gatekeeper } from '../../../src/streams/broadcast/gatekeeper.js';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';
import { recover } from '../../../src/streams/storage/recovery.js';
import { NETWORKS } from '../../../src/wire/network.js';
import type { Hash } from '../../../src/wire/reader.js';
import { hashOf } from '../../support/relay-under-test.js';
import { START, Time } from '../../support/virtual-time.js';
import { answer, FakeRpc, rpcError, UNREACHABLE } from '../dashd/fake-rpc.js';

const HEIGHT = 100;
const NOT_FOUND = rpcError(-5, 'Block not found');

/** A chain of blocks, the first at {@link HEIGHT}. */
function chain(count: number, size?: number): Buffer[] {
  let next: Template = { parent: '11'.repeat(32), height: HEIGHT, time: 1_790_000_000, special: false };
  return Array.from({ length: count }, () => {
    const raw = mineBlock(next, size === undefined ? {} : { size });
    next = { ...next, parent: hashOf(raw), height: next.height + 1, time: next.time + 1 };
    return raw;
  });
}

/** A spool with blocks in it, a dashd, and what is done with them. */
class Restart {
  readonly time = new Time();
  readonly rpc = new FakeRpc();
  readonly events$ = new Subject<RelayEvent>();
  readonly log: string[] = [];
  readonly sent: Arrival[] = [];
  scans = 0;
  /** False while the disk does not give all that it has. */
  isRead = true;
  private readonly reported$ = new Subject<BlockEvent>();
  private readonly raws: Map<Hash, Buffer>;
  private readonly marked = new Set<Hash>();
  private readonly underWay = new Set<Hash>();
  private readonly names: Map<Hash, number>;

  constructor(blocks: readonly Buffer[]) {
    this.raws = new Map(blocks.map((raw) => [hashOf(raw), raw]));
    this.names = new Map(blocks.map((raw, i) => [hashOf(raw), i + 1]));
    this.rpc.replies.set('getblockcount', UNREACHABLE);
  }

  private entries(): SpoolEntry[] {
    return [...this.raws].map(([hash, raw], i) => ({
      hash,
      previous: Buffer.from(raw.subarray(4, 36)).reverse().toString('hex'),
      height: HEIGHT + i,
      at: START - i,
      size: raw.length,
    }));
  }

  start(): this {
    const { time, rpc, events$, log, names } = this;
    const gate = new Gatekeeper(NETWORKS.regtest, new ChainTip(), time.clock);
    const isRead = () => this.isRead;
    recover({
      gate,
      rpc,
      events$,
      scheduler: time.scheduler,
      spool: {
        scan: async () => {
          this.scans += 1;
        },
        get isRead() {
          return isRead();
        },
        unfinished: (isUnderWay) => inChainOrder(this.entries().filter(({ hash }) => !isUnderWay(hash))),
        wasSent: (hash) => this.marked.has(hash),
        markSent: (hash) => this.marked.add(hash),
        read: async (hash) => this.raws.get(hash),
        reject: async (hash, code) => {
          log.push(`reject ${names.get(hash)} ${code}`);
        },
      },
      broadcaster: {
        events$: this.reported$,
        isUnderWay: (hash) => this.underWay.has(hash),
        send: (arrival) => {
          this.underWay.add(arrival.block.hash);
          this.sent.push(arrival);
          log.push(`send ${names.get(arrival.block.hash)}`);
          return 0;
        },
        miss: ({ block }, reason) => log.push(`miss ${names.get(block.hash)} ${reason}`),
      },
    }).subscribe();
    return this;
  }

  /** dashd's answer to `getblockheader`, by the block's number. */
  header(n: number, confirmations: number | undefined): void {
    const before = this.rpc.replies.get('getblockheader');
    this.rpc.replies.set('getblockheader', (hash) => {
      if (this.names.get(String(hash)) === n)
        return confirmations === undefined ? NOT_FOUND : answer({ confirmations });
      return typeof before === 'function' ? before(hash) : NOT_FOUND;
    });
  }

  async news(ms = 0): Promise<string[]> {
    await this.time.pass(ms);
    return this.log.splice(0);
  }

  dashdIsBack(): void {
    this.underWay.clear();
    this.events$.next({ type: 'service', at: 0, service: 'dashd-rpc', state: 'up', code: 'up', detail: '' });
  }
}

describe('blocks of the spool', () => {
  before(loadX11);

  test('are sent oldest first, as late, when dashd says nothing', async () => {
    const restart = new Restart(chain(3)).start();
    assert.deepEqual(await restart.news(), ['send 1', 'send 2', 'send 3']);
    assert.deepEqual(
      restart.sent.map(({ source, late, doubts }) => ({ source, late, doubts })),
      [0, 1, 2].map((i) => ({ source: 'pool', late: { code: 'recovered', firstAt: START - i }, doubts: [] })),
    );
  });

  for (const [what, height] of [
    ['is behind them', HEIGHT - 1],
    ['ends with a rival of the last of them', HEIGHT + 2],
  ] as const) {
    test(`are sent when dashd's chain ${what}`, async () => {
      const restart = new Restart(chain(3));
      restart.rpc.replies.set('getblockcount', answer(height));
      assert.deepEqual(await restart.start().news(), ['send 1', 'send 2', 'send 3']);
      assert.deepEqual(restart.rpc.times('getblockheader'), [], 'and not asked about one by one');
    });
  }

  test('are sent when others have built upon them, since they have no verdict yet', async () => {
    const restart = new Restart(chain(2));
    restart.rpc.replies.set('getblockcount', answer(HEIGHT + 2));
    restart.header(1, 3);
    restart.header(2, 2);
    assert.deepEqual(await restart.start().news(), ['send 1', 'send 2']);
  });

  test("are stale when dashd's chain has passed them by: reported once, not sent", async () => {
    const restart = new Restart(chain(2));
    restart.rpc.replies.set('getblockcount', answer(HEIGHT + 2));
    restart.header(1, undefined);
    restart.header(2, -1);
    const stale = `stale: dashd's chain is at height ${HEIGHT + 2} without it; it was not sent again`;
    assert.deepEqual(await restart.start().news(), [`miss 1 ${stale}`, `miss 2 ${stale}`]);
    restart.dashdIsBack();
    assert.deepEqual(await restart.news(), []);
  });

  test('are sent again when dashd is back, unless they are under way', async () => {
    const restart = new Restart(chain(2)).start();
    await restart.news();
    restart.events$.next({ type: 'service', at: 0, service: 'dashd-rpc', state: 'up', code: 'up', detail: '' });
    assert.deepEqual(await restart.news(), []);
    restart.dashdIsBack();
    assert.deepEqual(await restart.news(), ['send 1', 'send 2']);
  });

  test('are set aside when they have become something else on disk', async () => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = chain(2);
    const restart = new Restart([first, second]);
    first.fill(0xff, 0, 80);
    assert.deepEqual(await restart.start().news(), ['reject 1 corrupt', 'send 2']);
  });

  test('are looked for again every 5 s while the disk does not give them', async () => {
    const restart = new Restart(chain(1));
    restart.isRead = false;
    assert.deepEqual(await restart.start().news(), ['send 1']);
    await restart.news(4_999);
    assert.equal(restart.scans, 1);
    restart.dashdIsBack();
    await restart.news(5_000);
    assert.equal(restart.scans, 2);
    restart.isRead = true;
    await restart.news(60_000);
    assert.equal(restart.scans, 3, 'the next scan finds that all is read');
  });

  test('that are large are sent a few at a time, however many there are', async () => {
    const restart = new Restart(chain(20, 1_000_000)).start();
    assert.equal((await restart.news()).length, 17, '16 MiB, and the one that goes beyond it');
    assert.equal(
      (await restart.news(5_000)).length,
      3,
      'a verdict that does not come is waited for no longer than that',
    );
  });
});
