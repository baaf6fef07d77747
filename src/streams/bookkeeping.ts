/**
 * What the pool and the broadcasts show of each peer, noted in the peer book.
 *
 * Announcements count once the block's height is known, that is once it has turned out to be one of the chain's: a peer gains
 * nothing by announcing blocks that are not. Of each block and peer one outcome is noted, at the verdict or when it comes later.
 */
import { concatMap, map, merge, type Observable, type SchedulerLike, Subject } from 'rxjs';
import type { BlockEvent, PeerProof } from '../events.js';
import type { PeerBook, Tally } from '../peers/book.js';
import type { Observation } from '../peers/record.js';
import type { SessionFaultCode } from '../session/types.js';
import { type Clock, SECOND_MS } from '../time.js';
import type { PeerAddress } from '../wire/addr.js';
import type { Hash } from '../wire/reader.js';
import { inSlices } from './operators/in-slices.js';
import type { PoolEvent } from './pool.js';

export interface BookkeepingDeps {
  readonly book: PeerBook;
  /** The height of a block of the chain; undefined while nobody knows it. */
  readonly heightOf: (hash: Hash) => number | undefined;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** Blocks whose announcements and outcomes are remembered. */
const MAX_BLOCKS = 256;
const HUNG_UP: SessionFaultCode = 'rotated out';

/** What became of one message of addresses. */
export interface Gossip {
  /** Who sent it. */
  readonly from: string;
  readonly tally: Tally;
}

/** Announcements of one block: who, and how long after the first, milliseconds. */
interface Announcement {
  readonly firstAt: number;
  readonly waiting: Map<string, number>;
}

export class Bookkeeper {
  private readonly announcements = new Map<Hash, Announcement>();
  /** Peers whose outcome has been noted, for each block that has had its verdict. */
  private readonly judged = new Map<Hash, Set<string>>();
  private readonly tallied$ = new Subject<Gossip>();
  private readonly begun$ = new Subject<{ readonly from: string; readonly steps: Generator<unknown, Tally> }>();

  constructor(private readonly deps: BookkeepingDeps) {}

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

  onPeer(news: PoolEvent): void {
    const { target, at, event } = news;
    if (event.type === 'announced') this.announced(target.peer, event.hash, at);
    else if (event.type === 'addresses') this.gossiped(target.peer, event.addresses);
    else for (const seen of observations(news)) this.deps.book.observe(target.peer, seen, at);
  }

  onBlock(event: BlockEvent): void {
    if (event.type === 'received') {
      if (event.height !== undefined) this.learnHeight(event.hash, event.height);
    } else if (event.type === 'verdict') {
      const noted = this.judged.get(event.hash) ?? new Set();
      bounded(this.judged.set(event.hash, noted));
      for (const proof of event.peers) this.settle(proof, noted);
    } else if (event.type === 'proof') {
      const noted = this.judged.get(event.hash);
      if (noted !== undefined) this.settle(event, noted);
    }
  }

  /** The first step sees to the limits: of a flood, what goes beyond them is gone by then, and does not wait for its turn. */
  private gossiped(from: string, addresses: readonly PeerAddress[]): void {
    if (addresses.length === 0) return;
    const steps = this.deps.book.gossiping(from, addresses.map(toEntry), this.deps.clock.now());
    const first = steps.next();
    if (first.done === true) this.tallied$.next({ from, tally: first.value });
    else this.begun$.next({ from, steps });
  }

  /** A block's height has become known: those who announced it are given credit. */
  private learnHeight(hash: Hash, height: number): void {
    const announcement = this.announcements.get(hash);
    for (const [peer, lagMs] of announcement?.waiting ?? []) this.credit(peer, lagMs, height);
    announcement?.waiting.clear();
  }

  private settle(proof: PeerProof, noted: Set<string>): void {
    const outcome = outcomeOf(proof);
    if (outcome === undefined || noted.has(proof.peer)) return;
    noted.add(proof.peer);
    this.deps.book.observe(proof.peer, outcome, this.deps.clock.now());
  }

  private announced(peer: string, hash: Hash, at: number): void {
    const announcement = this.announcements.get(hash) ?? { firstAt: at, waiting: new Map() };
    bounded(this.announcements.set(hash, announcement));
    const height = this.deps.heightOf(hash);
    if (height === undefined) announcement.waiting.set(peer, at - announcement.firstAt);
    else this.credit(peer, at - announcement.firstAt, height);
  }

  private credit(peer: string, lagMs: number, height: number): void {
    this.deps.book.observe(peer, { kind: 'announced', lagMs, height }, this.deps.clock.now());
  }
}

function observations({ event }: PoolEvent): Observation[] {
  switch (event.type) {
    case 'dialling':
      return [{ kind: 'dialled' }];
    case 'ready': {
      const { services, protocolVersion, userAgent, height } = event.remote;
      return [{ kind: 'handshake', services, protocolVersion, userAgent, height }];
    }
    case 'round trip':
      return [{ kind: 'ping', rttMs: event.ms }];
    case 'lost': {
      const { code } = event.fault;
      if (!event.wasReady) return event.ours ? [] : [{ kind: 'connection failed', code }];
      return [{ kind: 'lost', code, uptimeMs: event.uptimeMs, ours: event.ours }];
    }
    default:
      return [];
  }
}

function outcomeOf({ status, reason, acknowledgedMs, acceptedMs }: PeerProof): Observation | undefined {
  const proofMs = acknowledgedMs ?? acceptedMs;
  switch (status) {
    case 'acknowledged':
    case 'accepted':
      return { kind: 'broadcast', status, ...(proofMs !== undefined && { proofMs }) };
    case 'already had':
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

function bounded(map: Map<Hash, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= MAX_BLOCKS) break;
    map.delete(oldest);
  }
}
