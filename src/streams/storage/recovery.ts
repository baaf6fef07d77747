/**
 * Blocks of the spool that are not finished, sent again: at the start, and whenever dashd comes back, since a block that nobody took for
 * ten minutes is no longer under way. Parents go before their children, to dashd and to all peers; who connects later gets them as any
 * other block that is under way.
 *
 * dashd is asked first. A block that its chain has passed by is stale: it is reported as late and not sent, and its end is for finality.ts to find. What is meant by
 * passed: dashd's chain is higher than the highest block of ours that stands on this one. When dashd does not answer, all are sent.
 */

import {
  concatMap,
  defer,
  EMPTY,
  filter,
  finalize,
  firstValueFrom,
  from,
  ignoreElements,
  merge,
  type Observable,
  type SchedulerLike,
  Subject,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import { z } from 'zod';
import type { BlockEvent, BlockRefused, BlockRepeated, RelayEvent } from '../../contracts/events.js';
import type { SpoolEntry } from '../../history/spool-entry.js';
import { VERDICT } from '../../messages/blocks.js';
import { fill } from '../../messages/fill.js';
import { SPOOLED } from '../../messages/storage.js';
import { SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import type { Broadcaster } from '../broadcast/broadcast.js';
import type { Gatekeeper } from '../broadcast/gatekeeper.js';
import type { Rpc } from '../ports.js';
import type { Spool } from './spool.js';

export interface RecoveryDeps {
  readonly spool: Pick<Spool, 'scan' | 'isRead' | 'unfinished' | 'wasSent' | 'markSent' | 'read' | 'reject'>;
  readonly gate: Pick<Gatekeeper, 'fromSpool'>;
  readonly broadcaster: Pick<Broadcaster, 'send' | 'miss' | 'isUnderWay' | 'events$'>;
  readonly rpc: Pick<Rpc, 'call'>;
  /** What the relay reports: a dashd that answers again is reason to look. */
  readonly events$: Observable<RelayEvent>;
  readonly scheduler: SchedulerLike;
}

/** Of blocks sent again whose verdict is awaited: what a live block would have to wait for at most. */
const MAX_OUTSTANDING_BYTES = 16 * 1024 * 1024;
/** Longer than a verdict takes. */
const VERDICT_PATIENCE_MS = 5 * SECOND_MS;

/** While the disk fails to give what it has, it is asked again. */
const READ_AGAIN_MS = 5 * SECOND_MS;

/** Never ends by itself, and gives nothing: what it does is reported by others. */
export function recover(deps: RecoveryDeps): Observable<never> {
  return defer(() => {
    let ended = false;
    const { spool, scheduler } = deps;
    const back$ = deps.events$.pipe(filter(isDashdBack));
    const read$ = new Subject<void>();
    return merge(from(spool.scan()), back$, read$).pipe(
      concatMap(() => sendAgain(deps, () => ended)),
      switchMap(() => (spool.isRead ? EMPTY : timer(READ_AGAIN_MS, scheduler).pipe(concatMap(() => spool.scan())))),
      tap(() => read$.next()),
      ignoreElements(),
      finalize(() => {
        ended = true;
      }),
    );
  });
}

function isDashdBack(event: RelayEvent): boolean {
  return event.type === 'service' && event.service === 'dashd-rpc' && event.state === 'up';
}

/** A pass over what is unfinished, oldest first. */
async function sendAgain(deps: RecoveryDeps, isEnded: () => boolean): Promise<void> {
  const { spool, broadcaster } = deps;
  const entries = spool.unfinished((hash) => broadcaster.isUnderWay(hash));
  if (entries.length === 0) return;
  const highest = highestOf(entries);
  const chainHeight = await heightOf(deps.rpc);
  const outstanding: Outstanding = new Map();
  for (const entry of entries) {
    if (isEnded()) return;
    // It may have been pushed again meanwhile.
    if (!broadcaster.isUnderWay(entry.hash))
      await sendOne(entry, highest.get(entry.hash), chainHeight, deps, outstanding);
    for (let total = sum(outstanding); total > MAX_OUTSTANDING_BYTES; total = sum(outstanding)) {
      await Promise.race([...outstanding.values()].map(({ judged }) => judged));
    }
  }
}

/** Blocks sent again whose verdict is to come. */
type Outstanding = Map<Hash, { readonly size: number; readonly judged: Promise<unknown> }>;

/** @param highest the height of the highest block of ours that stands on this one */
async function sendOne(
  entry: SpoolEntry,
  highest: number | undefined,
  chainHeight: number | undefined,
  deps: RecoveryDeps,
  outstanding: Outstanding,
): Promise<void> {
  const isPassed = chainHeight !== undefined && highest !== undefined && chainHeight > highest;
  // A block that is in dashd's chain is sent all the same: it has no verdict yet, and this is how it gets one.
  const isStale = isPassed && (await isElsewhere(entry, deps.rpc));
  await resend(entry, isStale ? chainHeight : undefined, deps, outstanding);
}

/** @param passedBy the height of dashd's chain, when that has passed the block by */
async function resend(
  entry: SpoolEntry,
  passedBy: number | undefined,
  { spool, gate, broadcaster, scheduler }: RecoveryDeps,
  outstanding: Outstanding,
): Promise<void> {
  const { hash, size, at } = entry;
  if (passedBy !== undefined && spool.wasSent(hash)) return;
  const raw = await spool.read(hash);
  if (raw === undefined) return;
  const admission = gate.fromSpool(hash, raw, at);
  if (admission.type !== 'block' || admission.block.hash !== hash) {
    await spool.reject(hash, 'corrupt', whyNot(admission));
    return;
  }
  spool.markSent(hash);
  if (passedBy !== undefined) {
    broadcaster.miss(admission, fill(VERDICT.stale, { height: passedBy }));
    return;
  }
  const isVerdict = (event: BlockEvent): boolean => event.type === 'verdict' && event.hash === hash;
  const judged = firstValueFrom<unknown>(
    merge(broadcaster.events$.pipe(filter(isVerdict)), timer(VERDICT_PATIENCE_MS, scheduler)),
  );
  outstanding.set(hash, { size, judged: judged.then(() => outstanding.delete(hash)) });
  broadcaster.send(admission);
}

function whyNot(admission: BlockRefused | BlockRepeated | { readonly type: 'block' }): string {
  return admission.type === 'refused' ? `${admission.code}: ${admission.reason}` : SPOOLED['other-block'];
}

function sum(outstanding: Outstanding): number {
  let total = 0;
  for (const { size } of outstanding.values()) total += size;
  return total;
}

/** For each block the height of the highest that stands on it, itself included; absent where it is not known. */
function highestOf(entries: readonly SpoolEntry[]): ReadonlyMap<Hash, number> {
  const highest = new Map<Hash, number>();
  // Children come behind their parents.
  for (const { hash, previous, height } of [...entries].reverse()) {
    const own = highest.get(hash) ?? height;
    if (own === undefined) continue;
    highest.set(hash, own);
    highest.set(previous, Math.max(own, highest.get(previous) ?? 0));
  }
  return highest;
}

async function heightOf(rpc: Pick<Rpc, 'call'>): Promise<number | undefined> {
  const answer = await rpc.call('getblockcount');
  const height = z
    .int()
    .nonnegative()
    .safeParse(answer.ok ? answer.result : undefined);
  return height.success ? height.data : undefined;
}

/** Core `rpc/protocol.h`, RPC_INVALID_ADDRESS_OR_KEY: no such block. */
const NOT_FOUND = -5;
const Header = z.object({ confirmations: z.int() });

/** Whether dashd says that its active chain does not have the block: it is on another branch, or not known at all. */
async function isElsewhere({ hash }: SpoolEntry, rpc: Pick<Rpc, 'call'>): Promise<boolean> {
  const answer = await rpc.call('getblockheader', [hash]);
  if (!answer.ok) return answer.rpcCode === NOT_FOUND;
  const header = Header.safeParse(answer.result);
  return header.success && header.data.confirmations <= 0;
}
