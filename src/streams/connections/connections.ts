/**
 * The connections to peers, kept in line with the list of targets (`targets$`). The pool's own dashd is protected: it is on no list that
 * could drop it, is connected to from the start, and dialled again whenever it is lost. Every other peer comes and goes with the targets, a few dials at a time.
 */

import {
  EMPTY,
  endWith,
  finalize,
  ignoreElements,
  map,
  merge,
  type Observable,
  type OperatorFunction,
  pipe,
  type SchedulerLike,
  share,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import { exponentialMs, jittered } from '../../common/backoff.js';
import { NO_COMPACT_USE } from '../../session/form.js';
import type { LocksNeed, LocksPush } from '../../session/locks.js';
import { questionOf } from '../../session/push.js';
import type { CompactUse, PushBlock, Remote, SessionContext, SessionFault } from '../../session/types.js';
import { type Clock, type Moment, momentOf, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import { reconnecting } from '../operators/reconnecting.js';
import { Semaphore, withPermit } from '../operators/semaphore.js';
import type { NextTurn } from '../ports.js';
import { awakeTime } from './awake.js';
import { type ConnectionDeps, type ConnectionEvent, connection, type Target } from './connection.js';
import { FairTurns } from './fair-turns.js';
import { type HangUps, hangUp, keepEach } from './keep-each.js';
import { type Audience, Multicast, type Settle } from './multicast.js';

export interface PeerNews extends Moment {
  readonly target: Target;
  readonly event: ConnectionEvent;
}

/** A peer that has finished its handshake. */
export interface ConnectedPeer {
  readonly target: Target;
  readonly remote: Remote;
  /** The other end, as the operating system has it: `address:port`. */
  readonly endpoint?: string | undefined;
  /** Which masternode it says it is (proRegTxHash); absent until it does. */
  readonly masternode?: Hash;
  readonly since: Moment;
  /** Its use of compact blocks, on this connection. */
  readonly compact: CompactUse;
}

/** A connection, made or being made. */
export interface ConnectionSlot {
  readonly target: Target;
  readonly since: Moment;
}

/** The connections by peer: those made or being made, and of those the ones that have finished their handshake. */
export interface ConnectionTable {
  readonly slots: Map<string, ConnectionSlot>;
  readonly live: Map<string, ConnectedPeer>;
}

/** For {@link createConnections} to fill, and for those who decide on its targets to read. */
export function connectionTable(): ConnectionTable {
  return { slots: new Map(), live: new Map() };
}

export interface ConnectionsDeps extends Omit<ConnectionDeps, 'awake' | 'turns' | 'multicast' | 'ticks$' | 'hangUp$'> {
  readonly clock: Clock;
  readonly protectedPeer: Target | undefined;
  /** All the other peers wanted now; each value replaces the one before. */
  readonly targets$: Observable<readonly Target[]>;
  /** Beside those, the members of quorums wanted now. A peer on both lists has one connection, that of the list which named it first. */
  readonly quorumTargets$?: Observable<readonly Target[]> | undefined;
  readonly table?: ConnectionTable;
  /** Beside those, the witnesses: peers that are never pushed to. They are in a table of their own, and no other part takes them for peers. */
  readonly witnesses?: WitnessConnections | undefined;
  readonly scheduler: SchedulerLike;
  readonly nextTurn: NextTurn;
}

export interface WitnessConnections {
  readonly targets$: Observable<readonly Target[]>;
  readonly table: ConnectionTable;
  /** The chain's tip; undefined until it is known. */
  readonly tip: () => Hash | undefined;
}

export interface Connections {
  /** Connects on the first subscription, hangs up on all when the last one ends. Shared by all subscribers. */
  readonly events$: Observable<PeerNews>;
  readonly slots: ReadonlyMap<string, ConnectionSlot>;
  readonly live: ReadonlyMap<string, ConnectedPeer>;
  /**
   * Writes the block to the sockets, with `getheaders` and a ping behind it, before it returns, in the order that was arranged.
   * @returns a function for the rest, to be called in the same turn of the event loop once nothing is more urgent: the sessions record
   * the block, and send it whole behind a compact form where it is hedged. It returns what was written to whom
   */
  push(block: PushBlock, audience: Audience): Settle;
  /** Sends a peer a block that it may have: it is asked first, and sent it if it does not. */
  offer(block: PushBlock, peer: string): void;
  /** Writes the locks of a block to the peers that lack them: see {@link Multicast.relay}. */
  relay(locks: LocksPush, audience: Audience): Readonly<Record<LocksNeed, number>>;
  /** Sets the order of writes: see {@link Multicast.arrange}. */
  arrange(peers: readonly string[]): void;
  /**
   * Hangs up on a peer; a later list of targets that names it connects to it again.
   * @returns false, and does nothing, when there is no such connection or the peer is protected: that one is never dropped
   */
  drop(peer: string): boolean;
}

const TICK_MS = SECOND_MS;
/** Pauses before the pool's own dashd is dialled again: it is near, and needed. */
const PROTECTED_FIRST_WAIT_MS = 250;
const PROTECTED_LONGEST_WAIT_MS = 5 * SECOND_MS;
/** Dials under way at once for each list of targets: more would look like a port scan, and slow each other down. */
const MAX_DIALS = 8;
/**
 * The same for targets behind the SOCKS proxy, which have a budget of their own: one may take 35 s, and delays no direct dial. Tor builds 32
 * circuits at once (tor(1), MaxClientCircuitsPending).
 */
const MAX_PROXIED_DIALS = 8;

export function createConnections(deps: ConnectionsDeps): Connections {
  const { protectedPeer, clock, scheduler, nextTurn } = deps;
  const table = deps.table ?? connectionTable();
  const { slots, live } = table;
  const multicast = new Multicast();
  const hangUps: HangUps = new Map();
  const turns = new FairTurns(() => clock.monotonic(), nextTurn);
  const awake = awakeTime(clock);
  const ticks$ = timer(TICK_MS, TICK_MS, scheduler).pipe(share());

  // The book's own peers tell enough addresses; hundreds of lists would be read for nothing.
  const memberContext = { ...deps.context, asksAddresses: false as const };
  const witnessContext = { ...memberContext, witness: { tip: () => deps.witnesses?.tip() } };
  const contextOf = ({ quorum, witness }: Target): SessionContext => {
    if (witness === true) return witnessContext;
    return quorum === true ? memberContext : deps.context;
  };
  const tableOf = ({ witness }: Target): ConnectionTable => (witness === true && deps.witnesses?.table) || table;
  const connect = (target: Target, hangUp$: Observable<SessionFault> = EMPTY): Observable<ConnectionEvent> =>
    connection(target, {
      ...deps,
      context: contextOf(target),
      awake,
      turns,
      multicast,
      ticks$,
      hangUp$,
    });
  const tracked = (target: Target): OperatorFunction<ConnectionEvent, PeerNews> =>
    pipe(
      map((event) => ({ target, ...momentOf(clock), event })),
      tap((news) => track(tableOf(target), news)),
      finalize(() => {
        tableOf(target).slots.delete(target.peer);
        tableOf(target).live.delete(target.peer);
      }),
    );

  const protectedWait = (failures: number) =>
    jittered(exponentialMs(PROTECTED_FIRST_WAIT_MS, PROTECTED_LONGEST_WAIT_MS, failures), 0.5, deps.context.random);
  const protected$ =
    protectedPeer === undefined
      ? EMPTY
      : connect(protectedPeer).pipe(
          reconnecting<ConnectionEvent>({
            delayMs: protectedWait,
            succeeded: (event) => event.type === 'ready',
            scheduler,
          }),
          tracked(protectedPeer),
        );

  // One attempt each: the next list says whether a peer that was lost is wanted again.
  const wanted = (targets$: Observable<readonly Target[]>): Observable<PeerNews> => {
    const isReady = (event: ConnectionEvent): boolean => event.type === 'ready';
    const direct = new Semaphore<ConnectionEvent>(MAX_DIALS, isReady);
    const proxied = new Semaphore<ConnectionEvent>(MAX_PROXIED_DIALS, isReady);
    return targets$.pipe(
      map((targets) => targets.filter(({ peer }) => peer !== protectedPeer?.peer)),
      keepEach(hangUps, (target, hangUp$) => {
        // The connection's own end comes first, so that it emits `lost`; one that still waits for its permit just leaves.
        const gone$ = hangUp$.pipe(ignoreElements(), endWith(true));
        const dials = deps.isProxied?.(target) === true ? proxied : direct;
        return connect(target, hangUp$).pipe(withPermit(dials), takeUntil(gone$), tracked(target));
      }),
    );
  };

  return {
    events$: merge(
      protected$,
      wanted(deps.targets$),
      wanted(deps.quorumTargets$ ?? EMPTY),
      wanted(deps.witnesses?.targets$ ?? EMPTY),
    ).pipe(share()),
    slots,
    live,
    push: (block, audience) => multicast.push(block, audience, questionOf(deps.context.network.magic, block)),
    offer: (block, peer) => multicast.offer(block, peer),
    relay: (locks, audience) => multicast.relay(locks, audience),
    arrange: (peers) => multicast.arrange(peers),
    drop: (peer) => hangUp(hangUps, peer, 'dropped'),
  };
}

function track({ slots, live }: ConnectionTable, news: PeerNews): void {
  const { target, at, monotonicAt, event } = news;
  const since = { at, monotonicAt };
  if (event.type === 'dialling') slots.set(target.peer, { target, since });
  if (event.type === 'ready') {
    const { remote, endpoint } = event;
    live.set(target.peer, { target, remote, endpoint, since, compact: NO_COMPACT_USE });
  }
  if (event.type === 'masternode') amend(live, target.peer, { masternode: event.masternode });
  if (event.type === 'compact-blocks') amend(live, target.peer, { compact: event.compact });
  if (event.type !== 'lost') return;
  live.delete(target.peer);
  // Its slot is free before `lost` is emitted: a plan made because of that must not count it.
  slots.delete(target.peer);
}

/** What has become known of a connected peer. */
function amend(live: Map<string, ConnectedPeer>, peer: string, news: Partial<ConnectedPeer>): void {
  const known = live.get(peer);
  if (known !== undefined) live.set(peer, { ...known, ...news });
}
