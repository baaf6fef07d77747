/**
 * Which members of quorums are connected to: the plan (`quorum/connect-plan.ts`) is made when the members change, and every few seconds while
 * it has something left to do. The connections themselves are made by `createConnections`.
 */
import { filter, interval, merge, Observable, type SchedulerLike, Subject, share, startWith } from 'rxjs';
import { BoundedMap } from '../../common/bounded.js';
import { networkGroup, type PeerKey, parseAddress } from '../../peers/address.js';
import { lottery } from '../../peers/candidates.js';
import { type Quorum, reachable } from '../../quorum/active-quorums.js';
import { type ConnectInput, type ConnectPlan, planConnections, type Reachable } from '../../quorum/connect-plan.js';
import { failuresAfter, MAX_NEW, MAX_PENDING, maxSwaps, PLAN_EVERY_MS, waitAfter } from '../../quorum/politeness.js';
import { PROXY_FAULTS } from '../../session/reach.js';
import type { Clock, Random } from '../../time.js';
import type { LeftPeers } from '../cluster/peer-shares.js';
import type { Target } from '../connections/connection.js';
import type { Connections, PeerNews } from '../connections/connections.js';
import { type IsProxied, isAlone } from '../connections/isolation.js';

export interface MemberConnectionsDeps {
  /** Connections at most; 1 or more. */
  readonly max: number;
  /** Of them, to one network. */
  readonly maxPerGroup: number;
  readonly connections: Pick<Connections, 'slots' | 'live'>;
  readonly isProxied?: IsProxied | undefined;
  /** True for an address of a node that counts already, such as the pool's own dashd. */
  readonly isExcluded: (peer: PeerKey) => boolean;
  /** Members that this relay leaves to others of its cluster; absent where it works alone. */
  readonly left?: LeftPeers | undefined;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Random;
  /** The order of equals, the lowest first; unless given, random. */
  readonly lot?: ((peer: PeerKey) => number) | undefined;
  /** As in {@link ConnectInput}. */
  readonly roundTripMs?: ConnectInput['roundTripMs'];
  readonly scheduler: SchedulerLike;
}

/** Remembered failures: more than there are members. */
const MAX_WAITS = 4_096;

const SHORT = 0;

interface Wait {
  readonly failures: number;
  /** On the monotonic clock. */
  readonly until: number;
}

export class MemberConnections {
  /** Each value is all that are wanted; plans begin with the first subscription. */
  readonly targets$: Observable<readonly Target[]>;
  private quorums: readonly Quorum[] = [];
  private members: readonly Reachable[] = [];
  private wanted: ReadonlyMap<PeerKey, Target> = new Map();
  private readonly waits = new BoundedMap<PeerKey, Wait>(MAX_WAITS);
  private swaps = 0;
  private isSettled = false;
  private last: ConnectPlan | undefined;
  private readonly changed$ = new Subject<void>();
  private readonly planned$ = new Subject<readonly Target[]>();
  private readonly lot: (peer: PeerKey) => number;

  constructor(private readonly deps: MemberConnectionsDeps) {
    this.lot = deps.lot ?? lottery(deps.random);
    const ticks$ = interval(PLAN_EVERY_MS, deps.scheduler).pipe(filter(() => !this.isSettled));
    this.targets$ = new Observable<readonly Target[]>((subscriber) => {
      const all = this.planned$.subscribe(subscriber);
      all.add(deps.left?.changes$.subscribe(() => this.unsettle()));
      all.add(
        merge(this.changed$, ticks$)
          .pipe(startWith(undefined))
          .subscribe(() => this.replan()),
      );
      return all;
    }).pipe(share());
  }

  /** The last plan; undefined until there are members. */
  get plan(): ConnectPlan | undefined {
    return this.last;
  }

  /** @param quorums the active ones, and those that will be in a few blocks */
  noteQuorums(quorums: readonly Quorum[]): void {
    const before = new Map(this.quorums.map(({ hash, members }) => [hash, members]));
    this.quorums = quorums;
    const isSame = ({ hash, members }: Quorum) => before.get(hash) === members;
    if (quorums.length === before.size && quorums.every(isSame)) return;
    this.members = reachable(quorums, groupOf);
    if (quorums.some(({ hash }) => !before.has(hash))) this.swaps = maxSwaps(this.deps.max);
    this.changed$.next();
  }

