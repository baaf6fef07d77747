/**
 * The broadcast. A block that passed the gate goes to all connected peers and, over RPC, to dashd in one turn of the event loop; from
 * the next turn on its events are emitted. A block in doubt goes to dashd first, and to the peers once dashd has accepted it.
 *
 *   send: write (sockets) → submit (dashd) → settle (sessions, chain) ┆ next turn: follow (spool, events)
 */
import {
  filter,
  firstValueFrom,
  merge,
  type Observable,
  of,
  type SchedulerLike,
  Subject,
  share,
  takeUntil,
  timer,
} from 'rxjs';
import type { Block } from '../../block/gate.js';
import type { BlockEvent, RpcResult } from '../../contracts/events.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { isPremature } from '../../delivery/submission.js';
import { rolesFor } from '../../quorum/roles.js';
import type { PushBlock } from '../../session/types.js';
import { type Clock, MINUTE_MS, momentOf, type Random } from '../../time.js';
import type { Network } from '../../wire/network.js';
import type { Hash } from '../../wire/reader.js';
import type { Target } from '../connections/connection.js';
import type { ConnectedPeer, Connections, PeerNews } from '../connections/connections.js';
import { overTurns } from '../operators/over-turns.js';
import type { NextTurn, Rpc } from '../ports.js';
import type { Quorums } from '../quorum/quorums.js';
import { missed, outcome, received, VERDICT_DEADLINE_MS } from './block-events.js';
import { BlockWriter, type BlockWriterDeps, type WrittenBlock } from './block-writer.js';
import { CatchUp } from './catch-up.js';
import { Flight, pushOf } from './flight.js';
import type { Arrival } from './gatekeeper.js';
import { OlderBlocks } from './older-blocks.js';
import type { RecentStore } from './recent.js';
import { type Submission, submit } from './submit.js';
import type { ChainTip } from './tip.js';

export interface BroadcastDeps extends Pick<BlockWriterDeps, 'planner' | 'meter'> {
  readonly network: Network;
  readonly connections: Connections;
  readonly rpc: Rpc;
  readonly recent: RecentStore;
  readonly tip: ChainTip;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
  readonly nextTurn: NextTurn;
  /** Which peers sign a block; absent where quorum connections are off. */
  readonly quorums?: Pick<Quorums, 'view'> | undefined;
  /** See VerdictRules. */
  readonly fallback: boolean;
  /** Gives a block of the pool's to the other relays of the cluster, once it is written to peers and dashd; absent where this one works alone. */
  readonly share?: ((arrival: Arrival) => void) | undefined;
  /**
   * Keeps a block of the pool's on disk, once it is in the sockets; `received` is emitted when `kept` is called, with a code when the
   * block is not on disk. Nothing is kept unless given.
   */
  readonly keep?: (arrival: Arrival, kept: (unspooled?: string) => void) => void;
}

type ProofNews = Extract<PeerNews['event'], { readonly type: 'proof' }>;

/** A block is sent to peers that lack it for this long after it came, unless its memory is needed for another. */
const FRESH_MS = 10 * MINUTE_MS;

/** With a margin for the clocks of nodes and of who found the tip. */
const OLD_TIP_MS = 45 * MINUTE_MS;

export class Broadcaster {
  /** The blocks under way. */
  private readonly flights = new Map<Hash, Flight>();
  /** Of those, the blocks that dashd rejected, with what was built upon them, and those that it did not connect. */
  private readonly unproven = new Set<Hash>();
  private readonly events = new Subject<BlockEvent>();
  private readonly stopped$ = new Subject<void>();
  private readonly catchUp: CatchUp;
  private readonly writer: BlockWriter;
  private readonly older: OlderBlocks;

  constructor(private readonly deps: BroadcastDeps) {
    this.older = new OlderBlocks(deps);
    this.writer = new BlockWriter(deps);
    this.events$ = this.events.pipe(overTurns(deps), share());
    this.catchUp = new CatchUp({
      ...deps,
      flights: this.flights,
      push: (flight, peer) => this.push(flight, [peer]),
      offer: (flight, { target }) => {
        flight.noteSent([target], true);
        deps.connections.offer(flight.push, target.peer);
      },
    });
  }

