/** What the relay of ChainLocks and that of InstantSend locks share. */
import type { Observable, SchedulerLike } from 'rxjs';
import type { RelayEvent } from '../../contracts/events.js';
import type { LocksRelayed } from '../../contracts/locks.js';
import type { LocksNeed } from '../../session/locks.js';
import type { Clock } from '../../time.js';
import type { Network } from '../../wire/network.js';
import type { Hash } from '../../wire/reader.js';
import type { Connections } from '../connections/connections.js';
import type { AskLocks } from './ask-locks.js';
import type { CountedBlock } from './block-locks.js';
import type { LockTimes } from './lock-times.js';

/** dashd announced the ChainLock of a block. */
export interface ChainLockNews {
  readonly hash: Hash;
  /** The serialised ChainLock, where dashd published it; otherwise it is asked for. */
  readonly bytes?: Buffer;
}

export interface RelayLocksDeps {
  readonly chainLocks$: Observable<ChainLockNews>;
  readonly events$: Observable<RelayEvent>;
  readonly connections: Pick<Connections, 'relay'>;
  readonly ask: Pick<AskLocks, 'chainLock' | 'locked'>;
  readonly times: Pick<LockTimes, 'get'>;
  /** Of the pool's blocks, the transactions. */
  readonly counted: ReadonlyMap<Hash, CountedBlock>;
  readonly network: Network;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

interface Relayed extends Pick<LocksRelayed, 'hash' | 'kind' | 'locks'> {
  readonly needs: Readonly<Record<LocksNeed, number>>;
}

/** @returns none for a block that is not remembered any more */
export function relayedEvent(
  { hash, kind, locks, needs: { lacks: sent, has: had, unproven } }: Relayed,
  { times, clock }: Pick<RelayLocksDeps, 'times' | 'clock'>,
): LocksRelayed[] {
  const known = times.get(hash);
  if (known === undefined) return [];
  const { height, ageMs: afterMs } = known;
  const at = clock.now();
  const block = { hash, ...(height !== undefined && { height }) };
  return [{ type: 'locks-relayed', at, ...block, kind, locks, sent, had, unproven, afterMs }];
}
