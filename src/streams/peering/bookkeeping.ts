/**
 * Notes in the peer book what connections and broadcasts show of each peer. Of each block and peer one outcome is noted, at the
 * verdict or when it comes later.
 */

import { concatMap, map, merge, type Observable, type SchedulerLike, Subject } from 'rxjs';
import { BoundedMap } from '../../common/bounded.js';
import type { BlockEvent, PeerProof } from '../../contracts/events.js';
import type { PeerBook, Tally } from '../../peers/book.js';
import type { Observation } from '../../peers/record.js';
import { MISCONDUCT } from '../../session/limits.js';
import { PROXY_FAULTS, UNREACHED } from '../../session/reach.js';
import type { SessionFaultCode } from '../../session/types.js';
import { type Clock, SECOND_MS } from '../../time.js';
import type { PeerAddress } from '../../wire/addr.js';
import type { Hash } from '../../wire/reader.js';
import type { ChainTip } from '../broadcast/tip.js';
import type { Target } from '../connections/connection.js';
import type { PeerNews } from '../connections/connections.js';
import { inSlices } from '../operators/in-slices.js';
import { Announcements, type Credit } from './announcements.js';

export interface BookkeepingDeps {
  readonly book: PeerBook;
  readonly tip: Pick<ChainTip, 'height' | 'heightOf'>;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
  /**
   * Whether no other peer is connected over the way to this one, directly or through Tor: then a dial that fails says nothing about the peer
   * that was dialled.
   */
  readonly isIsolated: (target: Target) => boolean;
}

/** Blocks whose outcomes are remembered. */
const MAX_BLOCKS = 256;
const HUNG_UP: SessionFaultCode = 'rotated-out';

/** What became of one message of addresses. */
export interface Gossip {
  /** Who sent it. */
  readonly from: string;
  readonly tally: Tally;
}

export class Bookkeeper {
  private readonly announcements: Announcements;
  /** Peers whose outcome has been noted, for each block that has had its verdict. */
  private readonly judged = new BoundedMap<Hash, Set<string>>(MAX_BLOCKS);
  private readonly tallied$ = new Subject<Gossip>();
  private readonly begun$ = new Subject<{ readonly from: string; readonly steps: Generator<unknown, Tally> }>();

  constructor(private readonly deps: BookkeepingDeps) {
    this.announcements = new Announcements(deps.tip);
  }

  /** What became of each peer's gossip; subscribing does the work. */
  get tallies$(): Observable<Gossip> {
    const { clock, scheduler } = this.deps;
    const finished$ = this.begun$.pipe(
      concatMap(({ from, steps }) =>
        inSlices(() => steps, { clock, scheduler }).pipe(map((tally) => ({ from, tally }))),
      ),
    );
    return merge(this.tallied$, finished$);
  }

  onPeer(news: PeerNews): void {
    const { target, at, monotonicAt, event } = news;
    for (const seen of observations(news, this.deps.isIsolated)) this.deps.book.observe(target.peer, seen, at);
    if (event.type === 'announced') {
      this.announcements.add(target.peer, event.hash, monotonicAt);
      this.credit(this.announcements.credits(event.hash));
    } else if (event.type === 'addresses') {
      this.gossiped(target.peer, event.addresses);
    } else if (event.type === 'lost') {
      this.announcements.forget(target.peer);
    }
  }

  onBlock(event: BlockEvent): void {
    if (event.type === 'received') {
      if (event.source === 'pool') this.announcements.found(event.hash);
      this.credit(this.announcements.credits(event.hash));
    } else if (event.type === 'verdict') {
      // What peers make of a block that dashd calls invalid says nothing about them.
      if (event.outcome === 'rejected') return;
      const noted = this.judged.get(event.hash) ?? new Set();
      this.judged.set(event.hash, noted);
      for (const proof of event.peers) this.settle(proof, noted);
    } else if (event.type === 'proof') {
      const noted = this.judged.get(event.hash);
      if (noted !== undefined) this.settle(event, noted);
    }
  }

  /** Gives the credit that is due for announcements, however the blocks' heights became known. */
  catchUp(): void {
    this.credit(this.announcements.allCredits());
  }

  /** The first step sees to the limits: of a flood, what goes beyond them is gone by then, and does not wait for its turn. */
  private gossiped(from: string, addresses: readonly PeerAddress[]): void {
    if (addresses.length === 0) return;
    const steps = this.deps.book.gossiping(from, addresses.map(toEntry), this.deps.clock.now());
    const first = steps.next();
    if (first.done === true) this.tallied$.next({ from, tally: first.value });
    else this.begun$.next({ from, steps });
  }

  private settle(proof: PeerProof, noted: Set<string>): void {
    const outcome = outcomeOf(proof);
    if (outcome === undefined || noted.has(proof.peer)) return;
    noted.add(proof.peer);
    this.deps.book.observe(proof.peer, outcome, this.deps.clock.now());
  }

  private credit(credits: readonly Credit[]): void {
    const { book, clock } = this.deps;
    for (const { peer, ...seen } of credits) book.observe(peer, { kind: 'announced', ...seen }, clock.now());
  }
}

function observations({ target, event }: PeerNews, isIsolated: BookkeepingDeps['isIsolated']): Observation[] {
  switch (event.type) {
    case 'dialling':
      return [{ kind: 'dialled' }];
    case 'ready': {
      const { services, protocolVersion, userAgent, height } = event.remote;
      return [{ kind: 'handshake', services, protocolVersion, userAgent, height }];
    }
    case 'round-trip':
      return [{ kind: 'ping', rttMs: event.ms }];
    case 'lost': {
      const { code } = event.fault;
      const misconduct = MISCONDUCT.has(code);
      if (event.wasReady) return [{ kind: 'lost', code, uptimeMs: event.uptimeMs, ours: event.ours, misconduct }];
      return event.ours
        ? []
        : [
            {
              kind: 'connection-failed',
              code,
              isolated: PROXY_FAULTS.has(code) || (UNREACHED.has(code) && isIsolated(target)),
              misconduct,
            },
          ];
    }
    default:
      return [];
  }
}

function outcomeOf({ status, reason, late, acknowledgedMs, acceptedMs }: PeerProof): Observation | undefined {
  const proofMs = late === true ? undefined : (acknowledgedMs ?? acceptedMs);
  switch (status) {
    case 'acknowledged':
    case 'accepted':
      return { kind: 'broadcast', status, ...(proofMs !== undefined && { proofMs }) };
    case 'already-had':
      return { kind: 'broadcast', status };
    case 'failed':
      // We hung up before it could prove anything: that is nothing against it.
      return reason === HUNG_UP ? undefined : { kind: 'broadcast', status, code: reason ?? 'unknown' };
    default:
      return undefined;
  }
}

function toEntry({ host, port, services, time }: PeerAddress) {
  return { host, port, services, seenAt: time * SECOND_MS };
}
