/**
 * The broadcast: a block that passed the gate goes to all live sockets and, over RPC, to dashd in one turn of the event loop;
 * then its race is told. A block in doubt goes to dashd first, and to the peers once dashd has taken it.
 *
 * A peer is sent a block's children once it has shown to have the block. So one that connects late, or lacked a parent, is given the chain in its
 * order, as fast as it takes it, and no block on a parent that it may lack: each of those would cost us points there.
 */
import {
  asyncScheduler,
  filter,
  firstValueFrom,
  merge,
  type Observable,
  of,
  ReplaySubject,
  type SchedulerLike,
  Subject,
  share,
  takeUntil,
  timer,
} from 'rxjs';
import type { Block } from '../../block/gate.js';
import type { BlockEvent, BlockReceived, RpcResult } from '../../contracts/events.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { type Entry, openLedger, type Tried, toMicroseconds } from '../../delivery/ledger.js';
import { isPremature, readLookup } from '../../delivery/submission.js';
import { verdict } from '../../delivery/verdict.js';
import { networkGroup, toAddress } from '../../peers/address.js';
import type { PushBlock } from '../../session/types.js';
import { type Clock, MINUTE_MS, SECOND_MS } from '../../time.js';
import { FRAME_HEADER_BYTES, frameOf } from '../../wire/frame.js';
import type { Network } from '../../wire/network.js';
import type { Hash } from '../../wire/reader.js';
import type { Target } from '../connections/connection.js';
import type { ConnectedPeer, Connections, PeerNews } from '../connections/connections.js';
import { overTurns } from '../operators/over-turns.js';
import type { Rpc } from '../ports.js';
import type { Arrival } from './gatekeeper.js';
import { race } from './race.js';
import type { RecentStore } from './recent.js';
import { type Submission, submit } from './submit.js';
import type { ChainTip } from './tip.js';

export interface BroadcastDeps {
  readonly network: Network;
  readonly connections: Connections;
  readonly rpc: Rpc;
  readonly recent: RecentStore;
  readonly tip: ChainTip;
  readonly clock: Clock;
  readonly scheduler?: SchedulerLike;
  /** See VerdictRules. */
  readonly fallback: boolean;
  /**
   * Keeps a block of the pool's on disk, once it is in the sockets; `received` is told when `told` is called, with a code when the block
   * is not on disk. Nothing is kept unless given.
   */
  readonly keep?: (arrival: Arrival, told: (unspooled?: string) => void) => void;
}

/** So long after it came a block is worth sending to whoever lacks it, unless another has become the tip. */
const FRESH_MS = 10 * MINUTE_MS;
const VERDICT_DEADLINE_MS = 3 * SECOND_MS;
/** A block under way. Entries are replayed: some are made before anybody had the time to listen. */
interface Flight {
  arrival: Arrival;
  push: PushBlock;
  readonly entries$: Subject<Entry>;
  readonly superseded$: Subject<void>;
  /** False while dashd's consent is awaited. */
  released: boolean;
  /** Peers that are connected and were sent the block over this connection. */
  readonly sentTo: Set<string>;
  /** Of those, peers whose chain did not have it. */
  readonly lackedBy: Set<string>;
  /** Connected peers whose chain has it. */
  readonly heldBy: Set<string>;
  /** True while dashd has its own submitter's request: were the block to reach it over P2P first, it would call that a duplicate. */
  dashdIsAsked: boolean;
  judged: boolean;
  /** dashd's word, when it rejected the block. */
  rejection?: RpcResult;
}

/** A block that is in its receivers' sockets. */
interface Sent {
  readonly peers: readonly ConnectedPeer[];
  /** What their sessions have yet to do about it. */
  readonly settle: () => void;
}

export class Broadcaster {
  private readonly flights = new Map<Hash, Flight>();
  private readonly events = new Subject<BlockEvent>();
  private readonly stopped$ = new Subject<void>();
  private readonly scheduler: SchedulerLike;

  constructor(private readonly deps: BroadcastDeps) {
    this.scheduler = deps.scheduler ?? asyncScheduler;
    this.events$ = this.events.pipe(overTurns({ clock: deps.clock, scheduler: this.scheduler }), share());
  }

  /** Told at once for one block; for many, spread over turns of the event loop. */
  readonly events$: Observable<BlockEvent>;

