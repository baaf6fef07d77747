/**
 * dashd's ZeroMQ feed (Core doc/zmq.md): topic, body, sequence number. It may skip messages (gaps), fall silent without a disconnect, or
 * publish only hashes; each is detected here, and the block is fetched over RPC instead.
 */

import {
  concatMap,
  EMPTY,
  exhaustMap,
  filter,
  from,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  type SchedulerLike,
  Subject,
  share,
  startWith,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import { BoundedSet } from '../../common/bounded.js';
import type { ServiceEvent } from '../../contracts/events.js';
import { readLookup } from '../../delivery/submission.js';
import { FEED } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import { type Clock, SECOND_MS } from '../../time.js';
import { CLSIG_BYTES, clsig } from '../../wire/clsig.js';
import { type Hash, Reader } from '../../wire/reader.js';
import type { Rpc, SocketNews } from '../ports.js';
import { reportOn, type ServiceReport } from '../service-events.js';
import { FEED_TOPICS } from './feed-endpoints.js';

export type FeedNews =
  | { readonly type: 'tip'; readonly hash: Hash }
  /** dashd has a ChainLock for the block, and so for all below it. */
  | { readonly type: 'chainlock'; readonly hash: Hash; readonly bytes?: Buffer }
  | { readonly type: 'raw'; readonly raw: Buffer }
  | ServiceEvent;

export interface FeedDeps {
  readonly open$: Observable<SocketNews>;
  /** Tips from other sources (RPC, peers): if the feed does not show one, it is silent. */
  readonly witness$: Observable<Hash>;
  readonly rpc: Pick<Rpc, 'call'>;
  /** The hash of a published block; undefined for too few bytes. */
  readonly hashOf: (raw: Buffer) => Hash | undefined;
  /** True when the block was received, from any source. */
  readonly has: (hash: Hash) => boolean;
  /** False while dashd catches up or is on another chain: then its feed may be silent, and its messages are ignored. */
  readonly isCurrent: () => boolean;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** rawblock and hashblock of one block arrive together; after this time the block itself will not arrive. */
const RAW_AFTER_HASH_MS = SECOND_MS;
/** Core `rpc/protocol.h`, RPC_INVALID_ADDRESS_OR_KEY: no such block. */
const NOT_FOUND = -5;
/** A witness may be ahead of the feed by the time dashd takes to connect a block. */
const SILENT_AFTER_MS = 15 * SECOND_MS;

export function feed(deps: FeedDeps): Observable<FeedNews> {
  const { open$, witness$, rpc, hashOf, has, isCurrent, clock, scheduler } = deps;
  const restart$ = new Subject<void>();
  const shown = new BoundedSet<Hash>(MAX_SHOWN);
  const sequences = new Map<string, number>();
  const service = reportOn('dashd-feed', clock);

  const news$ = restart$.pipe(
    startWith(undefined),
    switchMap(() => open$),
    concatMap((news): FeedNews[] => {
      if (news.type === 'state') {
        if (news.state === 'up') sequences.clear();
        const isUp = news.state === 'up';
        return [service(isUp ? 'up' : 'down', news.code ?? (isUp ? 'connected' : 'disconnected'), news.detail)];
      }
      return read(news.frames, sequences, service);
    }),
    concatMap(withTip),
    tap((news) => {
      if (news.type === 'tip') shown.add(news.hash);
    }),
    share(),
  );

  let lastTip: Hash | undefined;
  /** A block shows the tip as well as its hash does, if dashd publishes only blocks; if it publishes both, the tip is emitted once. */
  function withTip(news: FeedNews): FeedNews[] {
    if (news.type !== 'tip' && news.type !== 'raw') return [news];
    const hash = news.type === 'tip' ? news.hash : hashOf(news.raw);
    const isNews = hash !== undefined && hash !== lastTip;
    lastTip = hash ?? lastTip;
    const tip: FeedNews[] = isNews ? [{ type: 'tip', hash }] : [];
    return news.type === 'raw' ? [...tip, news] : tip;
  }

  const missing$ = news$.pipe(
    filter((news) => news.type === 'tip'),
    filter(() => isCurrent()),
    mergeMap(({ hash }) => timer(RAW_AFTER_HASH_MS, scheduler).pipe(mergeMap(() => (has(hash) ? EMPTY : fetch(hash))))),
  );

  const silent$ = witness$.pipe(
    tap((hash) => {
      // dashd publishes no block while it catches up, so the feed need not show the tip with which that ends.
      if (!isCurrent()) shown.clear();
      // The start of the feed: the current tip was published before we subscribed.
      else if (shown.size === 0) shown.add(hash);
    }),
    filter((hash) => isCurrent() && !shown.has(hash)),
    // One check at a time: a witness may repeat itself.
    exhaustMap((hash) =>
      timer(SILENT_AFTER_MS, scheduler).pipe(
        filter(() => isCurrent() && !shown.has(hash)),
        mergeMap(() => mayBeActive(hash)),
        filter((expected) => expected && isCurrent() && !shown.has(hash)),
        tap(() => {
          shown.add(hash);
          restart$.next();
        }),
        mergeMap(() =>
          merge(
            of(service('fault', 'silent', fill(FEED.silent, { hash }))),
            of<FeedNews>({ type: 'tip', hash }),
            has(hash) ? EMPTY : fetch(hash),
          ),
        ),
      ),
    ),
  );

  /** The feed shows only dashd's active chain, so dashd decides what it should show, if it answers. */
  function mayBeActive(hash: Hash): Observable<boolean> {
    return from(rpc.call('getblockheader', [hash])).pipe(
      map((answer) => (answer.ok ? readLookup(answer) === 'active' : answer.rpcCode !== NOT_FOUND)),
    );
  }

  function fetch(hash: Hash): Observable<FeedNews> {
    return from(rpc.call('getblock', [hash, 0])).pipe(
      map((answer): FeedNews => {
        if (answer.ok && typeof answer.result === 'string' && /^([0-9a-f]{2})+$/i.test(answer.result)) {
          return { type: 'raw', raw: Buffer.from(answer.result, 'hex') };
        }
        const why = answer.ok ? FEED['not-a-block'] : `${answer.code}: ${answer.detail}`;
        return service('fault', 'not-fetched', fill(FEED['not-fetched'], { hash, reason: why }));
      }),
    );
  }

  return merge(news$, missing$, silent$);
}

const MAX_SHOWN = 100;

function read(frames: readonly Buffer[], sequences: Map<string, number>, service: ServiceReport): FeedNews[] {
  const [topicFrame, body, sequenceFrame] = frames;
  const topic = topicFrame?.toString('latin1') ?? '';
  if (body === undefined || !FEED_TOPICS.some((known) => known === topic)) {
    return [
      service(
        'fault',
        'garbage',
        fill(FEED['unknown-frames'], { count: frames.length, topic: JSON.stringify(topic.slice(0, 20)) }),
      ),
    ];
  }
  const gap = sequenceFrame?.length === 4 ? sequenceGap(topic, sequenceFrame.readUInt32LE(), sequences) : 0;
  const gaps = gap === 0 ? [] : [service('fault', 'gap', fill(FEED.gap, { count: gap, topic }))];
  const news = topic === 'rawblock' ? ({ type: 'raw', raw: body } as const) : readHash(topic, body);
  return [...gaps, news ?? service('fault', 'garbage', fill(FEED.unreadable, { topic, size: body.length }))];
}

const HEADER_BYTES = 80;

function readHash(topic: string, body: Buffer): FeedNews | undefined {
  if (topic === 'rawchainlocksig') {
    // The block, then its ChainLock.
    if (body.length < HEADER_BYTES + CLSIG_BYTES) return undefined;
    const bytes = body.subarray(body.length - CLSIG_BYTES);
    return { type: 'chainlock', hash: clsig.decode(new Reader(bytes)).block, bytes };
  }
  // Unlike in P2P messages, a hash by itself is in display order.
  if (body.length !== 32) return undefined;
  return { type: topic === 'hashchainlock' ? 'chainlock' : 'tip', hash: body.toString('hex') };
}

/** Missed messages since the last one of the topic; a lower number means that dashd was restarted. */
function sequenceGap(topic: string, sequence: number, sequences: Map<string, number>): number {
  const last = sequences.get(topic);
  sequences.set(topic, sequence);
  return last === undefined || sequence <= last ? 0 : sequence - last - 1;
}
