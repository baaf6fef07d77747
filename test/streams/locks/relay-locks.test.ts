import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Subject } from 'rxjs';
import { sha256d } from '../../../src/block/merkle.js';
import type { LocksPush } from '../../../src/session/locks.js';
import { chainLockOf } from '../../../src/simulated/chain-lock.js';
import type { Audience } from '../../../src/streams/connections/multicast.js';
import { relayLocks } from '../../../src/streams/locks/relay-locks.js';
import type { ChainLockNews } from '../../../src/streams/locks/relayed-event.js';
import { FrameDecoder } from '../../../src/wire/decoder.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { hashFromWire } from '../../../src/wire/reader.js';
import { hashOf } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { answer, rpcError } from '../dashd/fake-rpc.js';
import { LocksUnderTest, transaction } from './support.js';

const network = NETWORKS.regtest;

class RelayUnderTest extends LocksUnderTest {
  readonly chainLocks$ = new Subject<ChainLockNews>();
  readonly relayed: { readonly locks: LocksPush; readonly audience: Audience }[] = [];
  private readonly gathered = gather(
    relayLocks({
      chainLocks$: this.chainLocks$,
      events$: this.events$,
      connections: {
        relay: (locks, audience) => {
          this.relayed.push({ locks, audience });
          return { lacks: 3, has: 16, unproven: 1, away: 4 };
        },
      },
      ask: this.ask,
      times: this.times,
      counted: this.counted,
      network,
      clock: this.time.clock,
      scheduler: this.time.scheduler,
    }),
  );

  best(number: number): void {
    const hex = chainLockOf({ height: 7, hash: hashOf(number) }).toString('hex');
    this.rpc.replies.set('getbestchainlock', answer({ blockhash: hashOf(number), height: 7, hex }));
  }

  async locks(number: number, bytes?: Buffer): Promise<void> {
    this.times.isLocked(hashOf(number));
    this.chainLocks$.next({ hash: hashOf(number), ...(bytes !== undefined && { bytes }) });
    await this.time.pass(0);
  }

  events() {
    return this.gathered.values.splice(0);
  }

  /** The commands that were sent. */
  sent(): string[] {
    return this.relayed.flatMap(({ locks }) =>
      new FrameDecoder(network.magic)
        .push(locks.frame)
        .map((one) => (one.kind === 'message' ? one.message.command : one.kind)),
    );
  }

  /** A block whose transactions were counted. */
  count(...txids: readonly string[]): void {
    const count = { ...this.learn.book.count(txids, 0), locked: txids.length, unchecked: 0 };
    this.counted.set(hashOf(1), { txids, count });
  }

  sign(peer: string): void {
    const at = this.time.clock.now();
    this.events$.next({
      type: 'proof',
      at,
      hash: hashOf(1),
      peer,
      protected: false,
      role: 'signer',
      status: 'accepted',
    });
  }
}

