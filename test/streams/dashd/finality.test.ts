import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Subject } from 'rxjs';
import type { RelayEvent } from '../../../src/contracts/events.js';
import { History } from '../../../src/history/history.js';
import { followFinality } from '../../../src/streams/dashd/finality.js';
import { LockTimes } from '../../../src/streams/locks/lock-times.js';
import { finality, hashOf, received } from '../../history/support.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { answer, FakeRpc, rpcError, UNREACHABLE } from './fake-rpc.js';

const PAUSE_MS = 1_000;
const LOOK_AGAIN_MS = 15_000;

/** A block tree, as dashd answers of it; the pool's blocks have the numbers 1 to 999, block n is at height 100 + n. */
class FakeChain {
  /** From the bottom up; the first one is at height `base`. */
  active: string[] = [];
  base = 101;
  /** Known, but not active: hash to height. */
  readonly beside = new Map<string, number>();
  locked: string | undefined;
  branches: unknown = [];

  header(hash: string) {
    const at = this.active.indexOf(hash);
    const height = at >= 0 ? this.base + at : this.beside.get(hash);
    if (height === undefined) return rpcError(-5, 'Block not found');
    const lockedAt = this.locked === undefined ? -1 : this.active.indexOf(this.locked);
    const confirmations = at >= 0 ? this.active.length - at : -1;
    return answer({ hash, height, confirmations, chainlock: at >= 0 && at <= lockedAt, nTx: 1 });
  }

  hashAt(height: number) {
    const hash = this.active[height - this.base];
    return hash === undefined ? rpcError(-8, 'Block height out of range') : answer(hash);
  }
}

class Followed {
  readonly time = new Time();
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly chain = new FakeChain();
  readonly events$ = new Subject<RelayEvent>();
  readonly chainLocks$ = new Subject<string>();
  readonly lockTimes = new LockTimes(this.time.clock);
  readonly history = new History(2_000);
  private gathered: ReturnType<typeof gather<RelayEvent>> | undefined;

  constructor(...blocks: readonly number[]) {
    for (const n of blocks) this.history.note(received(n));
    this.reachable();
  }

  reachable(): void {
    const { replies } = this.rpc;
    replies.set('getblockheader', (hash) => this.chain.header(String(hash)));
    replies.set('getblockhash', (height) => this.chain.hashAt(Number(height)));
    replies.set('getchaintips', () => answer(this.chain.branches));
  }

  /** Begins, and looks once. */
  async begin(): Promise<void> {
    const { history, rpc, events$, chainLocks$, lockTimes, time } = this;
    const kept = { blocks: history, note: (event: Parameters<History['note']>[0]) => void history.note(event) };
    const { clock, scheduler } = time;
    this.gathered = gather(followFinality({ history: kept, rpc, events$, chainLocks$, lockTimes, clock, scheduler }));
    await time.pass(0);
  }

  async newTip(): Promise<void> {
    this.events$.next({ type: 'tip', at: 0, hash: hashOf(0), source: 'feed' });
    await this.time.pass(PAUSE_MS);
  }

  /** What was reported since it was last asked. */
  reported(): string[] {
    return (this.gathered?.values.splice(0) ?? []).map((event) => {
      if (event.type === 'service') return `${event.state} ${event.code}: ${event.detail}`;
      assert.ok(event.type === 'finality');
      const { hash, state, confirmations = '-', by } = event;
      return `${Number.parseInt(hash, 16)} ${state} ${confirmations}${by === undefined ? '' : ` by ${Number.parseInt(by, 16)}`}`;
    });
  }

  /** The calls since it was last asked, in brief. */
  calls(): string[] {
    return this.rpc.calls.splice(0).map(({ method, params: [param] }) => {
      return `${method} ${typeof param === 'string' ? Number.parseInt(param, 16) : (param ?? '')}`.trim();
    });
  }

  state(n: number): string | undefined {
    return this.history.get(hashOf(n))?.finality.state;
  }

