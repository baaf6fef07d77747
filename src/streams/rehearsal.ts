/**
 * Minutes pass between two found blocks, and caches forget within milliseconds: on a shared machine even those of a process that did
 * nothing else. X11 takes 30 µs with warm caches and 200 with cold ones, and the rest of the hot path fares alike. So it is gone
 * through again and again, with a practice block, through the gate and to every live connection, up to the point where a byte would be
 * written. What that costs and gains: `npm run bench -- --only rehearsed`.
 */
import { ignoreElements, interval, type Observable, type SchedulerLike, tap } from 'rxjs';
import type { Clock } from '../time.js';
import { NETWORKS } from '../wire/network.js';
import { Gatekeeper } from './blocks.js';
import { pushOf } from './broadcast.js';
import type { PeerPool } from './pool.js';
import type { ChainTip } from './tip.js';

export interface RehearsalDeps {
  readonly pool: Pick<PeerPool, 'rehearse'>;
  /** A practice block, as the pool's socket would give it. */
  readonly frame: Buffer;
  readonly tip: ChainTip;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
  /** From one to the next, milliseconds. */
  readonly intervalMs: number;
}

/** Rehearses for as long as it is subscribed to, and tells nothing. `loadX11()` must have been awaited. */
export function rehearsals({ pool, frame, tip, clock, scheduler, intervalMs }: RehearsalDeps): Observable<never> {
  const network = NETWORKS.regtest;
  const frames = [frame];
  return interval(intervalMs, scheduler).pipe(
    tap(() => {
      // A new one each time: to the last one, the block would be a repeated one.
      const admission = new Gatekeeper(network, tip, clock).fromPool(frames);
      if (admission.type === 'block') pool.rehearse(pushOf(admission.block, network));
    }),
    ignoreElements(),
  );
}