  /**
   * Sends a block. Whatever can be sent at once is with the kernel, or queued for it, before anything is told of it.
   * @param ask hands dashd a request of somebody else's that submits the block, in place of ours; called after the sockets
   * @returns the number of peers that it was sent to at once
   */
  send(arrival: Arrival, ask?: () => Promise<RpcAnswer>): number {
    const { block, doubts, source } = arrival;
    const push = pushOf(block, this.deps.network);
    const held = this.flights.get(block.hash);
    if (source === 'dashd' && held?.released === false) return this.vouched(held, arrival, push);
    const isAsked = ask !== undefined;
    // The sockets, then dashd, then everything else.
    const sent = doubts.length === 0 ? this.write(push, this.receivers(source, isAsked)) : undefined;
    const flight = this.open(arrival, push, isAsked);
    if (source === 'pool') this.submit(flight, ask);
    if (sent !== undefined) this.release(flight, sent, true);
    // What is handed over is written at the next tick: that goes before the telling, too.
    if (ask === undefined) this.follow(flight);
    else process.nextTick(() => this.follow(flight));
    return sent?.peers.length ?? 0;
  }

  /**
   * dashd publishes a block of the pool's that is held back: it has taken it, though it has not answered yet. The block goes out as dashd has
   * it, since the pool's own copy may have another body, or bytes behind it.
   */
  private vouched(flight: Flight, { block }: Arrival, push: PushBlock): number {
    flight.push = push;
    flight.arrival = { ...flight.arrival, block: withFrameOf(block, push) };
    for (const hash of this.deps.recent.hold(push)) this.end(hash);
    const sent = this.write(push, this.receivers('dashd', flight.dashdIsAsked));
    this.release(flight, sent, true);
    return sent.peers.length;
  }

  /** True while the block is fresh: whoever lacks it is sent it, and dashd is asked again. */
  isUnderWay(hash: Hash): boolean {
    return this.flights.has(hash);
  }

  /** Tells of a block that is not sent any more, and why. */
  miss(arrival: Arrival, reason: string): void {
    const { block, source, late } = arrival;
    const { hash, size, height } = block;
    const at = this.deps.clock.now();
    const monotonicAt = this.deps.clock.monotonic();
    const opened = openLedger({ hash, source, size, ...(height !== undefined && { height }), monotonicAt });
    this.events.next(received(arrival));
    this.events.next({
      type: 'verdict',
      at,
      ...verdict(opened, { fallback: this.deps.fallback }),
      reason,
      ...(late && { late: late.code }),
    });
  }

  /** A peer turned out to be a node that counts already: what it proved of the blocks under way is taken back. */
  discount(peer: string): void {
    for (const { entries$ } of this.flights.values()) entries$.next({ type: 'twin', peer });
  }

  /** Hands what a connection tells to the block it concerns; a peer fresh from its handshake is given the blocks that it may lack. */
  onPeer({ target, monotonicAt, event }: PeerNews): void {
    const { peer } = target;
    switch (event.type) {
      case 'ready':
        this.catchUp(peer, event.remote.height);
        break;
      case 'announced':
        this.sendChildren(peer, event.hash);
        break;
      case 'served':
        if (event.what === 'block') this.onServed(target, event.hash);
        break;
      case 'lost':
        for (const flight of this.flights.values()) forgetPeer(flight, peer);
        break;
      case 'proof': {
        const { stage, reason, rival, hash } = event;
        this.flights.get(hash)?.entries$.next({
          type: 'proof',
          peer,
          stage,
          monotonicAt,
          ...(reason !== undefined && { reason }),
          ...(rival !== undefined && { rival }),
        });
        if (stage === 'accepted' || stage === 'already had') {
          this.creditParents(target, hash, monotonicAt);
          this.sendChildren(peer, hash);
        }
        if (reason === 'not-in-chain') this.sendParents(peer, hash);
      }
    }
  }

  /** Waits for the verdicts that are due, as long as a verdict may take; then ends all races. */
  async stop(): Promise<void> {
    const allJudged$ = this.events.pipe(filter(() => this.isIdle()));
    await firstValueFrom(this.isIdle() ? of(undefined) : merge(allJudged$, timer(VERDICT_DEADLINE_MS, this.scheduler)));
    this.stopped$.next();
    this.events.complete();
  }

