/**
 * Measures the uplink by the pushes that are made anyway: what was written to whom, and when each answered (quorum/uplink.ts). The pool's own
 * dashd is near and does not count.
 */
import {
  distinctUntilChanged,
  filter,
  map,
  type Observable,
  type SchedulerLike,
  Subject,
  type Subscription,
  timer,
} from 'rxjs';
import { BoundedMap } from '../../common/bounded.js';
import type { ServiceEvent } from '../../contracts/events.js';
import { fill } from '../../messages/fill.js';
import { PEERS } from '../../messages/peers.js';
import { HEADROOM, UplinkEstimate, type UplinkSample } from '../../quorum/uplink.js';
import { type Clock, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import type { PeerNews } from '../connections/connections.js';
import type { Written } from '../connections/multicast.js';
import { reportOn } from '../service-events.js';

/** Bytes per second at 1 Mbit/s. */
export const BYTES_PER_MBIT = 1_000_000 / 8;
/** Answers that come later have other causes. */
const READ_AFTER_MS = 5 * SECOND_MS;
/** Of pushes whose answers are awaited. */
const MAX_PUSHES = 8;
/** Pushes to fewer peers show nothing. */
const MIN_PEERS = 8;

interface Measured {
  readonly firstAt: number;
  /** Written up to and with each peer, bytes. */
  readonly upTo: Map<string, number>;
  readonly samples: UplinkSample[];
  bytes: number;
}

export class UplinkMeter {
  /** Emits when a push has been read. */
  readonly changes$: Observable<void>;
  private readonly changed$ = new Subject<void>();
  private readonly estimate = new UplinkEstimate();
  private readonly pushes = new BoundedMap<Hash, Measured>(MAX_PUSHES);
  /** The shortest round trip of each connection, milliseconds. */
  private readonly roundTrips = new Map<string, number>();
  private readonly reading = new Set<Subscription>();

  constructor(private readonly scheduler: SchedulerLike) {
    this.changes$ = this.changed$.asObservable();
  }

  /** Undefined while the uplink is not known to be limited. */
  get bytesPerSecond(): number | undefined {
    return this.estimate.bytesPerSecond;
  }

  /** The shortest seen on this connection, milliseconds. */
  roundTripOf(peer: string): number | undefined {
    return this.roundTrips.get(peer);
  }

  /**
   * A block was written to remote peers, in this order; further ones may follow.
   * @param at monotonic, milliseconds
   */
  wrote(hash: Hash, written: readonly Written[], at: number): void {
    let push = this.pushes.get(hash);
    if (push === undefined) {
      if (written.length < MIN_PEERS) return;
      push = { firstAt: at, upTo: new Map(), samples: [], bytes: 0 };
      this.pushes.set(hash, push);
      this.readLater(push);
    }
    for (const { peer, bytes } of written) {
      push.bytes += bytes;
      if (bytes > 0) push.upTo.set(peer, push.bytes);
    }
  }

  onPeer({ target, monotonicAt, event }: PeerNews): void {
    const { peer } = target;
    if (event.type === 'round-trip') {
      this.roundTrips.set(peer, Math.min(event.ms, this.roundTrips.get(peer) ?? Infinity));
    } else if (event.type === 'lost') {
      this.roundTrips.delete(peer);
      for (const { upTo } of this.pushes.values()) upTo.delete(peer);
    } else if (event.type === 'proof' && (event.stage === 'acknowledged' || event.stage === 'accepted')) {
      this.answered(event.hash, peer, monotonicAt);
    }
  }

  stop(): void {
    for (const one of this.reading) one.unsubscribe();
    this.reading.clear();
  }

  /** The first answer counts: it comes with the pong to the ping behind the block. */
  private answered(hash: Hash, peer: string, at: number): void {
    const push = this.pushes.get(hash);
    const bytes = push?.upTo.get(peer);
    const roundTrip = this.roundTrips.get(peer);
    push?.upTo.delete(peer);
    if (push === undefined || bytes === undefined || roundTrip === undefined) return;
    push.samples.push({ bytes, lateMs: at - push.firstAt - roundTrip });
  }

  private readLater(push: Measured): void {
    const reading = timer(READ_AFTER_MS, this.scheduler).subscribe(() => {
      this.reading.delete(reading);
      this.estimate.note(push.samples);
      this.changed$.next();
    });
    this.reading.add(reading);
  }
}

/** Emits once each time that the uplink turns out to be limited. */
export function uplinkReports(
  meter: Pick<UplinkMeter, 'bytesPerSecond' | 'changes$'>,
  clock: Pick<Clock, 'now'>,
): Observable<ServiceEvent> {
  const report = reportOn('peers', clock);
  return meter.changes$.pipe(
    map(() => meter.bytesPerSecond),
    distinctUntilChanged((before, after) => (before === undefined) === (after === undefined)),
    filter((speed) => speed !== undefined),
    map((speed) => {
      const mbit = Math.round(speed / HEADROOM / BYTES_PER_MBIT);
      return report('fault', 'uplink-limited', fill(PEERS['uplink-limited'], { mbit }));
    }),
  );
}
