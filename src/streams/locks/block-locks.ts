/**
 * Of each block of the pool's: which of its transactions delay its ChainLock. dashd is asked about those that the book does not have as
 * locked, soon after the block was written: before its ChainLock, after which dashd forgets the locks.
 */
import {
  concatMap,
  delay,
  EMPTY,
  filter,
  from,
  lastValueFrom,
  mergeMap,
  type Observable,
  of,
  type SchedulerLike,
  timer,
} from 'rxjs';
import { lockableTransactions } from '../../block/lockable.js';
import type { BoundedMap } from '../../common/bounded.js';
import type { BlockReceived, RelayEvent } from '../../contracts/events.js';
import type { BlockLocks, LockCount } from '../../contracts/locks.js';
import { uncounted } from '../../quorum/lock-book.js';
import { type Clock, SECOND_MS } from '../../time.js';
import { FRAME_HEADER_BYTES } from '../../wire/frame.js';
import type { Hash } from '../../wire/reader.js';
import type { RecentStore } from '../broadcast/recent.js';
import { inSlices } from '../operators/in-slices.js';
import type { LearnLocks } from './learn-locks.js';
import type { LockTimes } from './lock-times.js';

export interface BlockLocksDeps {
  readonly events$: Observable<RelayEvent>;
  readonly recent: Pick<RecentStore, 'get'>;
  readonly learn: LearnLocks;
  readonly times: Pick<LockTimes, 'get'>;
  /** For the relay of locks, filled here. */
  readonly counted: BoundedMap<Hash, CountedBlock>;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** The transactions of a block that need a lock, and what was counted. */
export interface CountedBlock {
  readonly txids: readonly Hash[];
  readonly count: LockCount;
}

/**
 * A block that does not fit into the sockets' buffers is written in several turns, which reading it must not delay. A ChainLock takes longer, and
 * where it does not, nothing delayed it.
 */
const LOOK_AFTER_MS = 50;
/** A dashd that did not answer is asked once more. */
const AGAIN_MS = 5 * SECOND_MS;

/** Never ends by itself. */
export function countBlockLocks(deps: BlockLocksDeps): Observable<BlockLocks> {
  const { events$, scheduler } = deps;
  return events$.pipe(
    filter((event) => event.type === 'received'),
    filter(({ source }) => source !== 'dashd'),
    delay(LOOK_AFTER_MS, scheduler),
    mergeMap((received) =>
      from(look(received, deps)).pipe(
        concatMap((first) => {
          if (first === undefined) return EMPTY;
          const again$ = timer(AGAIN_MS, scheduler).pipe(
            concatMap(() => look(received, deps)),
            filter((second) => second !== undefined),
          );
          return first.unknown === 'no-answer' ? from([of(first), again$]).pipe(concatMap((one$) => one$)) : of(first);
        }),
      ),
    ),
  );
}

async function look({ hash, height }: BlockReceived, deps: BlockLocksDeps): Promise<BlockLocks | undefined> {
  const { recent, clock, counted } = deps;
  const block = recent.get(hash);
  // Dropped already: more blocks at once than memory was given for.
  if (block === undefined) return undefined;
  const raw = block.frame.subarray(FRAME_HEADER_BYTES);
  const txids = await lastValueFrom(inSlices(() => lockableTransactions(raw), deps));
  const count = txids === undefined ? uncounted(0, 'not-understood') : await countOf(hash, txids, deps);
  if (txids !== undefined) counted.set(hash, { txids, count });
  return { type: 'locks', at: clock.now(), hash, ...(height !== undefined && { height }), ...count };
}

async function countOf(
  hash: Hash,
  txids: readonly Hash[],
  { learn, times, clock }: BlockLocksDeps,
): Promise<LockCount> {
  const waits = await learn.waits();
  if (!waits.ok) return uncounted(txids.length, waits.unknown);
  if (!waits.value) return uncounted(txids.length, 'instantsend-off');
  // The book itself is of the mempool, which the block leaves meanwhile.
  const book = learn.book.excerpt(txids);
  const fault = await learn.learn(txids, book);
  if (fault !== undefined) return uncounted(txids.length, fault.unknown);
  // Its ChainLock came first: nothing delayed it, and it locks them all, as dashd says as well (`instantlock` of getrawtransaction).
  if (times.get(hash)?.locked === true) for (const txid of txids) book.learn(txid, true);
  return book.count(txids, clock.now());
}
