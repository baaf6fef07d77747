import { filter, map, mergeMap, type Observable } from 'rxjs';
import { BoundedMap } from '../../common/bounded.js';
import type { Hash } from '../../wire/reader.js';
import type { PeerNews } from '../connections/connections.js';

/** One peer may be wrong, or lie; two that announce the block agree. */
const AGREEING_PEERS = 2;
const MAX_HASHES = 100;

/** Blocks that at least {@link AGREEING_PEERS} peers other than our own dashd have announced. */
export function witnessed(events$: Observable<PeerNews>): Observable<Hash> {
  const announcers = new BoundedMap<Hash, Set<string>>(MAX_HASHES);
  return events$.pipe(
    filter(({ target }) => !target.protected),
    mergeMap(({ target, event }) => (event.type === 'announced' ? [{ peer: target.peer, hash: event.hash }] : [])),
    filter(({ peer, hash }) => {
      const peers = announcers.get(hash) ?? new Set<string>();
      announcers.set(hash, peers.add(peer));
      return peers.size === AGREEING_PEERS;
    }),
    map(({ hash }) => hash),
  );
}
