import { Subject } from 'rxjs';
import { BoundedMap } from '../../../src/common/bounded.js';
import type { BlockReceived, RelayEvent } from '../../../src/contracts/events.js';
import type { LockForecast } from '../../../src/contracts/view.js';
import { LockBook } from '../../../src/quorum/lock-book.js';
import { InstantSend } from '../../../src/simulated/instant-send.js';
import { encodeTransaction, txidOf } from '../../../src/simulated/transaction.js';
import { AskLocks } from '../../../src/streams/locks/ask-locks.js';
import type { CountedBlock } from '../../../src/streams/locks/block-locks.js';
import { LearnLocks } from '../../../src/streams/locks/learn-locks.js';
import { LockTimes } from '../../../src/streams/locks/lock-times.js';
import type { Hash } from '../../../src/wire/reader.js';
import { START, Time } from '../../support/virtual-time.js';
import { answer, FakeRpc, rpcError } from '../dashd/fake-rpc.js';

/** A transaction by its number, which it is paid to nobody with. */
export function transaction(number: number): Buffer {
  const inputs = [{ txid: number.toString(16).padStart(64, '0'), index: 0, script: Buffer.alloc(0) }];
  return encodeTransaction({ version: 2, inputs, outputs: [] });
}

/** As an asset unlock is, or a quorum commitment: without inputs. */
export function withoutInputs(number: number): Buffer {
  return encodeTransaction({ version: 3, type: 9, inputs: [], outputs: [], payload: Buffer.of(number, 1, 2, 3) });
}

/** What asks a dashd about locks, in virtual time. The dashd answers as the simulated one does, with these transactions in its mempool. */
export class LocksUnderTest {
  readonly time = new Time();
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly events$ = new Subject<RelayEvent>();
  readonly times = new LockTimes(this.time.clock);
  readonly ask = new AskLocks(this.rpc);
  readonly learn = new LearnLocks(this.ask, new LockBook(), this.time.clock);
  readonly counted = new BoundedMap<Hash, CountedBlock>(8);
  readonly instantSend = new InstantSend();
  readonly mempool = new Map<Hash, Buffer>();
  shown: LockForecast | undefined;

  constructor() {
    const { rpc, instantSend, mempool } = this;
    instantSend.active = true;
    rpc.replies.set('spork', () =>
      answer({
        SPORK_2_INSTANTSEND_ENABLED: instantSend.active,
        SPORK_3_INSTANTSEND_BLOCK_FILTERING: instantSend.active,
      }),
    );
    rpc.replies.set('getrawmempool', () => answer([...mempool.keys()]));
    rpc.replies.set('getislocks', (txids) => answer((txids as Hash[]).map((txid) => instantSend.describe(txid))));
    rpc.replies.set('getrawtransaction', (txid) => {
      const raw = mempool.get(String(txid));
      return raw === undefined ? rpcError(-5, 'No such mempool transaction.') : answer(raw.toString('hex'));
    });
    rpc.replies.set('getmempoolentry', (txid) => {
      const seenAt = mempool.has(String(txid)) ? instantSend.unlocked.get(String(txid)) : undefined;
      return seenAt === undefined ? rpcError(-5, 'Transaction not in mempool') : answer({ time: seenAt / 1_000 });
    });
  }

  /** @param ageMs how long dashd has had it, if it is not locked @returns its id */
  has(raw: Buffer, ageMs?: number): Hash {
    const txid = txidOf(raw);
    this.mempool.set(txid, raw);
    if (ageMs !== undefined) this.instantSend.unlocked.set(txid, START + this.time.now - ageMs);
    return txid;
  }

  receive(hash: Hash, height = 7): void {
    const at = this.time.clock.now();
    const received: BlockReceived = { type: 'received', at, hash, source: 'pool', size: 300, height };
    this.times.came(hash, at, height);
    this.events$.next(received);
  }

  /** The methods that were called since this was last asked. */
  called(): string[] {
    return this.rpc.calls.splice(0).map(({ method }) => method);
  }
}
