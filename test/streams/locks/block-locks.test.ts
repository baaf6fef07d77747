import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { encodeCoinbase } from '../../../src/simulated/build-coinbase.js';
import { assemble } from '../../../src/simulated/miner.js';
import { countBlockLocks } from '../../../src/streams/locks/block-locks.js';
import { frameOf } from '../../../src/wire/frame.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { ZERO_HASH } from '../../../src/wire/reader.js';
import { hashOf, block as pushable } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { answer, UNREACHABLE } from '../dashd/fake-rpc.js';
import { LocksUnderTest, transaction, withoutInputs } from './support.js';

class BlockUnderTest extends LocksUnderTest {
  private raw: Buffer = Buffer.alloc(0);
  private readonly gathered = gather(
    countBlockLocks({
      events$: this.events$,
      recent: { get: () => ({ ...pushable(1), frame: frameOf(NETWORKS.regtest.magic, 'block', this.raw) }) },
      learn: this.learn,
      times: this.times,
      counted: this.counted,
      clock: this.time.clock,
      scheduler: this.time.scheduler,
    }),
  );

  /** A block of these comes. @returns what is emitted within a second */
  async finds(...transactions: readonly Buffer[]): Promise<string[]> {
    const coinbase = encodeCoinbase({ height: 7, value: 1n, extraNonce: 0, special: false });
    this.raw = assemble({ parent: ZERO_HASH, time: 0 }, [coinbase, ...transactions]);
    this.receive(hashOf(1));
    assert.deepEqual(this.gathered.values, [], 'not in the turn in which the block is written');
    return this.later(1_000);
  }

  async later(ms: number): Promise<string[]> {
    await this.time.pass(ms);
    return this.gathered.values.splice(0).map(({ height, transactions, locked, delaying, aged, named, unknown }) => {
      const names = named.length === 0 ? '' : `: ${named.map(({ txid }) => txid.slice(0, 8)).join(' ')}`;
      return (
        unknown ??
        `${height}: ${transactions} transactions, ${locked} locked, ${delaying} delaying, ${aged} aged${names}`
      );
    });
  }
}

describe('the locks of a found block', () => {
  before(loadX11);

  it('are counted: of 0, 1 and 10 transactions that are not locked, each is named', async () => {
    for (const unlocked of [0, 1, 10]) {
      const under = new BlockUnderTest();
      const all = Array.from({ length: 12 }, (_, number) => transaction(number));
      const txids = all.map((raw, number) => under.has(raw, number < unlocked ? 5_000 : undefined));
      const names = txids.slice(0, unlocked).map((txid) => txid.slice(0, 8));
      const [line] = await under.finds(...all);
      const named = unlocked === 0 ? '' : `: ${names.join(' ')}`;
      assert.equal(line, `7: 12 transactions, ${12 - unlocked} locked, ${unlocked} delaying, 0 aged${named}`);
    }
  });

  it('are not needed by the coinbase and by transactions without inputs', async () => {
    const under = new BlockUnderTest();
    under.has(transaction(1));
    assert.deepEqual(await under.finds(transaction(1), withoutInputs(1)), [
      '7: 1 transactions, 1 locked, 0 delaying, 0 aged',
    ]);
  });

  it('are missing from what no mempool had, from now on for ten minutes', async () => {
    const under = new BlockUnderTest();
    under.has(transaction(1), 0);
    under.mempool.clear();
    await under.finds(transaction(1));
    const [counted] = under.counted.values();
    assert.deepEqual(counted?.count.named.length, 1);
    assert.equal(counted?.count.named[0]?.seenAt, undefined);
  });

  it('are all there once the block is ChainLocked: dashd forgets them then', async () => {
    const under = new BlockUnderTest();
    under.has(transaction(1), 0);
    under.rpc.replies.set('getislocks', () => {
      under.times.isLocked(hashOf(1));
      return answer(['None']);
    });
    assert.deepEqual(await under.finds(transaction(1)), ['7: 1 transactions, 1 locked, 0 delaying, 0 aged']);
  });

  it('are unknown while dashd does not answer, and asked for once more', async () => {
    const under = new BlockUnderTest();
    const { replies } = under.rpc;
    const locks = replies.get('getislocks') ?? UNREACHABLE;
    replies.set('getislocks', UNREACHABLE);
    under.has(transaction(1));
    assert.deepEqual(await under.finds(transaction(1)), ['no-answer']);
    replies.set('getislocks', locks);
    assert.deepEqual(await under.later(5_000), ['7: 1 transactions, 1 locked, 0 delaying, 0 aged']);
    assert.deepEqual(await under.later(60_000), []);
  });
});
