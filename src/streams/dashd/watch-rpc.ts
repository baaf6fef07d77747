/**
 * Asks dashd for the state of its chain every few seconds over the connection kept for `submitblock`: the connection stays open, the
 * tip is known without the feed, an RPC that is down is noticed before a block needs it, and so is a dashd on another chain or behind the
 * chain. Besides this call, an idle relay requests the header of each new block.
 */

import {
  concatMap,
  defer,
  distinctUntilChanged,
  EMPTY,
  exhaustMap,
  expand,
  filter,
  from,
  map,
  merge,
  type Observable,
  type SchedulerLike,
  share,
  take,
  timer,
} from 'rxjs';
import { z } from 'zod';
import { BoundedSet } from '../../common/bounded.js';
import type { ServiceEvent } from '../../contracts/events.js';
import { HashText } from '../../contracts/hash.js';
import { RPC } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import { type Clock, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import type { ParentHeader } from '../broadcast/tip.js';
import type { Rpc } from '../ports.js';
import { reportOn } from '../service-events.js';
import { type ChainReading, type OurChain, readChain, type Standing } from './chain-standing.js';

/** A block of dashd's active chain. */
export interface ChainBlock {
  readonly type: 'chain-block';
  readonly hash: Hash;
  readonly previous?: Hash;
  readonly height: number;
  /** Absent when dashd did not say. */
  readonly header?: ParentHeader;
}

export type RpcNews =
  | { readonly type: 'tip'; readonly hash: Hash }
  /**
   * Reported when it changes; tips are reported while it is `current` alone. The first is reported within FIRST_STANDING_MS: `unknown` when
   * dashd does not answer, or does not report its chain.
   */
  | { readonly type: 'standing'; readonly standing: Standing; readonly detail: string }
  | ChainBlock
  | ServiceEvent;

export interface WatchRpcDeps {
  readonly rpc: Rpc;
  readonly chain: OurChain;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** What `submitConnectionPing` asks. */
const METHOD = 'getblockchaininfo';
/** Well below the 30 s after which dashd closes an idle connection; also the longest time that a stopping dashd has to wait for us. */
const POLL_MS = 5 * SECOND_MS;
/** dashd answers in milliseconds if at all; whoever waits for its answer is not delayed for longer. */
const FIRST_STANDING_MS = 3 * SECOND_MS;
/** The progress of a dashd that catches up is reported once in this number of polls: every minute. */
const PROGRESS_POLLS = 12;
/** Blocks whose headers are requested: as many as determine the next target. */
const DEPTH = 24;
/** Remembered requests for headers: more than one look back needs. */
const MAX_ASKED = 100;

const Header = z.object({
  hash: HashText,
  previousblockhash: HashText.optional(),
  height: z.number().int().nonnegative(),
  time: z.number().int().nonnegative().optional(),
  bits: z
    .string()
    .regex(/^[0-9a-f]{8}$/)
    .optional(),
});

export function watchRpc({ rpc, chain, clock, scheduler }: WatchRpcDeps): Observable<RpcNews> {
  const polls$ = timer(0, POLL_MS, scheduler).pipe(
    exhaustMap(() => from(rpc.submitConnectionPing())),
    share(),
  );
  const state$ = polls$.pipe(
    map((answer) =>
      answer.ok
        ? { state: 'up' as const, code: 'answers', detail: RPC.answers }
        : { state: 'down' as const, ...answer },
    ),
    distinctUntilChanged((a, b) => a.state === b.state && a.code === b.code),
    map(({ state, code, detail }) => reportOn('dashd-rpc', clock)(state, code, detail)),
  );
  const answers$ = polls$.pipe(
    map((answer) => ({ isAnswer: answer.ok, reading: readChain(answer, chain) })),
    share(),
  );
  const unread$ = answers$.pipe(
    map(({ isAnswer, reading }) => isAnswer && reading === undefined),
    distinctUntilChanged(),
    filter((isUnread) => isUnread),
    map(() => reportOn('dashd-rpc', clock)('fault', 'not-understood', fill(RPC['not-understood'], { method: METHOD }))),
  );
  const readings$ = answers$.pipe(
    map(({ reading }) => reading),
    filter((reading) => reading !== undefined),
  );
  const late$ = timer(FIRST_STANDING_MS, scheduler).pipe(map(() => ({ reading: undefined })));
  const first$ = merge(answers$, late$).pipe(
    take(1),
    concatMap(({ reading }): RpcNews[] =>
      reading === undefined ? [{ type: 'standing', standing: 'unknown', detail: '' }] : [],
    ),
  );
  // A tip, and what is below it that has not been asked for: both may be parents, and show what is to be expected of their children.
  const asked = new BoundedSet<Hash>(MAX_ASKED);
  const chain$ = readings$.pipe(
    distinctUntilChanged((a, b) => a.standing === b.standing && a.tip === b.tip),
    concatMap(({ standing, tip }) =>
      standing === 'current' && tip !== undefined ? chainBelow(rpc, tip, asked) : EMPTY,
    ),
  );
  return merge(state$, unread$, first$, standings(readings$, clock), tips(readings$), chain$);
}

/** What became of the chain; as a service it is reported once more when it gets on, and when there is anything new to say of it. */
function standings(readings$: Observable<ChainReading>, clock: Clock): Observable<RpcNews> {
  return defer(() => {
    let reported: ChainReading | undefined;
    let polls = 0;
    return readings$.pipe(
      concatMap((reading): RpcNews[] => {
        const isNews = reading.standing !== reported?.standing;
        polls = isNews ? 0 : polls + 1;
        if (!isNews && !(polls % PROGRESS_POLLS === 0 && getsOn(reported, reading))) return [];
        reported = reading;
        const { standing, detail } = reading;
        return [...(isNews ? [{ type: 'standing', standing, detail } as const] : []), chainEvent(reading, clock)];
      }),
    );
  });
}

function getsOn(before: ChainReading | undefined, { standing, detail }: ChainReading): boolean {
  return standing === 'catching-up' && detail !== before?.detail;
}

function chainEvent({ standing, detail }: ChainReading, clock: Clock): ServiceEvent {
  const report = reportOn('dashd-chain', clock);
  return standing === 'current' ? report('up', 'synchronised', detail) : report('down', standing, detail);
}

function tips(readings$: Observable<ChainReading>): Observable<RpcNews> {
  return readings$.pipe(
    concatMap(({ standing, tip }): RpcNews[] =>
      standing === 'current' && tip !== undefined ? [{ type: 'tip', hash: tip }] : [],
    ),
  );
}

function chainBelow(rpc: Pick<Rpc, 'call'>, tip: Hash, asked: Set<Hash>): Observable<ChainBlock> {
  const ask = (hash: Hash) =>
    from(rpc.call('getblockheader', [hash])).pipe(
      concatMap((answer) => {
        const header = answer.ok ? Header.safeParse(answer.result) : undefined;
        if (header?.success !== true) return [];
        asked.add(hash);
        return [header.data];
      }),
    );
  return ask(tip).pipe(
    expand(({ previousblockhash: previous }) =>
      previous === undefined || asked.has(previous) ? EMPTY : ask(previous),
    ),
    take(DEPTH),
    map(({ hash, previousblockhash, height, time, bits }): ChainBlock => {
      const header = time !== undefined && bits !== undefined && { time, bits: Number.parseInt(bits, 16) };
      return {
        type: 'chain-block',
        hash,
        height,
        ...(previousblockhash !== undefined && { previous: previousblockhash }),
        ...(header !== false && { header }),
      };
    }),
  );
}
