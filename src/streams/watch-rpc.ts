/**
 * Asks dashd for its best block every few seconds over the connection kept for `submitblock`: the connection stays open, the tip is
 * known without the feed, and an RPC that is down is noticed before a block needs it.
 */
import {
  concatMap,
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
import type { ServiceEvent } from '../events.js';
import { type Clock, SECOND_MS } from '../time.js';
import type { Hash } from '../wire/reader.js';
import type { Rpc } from './ports.js';

/** A block of dashd's active chain. */
export interface ChainBlock {
  readonly type: 'chain block';
  readonly hash: Hash;
  readonly previous?: Hash;
  readonly height: number;
}

export type RpcNews = { readonly type: 'tip'; readonly hash: Hash } | ChainBlock | ServiceEvent;

/** Well below the 30 s after which dashd closes an idle connection; also how long a dashd that stops may have to wait for us. */
const POLL_MS = 5 * SECOND_MS;
/** So far back a block's parent may be for the block to be worth racing with. */
const DEPTH = 12;

const HASH = /^[0-9a-f]{64}$/;
const Header = z.object({
  hash: z.string().regex(HASH),
  previousblockhash: z.string().regex(HASH).optional(),
  height: z.number().int().nonnegative(),
});

export function watchRpc(rpc: Rpc, clock: Clock, scheduler: SchedulerLike): Observable<RpcNews> {
  const polls$ = timer(0, POLL_MS, scheduler).pipe(
    exhaustMap(() => from(rpc.submitConnectionPing())),
    share(),
  );
  const state$ = polls$.pipe(
    map((answer) =>
      answer.ok
        ? { state: 'up' as const, code: 'answers', detail: 'dashd answers' }
        : { state: 'down' as const, ...answer },
    ),
    distinctUntilChanged((a, b) => a.state === b.state && a.code === b.code),
    map(
      ({ state, code, detail }): ServiceEvent => ({
        type: 'service',
        at: clock.now(),
        service: 'dashd rpc',
        state,
        code,
        detail,
      }),
    ),
  );
  const tip$ = polls$.pipe(
    map((answer) => (answer.ok ? answer.result : undefined)),
    filter((hash): hash is Hash => typeof hash === 'string' && HASH.test(hash)),
    map((hash) => ({ type: 'tip' as const, hash })),
    share(),
  );
  // The blocks below the first tip may be parents too; later ones are seen as they come.
  const history$ = tip$.pipe(
    take(1),
    concatMap(({ hash }) => chainBelow(rpc, hash)),
  );
  return merge(state$, tip$, history$);
}

function chainBelow(rpc: Pick<Rpc, 'call'>, tip: Hash): Observable<ChainBlock> {
  const ask = (hash: Hash) =>
    from(rpc.call('getblockheader', [hash])).pipe(
      concatMap((answer) => {
        const header = answer.ok ? Header.safeParse(answer.result) : undefined;
        return header?.success === true ? [header.data] : [];
      }),
    );
  return ask(tip).pipe(
    expand(({ previousblockhash }) => (previousblockhash === undefined ? EMPTY : ask(previousblockhash))),
    take(DEPTH),
    map(({ hash, previousblockhash, height }): ChainBlock => {
      const block = { type: 'chain block', hash, height } as const;
      return previousblockhash === undefined ? block : { ...block, previous: previousblockhash };
    }),
  );
}