  private isIdle(): boolean {
    return [...this.flights.values()].every(({ judged }) => judged);
  }

  private open(arrival: Arrival, push: PushBlock, dashdIsAsked: boolean): Flight {
    const flight: Flight = {
      arrival: { ...arrival, block: withFrameOf(arrival.block, push) },
      push,
      entries$: new ReplaySubject(),
      superseded$: new Subject(),
      released: false,
      sentTo: new Set(),
      lackedBy: new Set(),
      heldBy: new Set(),
      dashdIsAsked,
      judged: false,
    };
    this.flights.set(push.hash, flight);
    for (const hash of this.deps.recent.hold(push)) this.end(hash);
    return flight;
  }

  /** There is no room for the block any more: what is known of it by now is its verdict. */
  private end(hash: Hash): void {
    const flight = this.flights.get(hash);
    this.flights.delete(hash);
    flight?.entries$.complete();
    flight?.superseded$.next();
  }

  /** Ends a flight: the block is no longer fresh, there is no room for it, or the relay stops. Not made before the block is out. */
  private over({ superseded$ }: Flight): Observable<unknown> {
    return merge(timer(FRESH_MS, this.scheduler), this.stopped$, superseded$);
  }

  /** All that are live, except that dashd is not told its own news, nor what it is being asked. */
  private receivers(source: Arrival['source'], dashdIsAsked: boolean): readonly ConnectedPeer[] {
    const live = [...this.deps.connections.live.values()];
    return source === 'dashd' || dashdIsAsked ? live.filter(({ target }) => !target.protected) : live;
  }

  private write(push: PushBlock, peers: readonly ConnectedPeer[]): Sent {
    return { peers, settle: this.deps.connections.push(push, new Set(peers.map(({ target }) => target.peer))) };
  }

  private settle(flight: Flight, { peers, settle }: Sent, late?: true): void {
    this.note(
      flight,
      peers.map(({ target }) => target),
      late,
    );
    settle();
  }

  private note(flight: Flight, targets: readonly Target[], late?: true): void {
    for (const { peer } of targets) {
      flight.sentTo.add(peer);
      flight.lackedBy.delete(peer);
    }
    const peers = targets.map(
      ({ peer, protected: isProtected, host, port }): Tried => ({
        peer,
        protected: isProtected,
        group: groupOf(host, port) ?? peer,
        ...(late === true && { late }),
      }),
    );
    flight.entries$.next({ type: 'tried', peers });
  }

  /** The peer asked for the block: that is a way to be sent it, too. */
  private onServed(target: Target, hash: Hash): void {
    const flight = this.flights.get(hash);
    if (flight !== undefined) this.note(flight, [target], true);
  }

  /** @param certain false when nobody could be asked about a doubt: then the block is no known parent to others */
  private release(flight: Flight, sent: Sent, certain: boolean): void {
    const { recent, tip } = this.deps;
    const { block } = flight.arrival;
    flight.released = true;
    for (const hash of recent.add(flight.push)) this.end(hash);
    this.settle(flight, sent);
    tip.add(block.hash, block.previous, block.time, certain);
    // A rival of a block that the chain has grown past is no tip, be it ours.
    if (!tip.isAncestor(block.previous)) tip.move(block.hash);
  }

  private push(flight: Flight, peers: readonly ConnectedPeer[]): void {
    this.settle(flight, this.write(flight.push, peers), true);
  }

  private submit(flight: Flight, ask?: () => Promise<RpcAnswer>): void {
    submit(flight.arrival.block, { ...this.deps, scheduler: this.scheduler, giveUpAfterMs: FRESH_MS }, ask)
      .pipe(takeUntil(this.over(flight)))
      .subscribe((submission) => this.onSubmission(flight, submission));
  }

  private onSubmission(flight: Flight, submission: Submission): void {
    if (flight.dashdIsAsked) this.onAsked(flight, submission);
    if (!flight.released && mayRelease(flight.arrival, submission)) {
      const sent = this.write(flight.push, this.receivers(flight.arrival.source, flight.dashdIsAsked));
      this.release(flight, sent, submission.stored);
    }
    // Of a block that was held back nothing was claimed; the tip may be another body under the same header.
    if (flight.released) this.learn(flight.arrival.block, submission);
    const { stored: _known, turnedAway: _unsaid, ...result } = submission;
    if (result.outcome === 'rejected') flight.rejection = result;
    flight.entries$.next({ type: 'rpc', result });
  }