  stop(): void {
    this.gathered?.stop();
    assert.equal(this.time.pending, 0, 'no timer is left');
  }
}

/** The chain grows to 99 blocks, with which nothing is reported yet, and to the hundredth. */
async function grow(followed: Followed): Promise<void> {
  const { chain } = followed;
  while (chain.active.length < 99) chain.active.push(hashOf(5_000 + chain.active.length));
  await followed.newTip();
  assert.deepEqual(followed.reported(), []);
  chain.active.push(hashOf(6_000));
  await followed.newTip();
}

describe('the end of a block', () => {
  it('is a ChainLock, reported when the feed shows it', async () => {
    const followed = new Followed(1);
    followed.chain.active = [hashOf(1)];
    await followed.begin();
    assert.deepEqual(followed.reported(), []);
    assert.deepEqual(followed.history.get(hashOf(1))?.finality.confirmations, 1, 'shown all the same');
    followed.chain.locked = hashOf(1);
    await followed.time.pass(5_000);
    followed.chainLocks$.next(hashOf(1));
    await followed.time.pass(0);
    assert.deepEqual(followed.reported(), ['1 chainlocked 1']);
    assert.equal(followed.state(1), 'chainlocked');
    followed.calls();
    await followed.newTip();
    await followed.time.pass(600_000);
    assert.deepEqual(followed.calls(), [], 'it is not asked about again');
    followed.stop();
  });

  it('is a ChainLock, with the time that it took where its block came since the start', async () => {
    const followed = new Followed(1, 2);
    followed.chain.active = [hashOf(1), hashOf(2)];
    followed.lockTimes.came(hashOf(2), followed.time.clock.now());
    await followed.begin();
    followed.chain.locked = hashOf(2);
    await followed.time.pass(700);
    followed.lockTimes.isLocked(hashOf(2));
    followed.chainLocks$.next(hashOf(2));
    await followed.time.pass(PAUSE_MS);
    assert.deepEqual(
      [1, 2].map((n) => followed.history.get(hashOf(n))?.finality.chainLock),
      [undefined, { ms: 700, seen: 'feed' }],
    );
    assert.equal(followed.history.kpis().chainLockMs, 700);
    followed.stop();
  });

  it('is found without the feed, soon', async () => {
    const followed = new Followed(1);
    followed.chain.active = [hashOf(1)];
    await followed.begin();
    followed.chain.locked = hashOf(1);
    await followed.time.pass(PAUSE_MS + LOOK_AGAIN_MS);
    assert.deepEqual(followed.reported(), ['1 chainlocked 1']);
    followed.stop();
  });

  it('is the hundredth confirmation', async () => {
    const followed = new Followed(1);
    followed.chain.active = [hashOf(1)];
    await followed.begin();
    await grow(followed);
    assert.deepEqual(followed.reported(), ['1 buried 100']);
    followed.stop();
  });

  it('is another block at its height, in a chain that has outgrown it; reported once', async () => {
    const followed = new Followed(1);
    const { chain } = followed;
    chain.active = [hashOf(1)];
    await followed.begin();
    // The other one came first elsewhere: a race.
    chain.active = [hashOf(1_001)];
    chain.beside.set(hashOf(1), 101);
    await followed.newTip();
    assert.deepEqual(followed.reported(), []);
    assert.deepEqual(followed.calls().slice(-3), ['getblockheader 1', 'getblockhash 101', 'getblockheader 1001']);
    chain.active.push(hashOf(1_002));
    chain.branches = [
      { hash: hashOf(1_002), height: 102, branchlen: 0, status: 'active' },
      { hash: hashOf(1), height: 101, branchlen: 1, status: 'valid-fork' },
    ];
    await followed.newTip();
    assert.deepEqual(followed.reported(), ['1 orphaned - by 1001']);
    assert.equal(followed.history.kpis().orphanRate, 1);
    followed.calls();
    for (let n = 0; n < 50; n += 1) {
      chain.active.push(hashOf(1_003 + n));
      await followed.newTip();
    }
    assert.deepEqual(followed.reported(), []);
    assert.ok(!followed.calls().includes('getchaintips'), 'which costs dashd much');
    while (chain.active.length < 100) chain.active.push(hashOf(2_000 + chain.active.length));
    await followed.newTip();
    followed.calls();
    await followed.newTip();
    assert.deepEqual(followed.calls(), [], 'it is given up for good');
    assert.deepEqual(followed.reported(), []);
    followed.stop();
  });

  it('is taken back when the chain comes back to it', async () => {
    const followed = new Followed(1);
    const { chain } = followed;
    followed.history.note(finality(1, 'orphaned', { by: hashOf(1_001) }));
    chain.active = [hashOf(1_001), hashOf(1_002)];
    chain.beside.set(hashOf(1), 101);
    await followed.begin();
    chain.active = [hashOf(1), hashOf(1_003), hashOf(1_004)];
    await followed.newTip();
    assert.deepEqual(followed.reported(), ['1 pending 3']);
    assert.equal(followed.history.kpis().orphanRate, undefined);
    chain.locked = hashOf(1);
    await followed.newTip();
    assert.deepEqual(followed.reported(), ['1 chainlocked 3']);
    followed.stop();
  });

  it('may be another block than was thought, in the end: noted, not reported', async () => {
    const followed = new Followed(1);
    followed.history.note(finality(1, 'orphaned', { by: hashOf(1_001) }));
    followed.chain.beside.set(hashOf(1), 101);
    followed.chain.active = [hashOf(1_005)];
    followed.chain.locked = hashOf(1_005);
    await followed.begin();
    assert.deepEqual(followed.reported(), []);
    assert.equal(followed.history.get(hashOf(1))?.finality.by, hashOf(1_005));
    assert.deepEqual([...followed.history.unsettled()], []);
    followed.stop();
  });

  it('of one that dashd does not know is open until the height is decided', async () => {
    const followed = new Followed(1);
    followed.chain.active = [hashOf(1_001)];
    await followed.begin();
    await grow(followed);
    assert.deepEqual(followed.reported(), ['1 orphaned - by 1001']);
    followed.stop();
  });

  it('of one of which neither dashd nor its coinbase gives the height stays open', async () => {
    const followed = new Followed();
    const { height: _height, ...unknown } = received(1);
    followed.history.note(unknown);
    followed.chain.active = [hashOf(1_001)];
    followed.chain.locked = hashOf(1_001);
    await followed.begin();
    assert.deepEqual(followed.calls(), ['getblockheader 1']);
    assert.deepEqual(followed.reported(), []);
    followed.stop();
  });
});