  /** Emitted at once for one block; for many, spread over turns of the event loop. */
  readonly events$: Observable<BlockEvent>;

  /**
   * Sends a block. Whatever can be sent at once is with the kernel, or queued for it, before anything is emitted.
   * @param ask hands dashd a request of another submitter's that submits the block, in place of ours; called after the sockets
   * @returns the number of peers that it was sent to at once
   */
  send(arrival: Arrival, ask?: () => Promise<RpcAnswer>): number {
    const { block, doubts, source } = arrival;
    const push = pushOf(
      block,
      this.deps.network,
      this.isTakenCompact(block) ? this.deps.random.u64() : undefined,
      this.writer.plan,
    );
    const known = this.flights.get(block.hash);
    if (source === 'dashd' && known?.released === false) return this.vouched(known, block, push);
    // dashd published a block of before the start before the spool was read: from now on it is the pool's.
    if (source !== 'dashd' && known?.source === 'dashd') known.superseded$.next();
    // The hot path ends with the last write: everything else comes after it.
    const written =
      doubts.length === 0 ? this.write(arrival, push, source !== 'dashd' && ask === undefined) : undefined;
    const roleOf = rolesFor(this.deps.quorums?.view(), block.previous);
    const flight = new Flight(arrival, push, ask !== undefined, roleOf);
    this.flights.set(push.hash, flight);
    this.endAll(this.deps.recent.hold(push, this.deps.connections.live.size));
    if (source !== 'dashd') this.submit(flight, ask);
    if (written !== undefined) this.release(flight, written, true);
    this.deps.share?.(flight.arrival);
    // The sockets were written to above, but a request that is handed over goes out at the next tick: the disk and the events'
    // subscribers, whatever they take, come after that, and hold the event loop by themselves.
    this.deps.nextTurn(() => this.follow(flight));
    return written?.peers.length ?? 0;
  }

  /**
   * Whether nodes take the block in compact form: they drop one that has no more work than their tip (a tie), or that comes while the
   * tip is older than 50 minutes. Source: Dash Core `net_processing.cpp`, CMPCTBLOCK and CanDirectFetch.
   */
  private isTakenCompact({ previous }: Block): boolean {
    const { tip, clock } = this.deps;
    if (tip.hash === undefined) return true;
    return tip.hash === previous && clock.now() - tip.timeMs < OLD_TIP_MS;
  }

  /**
   * dashd publishes a block of the pool's that is held back: dashd has accepted it, though it has not answered yet. The block goes out
   * as dashd has it, since the pool's own copy may have another body, or bytes behind it.
   */
  private vouched(flight: Flight, block: Block, push: PushBlock): number {
    flight.replace(block, push);
    this.endAll(this.deps.recent.hold(push, this.deps.connections.live.size));
    const written = this.writer.write(push, false);
    this.release(flight, written, true);
    return written.peers.length;
  }

  /**
   * True while a block of the pool's is fresh: peers that lack it are sent it, and dashd is asked again. False for one that only came from
   * dashd: then dashd is not asked, and its verdict is none of the pool's.
   */
  isUnderWay(hash: Hash): boolean {
    const source = this.flights.get(hash)?.source;
    return source !== undefined && source !== 'dashd';
  }

  /** Emits the events of a block that is not sent any more, with the reason. */
  miss(arrival: Arrival, reason: string): void {
    this.events.next(received(arrival));
    this.events.next(missed(arrival, reason, momentOf(this.deps.clock), this.deps.fallback));
  }

  /**
   * dashd's chain has the block, and so its ancestors: whatever dashd answered to `submitblock`, they are accepted. One that it had
   * rejected, by mistake or for a moment, is served again, and sent to the peers that lack it. Of a block that is held back this says
   * nothing: dashd may have another body under its header.
   */
  seeInChain(hash: Hash): void {
    if (this.unproven.size === 0) return;
    const found: Flight[] = [];
    let flight = this.flights.get(hash);
    for (; flight !== undefined; flight = this.flights.get(flight.push.previous)) {
      if (flight.released && this.unproven.delete(flight.hash)) found.unshift(flight);
    }
    for (const one of found) this.restore(one);
  }

