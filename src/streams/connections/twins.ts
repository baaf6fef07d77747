/**
 * One node counts once, under however many addresses it is known. dashd sends nothing that identifies it across connections (its nonce
 * differs each time), so a second address of a node is found in one of these ways:
 *
 * - Both connections end at the same address and port, as the operating system has them: host names beside an address.
 * - `getpeerinfo` of the pool's own dashd shows, among its inbound connections, the mark that we sent over the connection (`markOf`):
 *   then the connection ends at that dashd, whatever address translation (Docker, a router) lies in between.
 * - `getnetworkinfo` of the pool's own dashd names the address as its own: then it is not dialled at all.
 *
 * Two addresses of another node that differ to the operating system look like two nodes.
 * Cost: a `getpeerinfo` when peers have connected, at most ten a second; a `getnetworkinfo` an hour.
 */
import {
  auditTime,
  defer,
  EMPTY,
  expand,
  filter,
  from,
  map,
  merge,
  mergeMap,
  type Observable,
  type SchedulerLike,
  switchMap,
  timer,
} from 'rxjs';
import { z } from 'zod';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { keyOf, type PeerKey, parseAddress, toAddress } from '../../peers/address.js';
import { markOf } from '../../session/handshake.js';
import { HOUR_MS, SECOND_MS } from '../../time.js';
import type { Rpc } from '../ports.js';
import type { ConnectedPeer, PeerNews } from './connections.js';

/** An address of a node that counts already. */
export interface Twin {
  readonly peer: PeerKey;
  /** The address under which it counts. */
  readonly of: PeerKey;
  /** The pool's own dashd. */
  readonly isOwn: boolean;
}

export interface TwinDeps {
  readonly peerNews$: Observable<PeerNews>;
  /** All of them, witnesses too. */
  readonly live: ConnectedPeers;
  /** The pool's own dashd. */
  readonly own: PeerKey;
  /** Emits each time that dashd answers and is on our chain. */
  readonly current$: Observable<unknown>;
  readonly rpc: Pick<Rpc, 'call'>;
  /** True for an address that the operator configured: of two addresses of a node, that one is kept. */
  readonly isConfigured: (peer: PeerKey) => boolean;
  readonly scheduler: SchedulerLike;
}

type ConnectedPeers = Pick<ReadonlyMap<string, ConnectedPeer>, 'get' | 'values'>;

/** Peers that connect within this time are asked about with one call. */
const GATHER_MS = 100;
const RETRY_MS = 10 * SECOND_MS;

const Inbound = z.object({ inbound: z.literal(true), addrlocal: z.string() });
const NetworkInfo = z.object({ localaddresses: z.array(z.unknown()) });
const LocalAddress = z.object({ address: z.string(), port: z.number() });

export function twins({ peerNews$, live, own, current$, rpc, isConfigured, scheduler }: TwinDeps): Observable<Twin> {
  const ready$ = peerNews$.pipe(filter(({ event }) => event.type === 'ready'));
  const sameEndpoint$ = ready$.pipe(mergeMap(({ target }) => sameEndpoint(target.peer, live, isConfigured)));

  const ask$ = defer(() => from(rpc.call('getpeerinfo')));
  const untilAnswered$ = ask$.pipe(
    expand((answer) => (answer.ok ? EMPTY : timer(RETRY_MS, scheduler).pipe(switchMap(() => ask$)))),
    filter(({ ok }) => ok),
  );
  const marked$ = ready$.pipe(
    filter(({ target }) => !target.protected),
    auditTime(GATHER_MS, scheduler),
    switchMap(() => untilAnswered$),
    mergeMap((answer) => marked(answer, live)),
    map((peer): Twin => ({ peer, of: own, isOwn: true })),
  );

  const named$ = current$.pipe(
    switchMap(() => timer(0, HOUR_MS, scheduler)),
    switchMap(() => from(rpc.call('getnetworkinfo'))),
    mergeMap(localAddresses),
    filter((peer) => peer !== own),
    map((peer): Twin => ({ peer, of: own, isOwn: true })),
  );
  return merge(sameEndpoint$, marked$, named$);
}

/** Of two connections to one endpoint the protected one counts, otherwise the configured one, one that is pushed to, the older. */
function sameEndpoint(peer: PeerKey, live: ConnectedPeers, isConfigured: TwinDeps['isConfigured']): Twin[] {
  const newcomer = live.get(peer);
  if (newcomer?.endpoint === undefined) return [];
  const other = [...live.values()].find(
    ({ endpoint, target }) => endpoint === newcomer.endpoint && target.peer !== peer,
  );
  if (other === undefined) return [];
  const rank = ({ target }: ConnectedPeer) => {
    if (target.witness === true) return -1;
    return target.protected ? 2 : Number(isConfigured(target.peer));
  };
  const [twin, counts] = rank(newcomer) > rank(other) ? [other, newcomer] : [newcomer, other];
  return [{ peer: twin.target.peer, of: counts.target.peer, isOwn: counts.target.protected }];
}

/** The connections, beside the protected one, that dashd lists among its inbound ones. */
function marked(answer: RpcAnswer, live: ConnectedPeers): PeerKey[] {
  const entries: unknown = answer.ok ? answer.result : undefined;
  if (!Array.isArray(entries)) return [];
  const marks = new Set(
    entries.flatMap((entry: unknown) => {
      const peer = Inbound.safeParse(entry);
      const address = peer.success ? parseAddress(peer.data.addrlocal) : undefined;
      return address === undefined ? [] : [keyOf(address)];
    }),
  );
  return [...live.values()]
    .filter(({ target, remote }) => !target.protected && marks.has(keyOfMark(remote.nonce)))
    .map(({ target }) => target.peer);
}

function keyOfMark(nonce: bigint): PeerKey {
  const { host, port } = markOf(nonce);
  const address = toAddress(host, port);
  return address === undefined ? '' : keyOf(address);
}

function localAddresses(answer: RpcAnswer): PeerKey[] {
  const info = NetworkInfo.safeParse(answer.ok ? answer.result : undefined);
  if (!info.success) return [];
  return info.data.localaddresses.flatMap((entry) => {
    const local = LocalAddress.safeParse(entry);
    const address = local.success ? toAddress(local.data.address, local.data.port) : undefined;
    return address === undefined ? [] : [keyOf(address)];
  });
}
