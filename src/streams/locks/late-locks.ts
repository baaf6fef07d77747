/**
 * The InstantSend locks of a block whose ChainLock is late although the pool's dashd has all of them: its signers may lack some, for example
 * because they were restarted. They look again every 5 s (Dash Core `chainlock/signing.cpp`, Start).
 */
import { concatMap, from, map, type Observable } from 'rxjs';
import type { LocksRelayed } from '../../contracts/locks.js';
import { frameOf } from '../../wire/frame.js';
import type { Hash } from '../../wire/reader.js';
import { isLockOf, MAX_ASKED } from './ask-locks.js';
import { type RelayLocksDeps, relayedEvent } from './relayed-event.js';

/** To each signer: some 250 locks. */
const MAX_LOCK_BYTES = 64 * 1024;

/** @param signers of the block that have it, by `host:port` */
export function relayLateLocks(
  hash: Hash,
  signers: ReadonlySet<string>,
  deps: RelayLocksDeps,
): Observable<LocksRelayed> {
  const txids = isLate(hash, deps) ? (deps.counted.get(hash)?.txids ?? []) : [];
  return from(locksOf(txids, deps)).pipe(
    map((locks) => (isLate(hash, deps) ? locks : [])),
    concatMap((locks) => {
      if (locks.length === 0) return [];
      const frames = locks.map((lock) => frameOf(deps.network.magic, 'isdlock', lock));
      const needs = deps.connections.relay({ block: hash, frame: Buffer.concat(frames) }, signers);
      return relayedEvent({ hash, kind: 'instantsend', locks: locks.length, needs }, deps);
    }),
  );
}

/** Nothing is known to delay its ChainLock, and it has none. */
function isLate(hash: Hash, { times, counted }: RelayLocksDeps): boolean {
  const { txids = [], count } = counted.get(hash) ?? {};
  return times.get(hash)?.locked === false && count?.unknown === undefined && count?.locked === txids.length;
}

/** As many as {@link MAX_LOCK_BYTES} hold; none where dashd does not answer. */
async function locksOf(txids: readonly Hash[], { ask }: RelayLocksDeps): Promise<readonly Buffer[]> {
  const locks: Buffer[] = [];
  let bytes = 0;
  for (let at = 0; at < txids.length && bytes < MAX_LOCK_BYTES; at += MAX_ASKED) {
    const answer = await ask.locked(txids.slice(at, at + MAX_ASKED));
    if (!answer.ok) return [];
    for (const [txid, lock] of answer.value) {
      if (!isLockOf(txid, lock)) continue;
      bytes += lock.length;
      if (bytes <= MAX_LOCK_BYTES) locks.push(lock);
    }
  }
  return locks;
}