  /** A peer turned out to be a node that counts already: what it proved of the blocks under way is taken back. */
  discount(peer: string): void {
    for (const { entries$ } of this.flights.values()) entries$.next({ type: 'twin', peer });
  }

  /** Hands a connection's event to the block it concerns; a peer fresh from its handshake is sent the blocks that it may lack. */
  onPeer({ target, monotonicAt, event }: PeerNews): void {
    const { peer } = target;
    switch (event.type) {
      case 'ready':
        this.catchUp.onReady(peer, event.remote.height);
        break;
      case 'announced':
        this.catchUp.sendChildren(peer, event.hash);
        break;
      case 'served':
        // The peer asked for the block: that is a way to be sent it, too.
        if (event.what === 'block') this.flights.get(event.hash)?.noteSent([target], true);
        break;
      case 'wanted':
        this.older.ask(peer, event.hash);
        break;
      case 'lost':
        for (const flight of this.flights.values()) flight.forgetPeer(peer);
        break;
      case 'proof':
        this.onProof(target, monotonicAt, event);
    }
  }

  /** Waits for the verdicts that are due, as long as a verdict may take. Then ends all flights: what has none gets it from what is known. */
  async stop(): Promise<void> {
    const allJudged$ = this.events.pipe(filter(() => this.isIdle()));
    await firstValueFrom(
      this.isIdle() ? of(undefined) : merge(allJudged$, timer(VERDICT_DEADLINE_MS, this.deps.scheduler)),
    );
    // Their time began later: they are followed once they are on disk.
    for (const { judged, entries$ } of [...this.flights.values()]) if (!judged) entries$.complete();
    this.stopped$.next();
    this.writer.stop();
    this.events.complete();
  }

  private onProof(target: Target, monotonicAt: number, { stage, reason, rival, way, hash }: ProofNews): void {
    const { peer } = target;
    const flight = this.flights.get(hash);
    flight?.entries$.next({
      type: 'proof',
      peer,
      stage,
      monotonicAt,
      ...(reason !== undefined && { reason }),
      ...(rival !== undefined && { rival }),
      ...(way !== undefined && { way }),
    });
    if (stage === 'accepted' || stage === 'already-had') {
      this.catchUp.creditParents(target, hash, monotonicAt);
      this.catchUp.sendChildren(peer, hash);
    }
    if (stage === 'failed') flight?.noteLacked(peer);
    if (reason === 'not-in-chain') this.catchUp.sendParent(peer, hash);
    if (stage === 'accepted' && target.protected) this.seeInChain(hash);
  }

  private isIdle(): boolean {
    return [...this.flights.values()].every(({ judged }) => judged);
  }

  private settle(flight: Flight, { peers, settle }: WrittenBlock, late?: true): void {
    flight.noteSent(
      peers.map(({ target }) => target),
      late,
    );
    settle();
  }

  /** Sends the block to peers of which it has become known that they may lack it. */
  private push(flight: Flight, peers: readonly ConnectedPeer[]): void {
    const settle = this.deps.connections.push(flight.push, new Set(peers.map(({ target }) => target.peer)));
    this.settle(flight, { peers, settle }, true);
  }

  /**
   * The block is with the first peers: from now on it is served, and part of the chain that we know.
   * @param certain false when dashd could not be asked about a doubt: then the block is no known parent to others
   */
  private release(flight: Flight, written: WrittenBlock, certain: boolean): void {
    const { recent, tip } = this.deps;
    const { hash, previous, time } = flight.arrival.block;
    flight.released = true;
    this.endAll(recent.add(flight.push));
    this.settle(flight, written);
    tip.add(hash, previous, time, certain);
    // A rival of a block that the chain has grown past is no tip, be it ours.
    if (!tip.isAncestor(previous)) tip.move(hash);
  }

  /** One that was received first by an earlier process, or by another relay while this one was away, peers may have by now. */
  private write({ late }: Arrival, push: PushBlock, withDashd: boolean): WrittenBlock {
    return late?.code === 'recovered' ? this.writer.offer(push, withDashd) : this.writer.write(push, withDashd);
  }

  private submit(flight: Flight, ask?: () => Promise<RpcAnswer>): void {
    submit(flight.arrival.block, { ...this.deps, giveUpAfterMs: FRESH_MS }, ask)
      .pipe(takeUntil(this.over(flight)))
      .subscribe((submission) => this.onSubmission(flight, submission));
  }

