/**
 * Sends the locks of the pool's blocks to the peers that lack them: decision 22. Everything here was verified by the pool's own dashd, and a
 * peer gets it only if it is proven to have the block.
 *
 * Cost: once for each block of the pool's, after it was written: 156 bytes to each peer for its ChainLock; the InstantSend locks only where
 * the ChainLock is late, and only to its signers (late-locks.ts).
 */
import { concatMap, EMPTY, filter, from, map, merge, mergeMap, type Observable, of, share, tap, timer } from 'rxjs';
import { BoundedMap, BoundedSet } from '../../common/bounded.js';
import type { RelayEvent, ServiceEvent } from '../../contracts/events.js';
import type { LocksRelayed } from '../../contracts/locks.js';
import { LOCKS } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import { SECOND_MS } from '../../time.js';
import { frameOf } from '../../wire/frame.js';
import type { Hash } from '../../wire/reader.js';
import { reportOn } from '../service-events.js';
import { type VerifiedChainLock, verifiedChainLock } from './ask-locks.js';
import { relayLateLocks } from './late-locks.js';
import { type ChainLockNews, type RelayLocksDeps, relayedEvent } from './relayed-event.js';

/** A signer that had all locks has signed by its second look, after 5 s. */
const LATE_AFTER_MS = 6 * SECOND_MS;
/** Blocks whose signers are remembered, and that they were relayed: those of a burst. */
const MAX_BLOCKS = 64;

/** Never ends by itself. */
export function relayLocks(deps: RelayLocksDeps): Observable<LocksRelayed | ServiceEvent> {
  const { chainLocks$, events$, scheduler } = deps;
  const signers = new BoundedMap<Hash, Set<string>>(MAX_BLOCKS);
  const own$ = events$.pipe(
    tap((event) => noteSigner(event, signers)),
    filter((event) => event.type === 'received'),
    filter(({ source }) => source !== 'dashd'),
    share(),
  );
  const late$ = own$.pipe(
    mergeMap(({ hash }) =>
      timer(LATE_AFTER_MS, scheduler).pipe(
        mergeMap(() => {
          const known = signers.get(hash);
          return known === undefined ? EMPTY : relayLateLocks(hash, known, deps);
        }),
      ),
    ),
  );
  /** dashd may announce a ChainLock by its hash and in full. */
  const done = new BoundedSet<Hash>(MAX_BLOCKS);
  /** A block is reported once it is on disk: its ChainLock may be there by then. */
  const early$ = own$.pipe(filter(({ hash }) => deps.times.get(hash)?.locked === true));
  const relayed$ = merge(chainLocks$, early$.pipe(map(({ hash }): ChainLockNews => ({ hash })))).pipe(
    concatMap((news) => (done.has(news.hash) ? EMPTY : relayChainLock(news, deps))),
    tap((event) => {
      if (event.type === 'locks-relayed') done.add(event.hash);
    }),
  );
  return merge(relayed$, late$);
}

/** A peer of the quorum that signs the block, and was sent it. */
function noteSigner(event: RelayEvent, signers: BoundedMap<Hash, Set<string>>): void {
  if (event.type !== 'proof' || event.role !== 'signer') return;
  const known = signers.get(event.hash);
  if (known !== undefined) known.add(event.peer);
  else signers.set(event.hash, new Set([event.peer]));
}

function relayChainLock({ hash, bytes }: ChainLockNews, deps: RelayLocksDeps): Observable<LocksRelayed | ServiceEvent> {
  if (deps.times.get(hash) === undefined) return EMPTY;
  const published = bytes && verifiedChainLock(bytes);
  if (published?.block === hash) return of(...send(published, deps));
  return from(deps.ask.chainLock()).pipe(
    concatMap((answer) => {
      // A later one locks the block as well, and spreads without us.
      if (answer.ok) return answer.value.block === hash ? send(answer.value, deps) : [];
      if (answer.unknown === 'no-answer') return [];
      const detail = fill(LOCKS['not-relayed'], { hash, detail: answer.detail });
      return [reportOn('dashd-rpc', deps.clock)('fault', 'lock-not-relayed', detail)];
    }),
  );
}

function send({ block, bytes, inventory }: VerifiedChainLock, deps: RelayLocksDeps): LocksRelayed[] {
  const frame = frameOf(deps.network.magic, 'clsig', bytes);
  const needs = deps.connections.relay({ block, frame, inventory }, 'others');
  return relayedEvent({ hash: block, kind: 'chainlock', locks: 1, needs }, deps);
}