  /** What dashd says of a block that is out decides whether others may build on it. */
  private learn({ hash, previous, time, bits }: Block, submission: Submission): void {
    const { tip, recent } = this.deps;
    if (submission.stored) tip.see(hash, previous, undefined, { time, bits });
    if (submission.outcome === 'rejected' && !isPremature(submission))
      for (const gone of tip.retract(hash)) recent.withdraw(gone);
  }

  /** The submitter has its answer. If that was none, dashd gets the block by the other way as well. */
  private onAsked(flight: Flight, { outcome }: Submission): void {
    flight.dashdIsAsked = false;
    const dashd = [...this.deps.connections.live.values()].filter(({ target }) => target.protected);
    if (flight.released && outcome === 'unavailable' && dashd.length > 0) this.push(flight, dashd);
  }

  /** Has the block kept, and tells of it once it is; nothing of this is on the hot path. */
  private follow(flight: Flight): void {
    const { keep } = this.deps;
    const { arrival } = flight;
    if (keep === undefined || arrival.source !== 'pool') this.tell(flight);
    else keep(arrival, (unspooled) => this.tell(flight, unspooled));
  }

  private tell(flight: Flight, unspooled?: string): void {
    const { clock, fallback } = this.deps;
    const { block, source, monotonicAt, late } = flight.arrival;
    const { hash, size, height } = block;
    const known = { hash, source, size, ...(height !== undefined && { height }), ...(late && { late: late.code }) };
    this.events.next({ ...received(flight.arrival), ...(unspooled !== undefined && { unspooled }) });
    const contested = () => void this.askAgain(flight);
    const rules = { fallback, deadlineMs: VERDICT_DEADLINE_MS, contested };
    race(openLedger({ ...known, monotonicAt }), flight.entries$, rules, { clock, scheduler: this.scheduler })
      .pipe(takeUntil(this.over(flight)))
      .subscribe({
        next: (event) => {
          flight.judged ||= event.type === 'verdict';
          this.events.next(event);
        },
        complete: () => {
          this.deps.recent.rest(hash);
          if (this.flights.get(hash) === flight) this.flights.delete(hash);
        },
      });
  }

  /** Peers in several networks have what dashd rejected: does it have the block by now, perhaps? */
  private async askAgain(flight: Flight): Promise<void> {
    const asked = this.deps.clock.monotonic();
    const { hash } = flight.push;
    const answer = await this.deps.rpc.call('getblockheader', [hash]);
    const ms = this.deps.clock.monotonic() - asked;
    const again = { type: 'rpc', again: true } as const;
    switch (readLookup(answer)) {
      case 'active':
        return flight.entries$.next({ ...again, result: { outcome: 'accepted', ms } });
      case 'side branch':
        return flight.entries$.next({ ...again, result: { outcome: 'inconclusive', reason: 'side branch', ms } });
      case 'unknown':
        return flight.entries$.next({ ...again, result: { ...flight.rejection, outcome: 'rejected', ms } });
    }
  }

  /** A peer that has finished its handshake is sent the first of the tip's blocks that it may lack; the others follow once it has that. */
  private catchUp(peer: string, height: number): void {
    const { tip, connections } = this.deps;
    const live = connections.live.get(peer);
    if (live === undefined) return;
    let first: Flight | undefined;
    for (const flight of this.chainTo(tip.hash)) if (mayLack(flight, live, height)) first = flight;
    if (first !== undefined) this.push(first, [live]);
  }

  /** A block and those of ours under it that are under way, the newest first. */
  private *chainTo(tip: Hash | undefined): Generator<Flight, void> {
    let flight = tip === undefined ? undefined : this.flights.get(tip);
    while (flight?.released === true) {
      yield flight;
      flight = this.flights.get(flight.push.previous);
    }
  }