describe('a dashd that cannot be asked', () => {
  it('settles nothing, and is asked again, less and less often', async () => {
    const followed = new Followed(1);
    followed.rpc.replies.clear();
    await followed.begin();
    await followed.time.pass(600_000);
    const times = followed.rpc.times('getblockheader');
    const pauses = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    assert.deepEqual(pauses.slice(0, 7), [3_000, 5_000, 9_000, 17_000, 33_000, 61_000, 61_000]);
    assert.deepEqual(followed.reported(), [], 'others report that it is away');
    assert.equal(followed.state(1), 'pending');
    followed.reachable();
    followed.chain.active = [hashOf(1)];
    followed.chain.locked = hashOf(1);
    followed.events$.next({ type: 'service', at: 0, service: 'dashd-rpc', state: 'up', code: '', detail: '' });
    await followed.time.pass(PAUSE_MS);
    assert.deepEqual(followed.reported(), ['1 chainlocked 1'], 'at once when it is known to be back');
    followed.stop();
  });

  it('in the middle of a question settles nothing', async () => {
    for (const silent of ['getblockhash', 'getchaintips']) {
      const followed = new Followed(1);
      followed.chain.active = [hashOf(1_001), hashOf(1_002)];
      followed.chain.beside.set(hashOf(1), 101);
      followed.rpc.replies.set(silent, UNREACHABLE);
      await followed.begin();
      await followed.time.pass(60_000);
      assert.deepEqual(followed.reported(), []);
      followed.stop();
    }
  });

  it('for a reason of its own is reported, once', async () => {
    const followed = new Followed(1, 2);
    followed.rpc.replies.set('getblockheader', { ok: false, code: 'forbidden', detail: 'not allowed' });
    await followed.begin();
    await followed.time.pass(600_000);
    assert.deepEqual(followed.reported(), [
      'fault finality-unknown: what became of blocks is not known: dashd does not answer (forbidden: not allowed); retrying',
    ]);
    followed.stop();
  });
});