  notePeer({ target, event }: PeerNews): void {
    const { peer } = target;
    if (event.type === 'masternode') this.isSettled = false;
    if (event.type !== 'lost') return;
    // The slot is free again, whichever list had it.
    this.isSettled = false;
    if (target.quorum !== true) return;
    this.forget(peer);
    const isOurs = event.ours || PROXY_FAULTS.has(event.fault.code) || this.isIsolated(target);
    this.wait(peer, isOurs ? 'no-failure' : event.uptimeMs);
  }

  /** There may be something to do at the next tick. */
  private unsettle(): void {
    this.isSettled = false;
  }

  private replan(): void {
    if (this.members.length === 0 && this.wanted.size === 0) {
      this.isSettled = true;
      return;
    }
    const { max, maxPerGroup, connections, left } = this.deps;
    for (const peer of this.misplaced()) {
      this.forget(peer);
      this.wait(peer, SHORT);
    }
    const elsewhere = this.elsewhere();
    for (const peer of elsewhere) this.forget(peer);
    const pending = [...this.wanted.keys()].filter((peer) => !connections.live.has(peer)).length;
    const plan = planConnections({
      members: this.members,
      connected: new Set(this.wanted.keys()),
      elsewhere,
      ...(left !== undefined && { left: (peer) => left.has(peer, 'quorum') }),
      waiting: this.waiting(),
      max,
      maxPerGroup,
      maxNew: Math.min(MAX_NEW, Math.max(0, MAX_PENDING - pending)),
      maxSwaps: this.swaps,
      lot: this.lot,
      roundTripMs: this.deps.roundTripMs,
    });
    this.carryOut(plan);
  }

  private carryOut(plan: ConnectPlan): void {
    const wanted = new Map<PeerKey, Target>();
    for (const peer of plan.keep) wanted.set(peer, this.wanted.get(peer) ?? targetOf(peer));
    for (const { peer } of plan.connect) wanted.set(peer, targetOf(peer));
    this.wanted = wanted;
    this.swaps -= plan.connect.filter(({ code }) => code === 'swap').length;
    this.last = plan;
    const hasSlots = wanted.size < this.deps.max;
    this.isSettled = plan.connect.length === 0 && !(hasSlots && plan.skipped.waiting + plan.skipped['ramp-up'] > 0);
    this.planned$.next([...wanted.values()]);
  }

  /** Addresses at which another masternode, or none of ours, says it is. */
  private misplaced(): PeerKey[] {
    const { live } = this.deps.connections;
    const expected = new Map(this.members.map(({ peer, masternode }) => [peer, masternode]));
    return [...this.wanted.keys()].filter((peer) => {
      const claim = live.get(peer)?.masternode;
      return claim !== undefined && expected.has(peer) && claim !== expected.get(peer);
    });
  }

  /** Peers that are connected for another reason, and addresses of nodes that count already. */
  private elsewhere(): Set<PeerKey> {
    const { connections, isExcluded } = this.deps;
    const peers = new Set(this.members.map(({ peer }) => peer).filter(isExcluded));
    for (const { target } of connections.slots.values()) if (target.quorum !== true) peers.add(target.peer);
    return peers;
  }

  /** Then a dial that fails says nothing about the node that was dialled. */
  private isIsolated(lost: Target): boolean {
    return isAlone(lost, this.deps.connections.live.values(), this.deps.isProxied);
  }

  private waiting(): Set<PeerKey> {
    const now = this.deps.clock.monotonic();
    const waiting = new Set<PeerKey>();
    for (const [peer, { until }] of this.waits) if (until > now) waiting.add(peer);
    return waiting;
  }

  /** @param ended how long the connection lasted (ms) before it failed, or that its end was no failure of the node's */
  private wait(peer: PeerKey, ended: number | 'no-failure'): void {
    const { clock, random } = this.deps;
    const before = this.waits.get(peer)?.failures ?? 0;
    const failures = ended === 'no-failure' ? before : failuresAfter(before, ended);
    this.waits.renew(peer, { failures, until: clock.monotonic() + waitAfter(failures, random.float()) });
  }

  private forget(peer: PeerKey): void {
    if (!this.wanted.has(peer)) return;
    const wanted = new Map(this.wanted);
    wanted.delete(peer);
    this.wanted = wanted;
  }
}

function groupOf(peer: PeerKey): string {
  const address = parseAddress(peer);
  return address === undefined ? peer : networkGroup(address);
}

function targetOf(peer: PeerKey): Target {
  const { host = '', port = 0 } = parseAddress(peer) ?? {};
  return { peer, host, port, protected: false, quorum: true };
}