describe('the ChainLock of a block of the pool', () => {
  it('goes to the peers that lack it, as dashd has it', async () => {
    const under = new RelayUnderTest();
    under.receive(hashOf(1));
    under.best(1);
    await under.time.pass(800);
    await under.locks(1);
    const [event] = under.events();
    assert.deepEqual(event, {
      type: 'locks-relayed',
      at: under.time.clock.now(),
      hash: hashOf(1),
      height: 7,
      kind: 'chainlock',
      locks: 1,
      sent: 3,
      had: 16,
      unproven: 1,
      afterMs: 800,
    });
    const bytes = chainLockOf({ height: 7, hash: hashOf(1) });
    const [{ locks, audience } = { locks: undefined, audience: undefined }] = under.relayed;
    assert.equal(audience, 'others', 'not to the dashd that it comes from');
    assert.equal(locks?.inventory, hashFromWire(sha256d(bytes)));
    assert.deepEqual(locks?.frame.subarray(24), bytes);
    assert.deepEqual(under.sent(), ['clsig']);
  });

  it('is not asked for where dashd publishes it', async () => {
    const under = new RelayUnderTest();
    under.receive(hashOf(1));
    await under.locks(1, chainLockOf({ height: 7, hash: hashOf(1) }));
    assert.deepEqual(under.called(), []);
    assert.deepEqual(under.sent(), ['clsig']);
    await under.locks(1);
    assert.equal(under.relayed.length, 1, 'once, however often dashd announces it');
  });

  it('goes out once the block is reported, where it came before that', async () => {
    const under = new RelayUnderTest();
    under.best(1);
    await under.locks(1);
    assert.equal(under.relayed.length, 0);
    under.receive(hashOf(1));
    await under.time.pass(0);
    assert.deepEqual(under.sent(), ['clsig']);
  });

  it('is not sent where it is that of another block, or of a block of others', async () => {
    const under = new RelayUnderTest();
    under.receive(hashOf(1));
    under.best(2);
    await under.locks(1);
    await under.locks(2);
    await under.locks(1, chainLockOf({ height: 7, hash: hashOf(2) }));
    assert.deepEqual(under.relayed, []);
    assert.deepEqual(under.events(), []);
  });

  it('is not sent, and that is told, where the answer of dashd cannot be read', async () => {
    const under = new RelayUnderTest();
    under.receive(hashOf(1));
    const good = chainLockOf({ height: 7, hash: hashOf(1) }).toString('hex');
    const bad = [
      { blockhash: hashOf(1), height: 7 },
      { blockhash: hashOf(1), hex: `${good}00` },
      { blockhash: hashOf(1), hex: good.slice(2) },
      { blockhash: hashOf(2), hex: good },
      'None',
    ];
    for (const result of bad) {
      under.rpc.replies.set('getbestchainlock', answer(result));
      await under.locks(1);
      const [event] = under.events();
      assert.equal(event?.type === 'service' ? event.code : undefined, 'lock-not-relayed', JSON.stringify(result));
    }
    under.rpc.replies.set('getbestchainlock', rpcError(-32603, 'Unable to find any ChainLock'));
    await under.locks(1);
    assert.deepEqual(under.events(), []);
    assert.deepEqual(under.relayed, []);
  });
});

describe('the InstantSend locks of a block of the pool', () => {
  it('go to its signers when its ChainLock is late although all its transactions are locked', async () => {
    const under = new RelayUnderTest();
    under.receive(hashOf(1));
    under.sign('a:1');
    under.sign('b:1');
    under.count(under.has(transaction(1)), under.has(transaction(2)));
    await under.time.pass(5_999);
    assert.equal(under.relayed.length, 0);
    await under.time.pass(1);
    assert.deepEqual(under.relayed[0]?.audience, new Set(['a:1', 'b:1']));
    assert.deepEqual(under.sent(), ['isdlock', 'isdlock']);
    const [event] = under.events();
    assert.ok(event?.type === 'locks-relayed');
    assert.deepEqual([event.kind, event.locks, event.sent, event.afterMs], ['instantsend', 2, 3, 6_000]);
    await under.time.pass(60_000);
    assert.equal(under.relayed.length, 1, 'once');
  });

  it('are not sent when the ChainLock came, when a transaction is not locked, and where there are no signers', async () => {
    for (const [isLocked, isCounted, isSigned] of [
      [true, true, true],
      [false, false, true],
      [false, true, false],
    ]) {
      const under = new RelayUnderTest();
      under.receive(hashOf(1));
      if (isSigned === true) under.sign('a:1');
      const txid = under.has(transaction(1));
      under.count(txid);
      if (isCounted !== true) under.counted.set(hashOf(1), { txids: [txid], count: under.learn.book.count([txid], 0) });
      if (isLocked === true) under.times.isLocked(hashOf(1));
      await under.time.pass(60_000);
      assert.deepEqual(under.relayed, []);
    }
  });

  it('are not sent as dashd does not have them, nor where its bytes are no lock of the transaction', async () => {
    const under = new RelayUnderTest();
    under.receive(hashOf(1));
    under.sign('a:1');
    const [one, other] = [under.has(transaction(1)), under.has(transaction(2))];
    under.count(one, other);
    const { hex } = under.instantSend.describe(one) as { readonly hex: string };
    under.rpc.replies.set(
      'getislocks',
      answer([
        { txid: one, hex: hex.slice(0, -2) },
        { txid: other, hex },
      ]),
    );
    await under.time.pass(6_000);
    assert.deepEqual(under.relayed, []);
  });
});