  /** The peer has the block: it is sent what stands on top of it, as far as it has not been. */
  private sendChildren(peer: string, hash: Hash): void {
    const live = this.deps.connections.live.get(peer);
    if (live === undefined) return;
    const due = [...this.deps.recent.childrenOf(hash)];
    for (let child = due.pop(); child !== undefined; child = due.pop()) {
      const flight = this.flights.get(child.hash);
      if (flight?.released !== true || (flight.sentTo.has(peer) && !flight.lackedBy.has(peer))) continue;
      // What dashd told us itself it is not told; what its own submitter is asking it, it is not sent.
      if (live.target.protected && (flight.arrival.source === 'dashd' || flight.dashdIsAsked)) continue;
      this.push(flight, [live]);
      due.push(...this.deps.recent.childrenOf(child.hash));
    }
  }

  /**
   * A chain that has a block has its parents: those of ours that the peer was not sent, since it is past them, are proven by that alone.
   * What it was sent proves itself. Each block is looked at once for each peer.
   */
  private creditParents(target: Target, hash: Hash, monotonicAt: number): void {
    const { peer } = target;
    let flight = this.flights.get(hash);
    while (flight?.released === true && flight.arrival.source === 'pool' && !flight.heldBy.has(peer)) {
      flight.heldBy.add(peer);
      if (!flight.sentTo.has(peer)) {
        this.note(flight, [target], true);
        flight.entries$.next({ type: 'proof', peer, stage: 'already had', monotonicAt });
      }
      flight = this.flights.get(flight.push.previous);
    }
  }

  /** The block is not in the peer's chain. Perhaps for want of its parent: then it is sent that, and the block again once it has it. */
  private sendParents(peer: string, hash: Hash): void {
    const live = this.deps.connections.live.get(peer);
    const flight = this.flights.get(hash);
    if (live === undefined || flight === undefined) return;
    flight.lackedBy.add(peer);
    const parent = this.flights.get(flight.push.previous);
    if (parent?.released === true && !parent.sentTo.has(peer)) this.push(parent, [live]);
  }
}

/** The frame holds the block: the buffer in which it came is let go. */
function withFrameOf(block: Block, { frame }: PushBlock): Block {
  return { ...block, raw: frame.subarray(FRAME_HEADER_BYTES) };
}

/** Should the peer come back, nothing has been sent to it. */
function forgetPeer({ sentTo, lackedBy, heldBy }: Flight, peer: string): void {
  heldBy.delete(peer);
  sentTo.delete(peer);
  lackedBy.delete(peer);
}

/** The network's own blocks a peer has already, unless its height says otherwise; ours it may lack, unless it is past them. */
function mayLack({ arrival, dashdIsAsked }: Flight, { target }: ConnectedPeer, height: number): boolean {
  const { source, block } = arrival;
  // What dashd told us itself it is not told; what its own submitter is asking it, it is not sent.
  if (target.protected) return source === 'pool' && !dashdIsAsked;
  if (source === 'dashd') return height < (block.height ?? 0);
  return block.height === undefined || height <= block.height;
}

/** The network that an address belongs to. */
function groupOf(host: string, port: number): string | undefined {
  const address = toAddress(host, port);
  return address && networkGroup(address);
}

function received({ at, block, source, gateMs, doubts, note, late }: Arrival): BlockReceived {
  const { hash, size, height, transactions } = block;
  return {
    type: 'received',
    at,
    hash,
    source,
    size,
    ...(height !== undefined && { height }),
    ...(transactions !== undefined && { transactions }),
    gateMs: toMicroseconds(gateMs),
    ...(doubts.length > 0 && { held: doubts.map(({ reason }) => reason) }),
    ...(note !== undefined && { note }),
    ...(late && { late: late.code, firstAt: late.firstAt }),
  };
}

/** A block as sessions need it; its frame is built once, for all. */
function pushOf({ hash, header, previous, raw }: Block, { magic }: Network): PushBlock {
  // A copy of the header: a view would keep whatever it is a view of.
  return { hash, header: Buffer.from(header), previous, frame: frameOf(magic, 'block', raw) };
}

/**
 * True when dashd's answer clears a block in doubt. Where only its parent was unknown and dashd is silent, it goes out all the same:
 * at worst it costs 10 misbehaviour points of 100, while a body in doubt would cost every peer. `duplicate` says nothing of a body:
 * dashd answers it to any that comes under a header it knows.
 */
function mayRelease({ doubts }: Arrival, { stored, outcome, turnedAway }: Submission): boolean {
  if (turnedAway) return false;
  if (doubts.every(({ code }) => code === 'parent')) return stored || outcome === 'unavailable';
  return stored && outcome !== 'duplicate';
}