  private onSubmission(flight: Flight, submission: Submission): void {
    if (flight.dashdIsAsked) this.onAsked(flight, submission);
    if (!flight.released && flight.isClearedBy(submission)) {
      this.release(flight, this.write(flight.arrival, flight.push, flight.isForDashd), submission.stored);
    }
    // Of a block that was held back nothing was claimed; the tip may be another body under the same header.
    if (flight.released) this.learn(flight.arrival.block, submission);
    const { stored: _stored, turnedAway: _turnedAway, ...result } = submission;
    if (result.outcome === 'rejected') flight.rejection = result;
    if (result.outcome === 'rejected' || result.outcome === 'inconclusive') this.unproven.add(flight.hash);
    else if (submission.stored) this.unproven.delete(flight.hash);
    flight.entries$.next({ type: 'rpc', result });
  }

  /** The submitter has its answer. If that was none, dashd is sent the block over P2P as well. */
  private onAsked(flight: Flight, submission: Submission): void {
    flight.dashdIsAsked = false;
    const dashd = [...this.deps.connections.live.values()].filter(({ target }) => target.protected);
    if (flight.released && submission.outcome === 'unavailable' && dashd.length > 0) this.push(flight, dashd);
  }

  /** What dashd says of a block that is out decides whether others may build on it. */
  private learn({ hash, previous, time, bits }: Block, submission: Submission): void {
    const { tip, recent } = this.deps;
    if (submission.stored) tip.see(hash, previous, undefined, { time, bits });
    if (submission.outcome === 'accepted') this.seeInChain(previous);
    if (submission.outcome === 'rejected' && !isPremature(submission))
      for (const gone of tip.retract(hash)) {
        recent.withdraw(gone);
        this.writer.forget(gone);
        if (this.flights.has(gone)) this.unproven.add(gone);
      }
  }

  private restore(flight: Flight): void {
    const { clock, connections, recent, tip } = this.deps;
    const { block, monotonicAt } = flight.arrival;
    delete flight.rejection;
    const result: RpcResult = { outcome: 'accepted', ms: clock.monotonic() - monotonicAt };
    flight.entries$.next({ type: 'rpc', again: true, result });
    tip.add(block.hash, block.previous, block.time, true);
    this.endAll(recent.add(flight.push));
    const lacking = [...connections.live.values()].filter(({ target }) => !target.protected && flight.isDueTo(target));
    if (lacking.length > 0) this.push(flight, lacking);
  }

  /** Has a block of the pool's kept, and emits its events once it is. */
  private follow(flight: Flight): void {
    const { keep } = this.deps;
    if (keep === undefined || flight.source === 'dashd') this.emit(flight);
    else keep(flight.arrival, (unspooled) => this.emit(flight, unspooled));
  }

  private emit(flight: Flight, unspooled?: string): void {
    this.events.next(received(flight.arrival, unspooled));
    outcome(flight, { ...this.deps, inChain: (hash) => this.seeInChain(hash) })
      .pipe(takeUntil(this.over(flight)))
      .subscribe({
        next: (event) => {
          flight.judged ||= event.type === 'verdict';
          this.events.next(event);
        },
        complete: () => {
          this.deps.recent.rest(flight.hash);
          if (this.flights.get(flight.hash) === flight) this.drop(flight.hash);
        },
      });
  }

  /** Emits when a flight ends: the block is no longer fresh, its memory is needed, or the relay stops. Not made before the block is out. */
  private over({ superseded$ }: Flight): Observable<unknown> {
    return merge(timer(FRESH_MS, this.deps.scheduler), this.stopped$, superseded$);
  }

  private drop(hash: Hash): void {
    this.flights.delete(hash);
    this.unproven.delete(hash);
  }

  /** The blocks' memory is needed for another: what is known of them by now is their verdict. */
  private endAll(hashes: readonly Hash[]): void {
    for (const hash of hashes) {
      const flight = this.flights.get(hash);
      this.writer.forget(hash);
      this.drop(hash);
      flight?.entries$.complete();
      flight?.superseded$.next();
    }
  }
}