describe('an answer of no use', () => {
  for (const [what, reply, reason] of [
    ['nonsense', answer({ confirmations: 'many' }), 'the answer to getblockheader is not understood'],
    ['a refusal', rpcError(-1, 'JSON integer out of range'), 'getblockheader: JSON integer out of range'],
  ] as const) {
    it(`about one block, ${what}, is reported once and keeps no other waiting`, async () => {
      const followed = new Followed(1, 2);
      followed.chain.active = [hashOf(1), hashOf(2)];
      followed.chain.locked = hashOf(2);
      followed.rpc.replies.set('getblockheader', (hash) =>
        hash === hashOf(2) ? reply : followed.chain.header(String(hash)),
      );
      await followed.begin();
      await followed.newTip();
      assert.deepEqual(followed.reported(), [
        `fault finality-unknown: what became of blocks is not known: ${reason}, asked about block ${hashOf(2)}; retrying`,
        '1 chainlocked 2',
      ]);
      followed.stop();
    });
  }
});

describe('a thousand open blocks', () => {
  const all = Array.from({ length: 1_000 }, (_, n) => n + 1);

  it('are asked about one call at a time, a few in a second', async () => {
    const followed = new Followed(...all);
    followed.chain.active = all.map(hashOf);
    let [under, most] = [0, 0];
    followed.rpc.replies.set('getblockheader', async (hash) => {
      under += 1;
      most = Math.max(most, under);
      await Promise.resolve();
      under -= 1;
      return followed.chain.header(String(hash));
    });
    await followed.begin();
    for (let second = 0; second < 400; second += 1) {
      await followed.time.pass(PAUSE_MS);
      if (second % 10 === 0) await followed.newTip();
      assert.ok(followed.calls().length <= 30, 'of two seconds, at the most');
    }
    assert.equal(most, 1);
    const buried = all.filter((n) => followed.state(n) === 'buried');
    assert.equal(buried.length, 901, 'all that are deep enough');
    followed.stop();
  });

  it('do not keep the newest waiting', async () => {
    const followed = new Followed(...all);
    followed.chain.active = all.map(hashOf);
    await followed.begin();
    followed.history.note(received(1_500));
    followed.chain.active.push(hashOf(1_500));
    followed.chain.locked = hashOf(1_500);
    followed.reported();
    await followed.time.pass(PAUSE_MS);
    assert.equal(followed.reported()[0], '1500 chainlocked 1');
    followed.stop();
  });

  it('are left in peace once each was looked at, until the chain moves', async () => {
    const followed = new Followed(...all.slice(-50));
    followed.chain.base = 1_051;
    followed.chain.active = all.slice(-50).map(hashOf);
    await followed.begin();
    await followed.time.pass(30 * PAUSE_MS);
    followed.calls();
    await followed.time.pass(2 * (LOOK_AGAIN_MS + PAUSE_MS));
    assert.equal(followed.calls().length, 10, 'the newest five, twice');
    await followed.newTip();
    await followed.time.pass(12 * PAUSE_MS);
    assert.ok(new Set(followed.calls()).size === 50, 'all of them');
    followed.stop();
  });
});
