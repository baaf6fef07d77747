/**
 * Keeps the plan of the next push up to date: it is made anew shortly after connections, quorums, what is known of a peer, or the uplink
 * change, and never while a block waits. A peer that has connected since is written last.
 */
import { auditTime, merge, type Observable, type SchedulerLike, Subject, type Subscription } from 'rxjs';
import { BoundedMap } from '../../common/bounded.js';
import type { QuorumView } from '../../quorum/active-quorums.js';
import { type PushPeer, type PushPlan, planPush } from '../../quorum/push-plan.js';
import { membershipsOf, signersOf } from '../../quorum/roles.js';
import { takeOf } from '../../session/form.js';
import type { Hash } from '../../wire/reader.js';
import type { ConnectedPeer, Connections, PeerNews } from '../connections/connections.js';
import type { Quorums } from '../quorum/quorums.js';

export interface PushPlannerDeps {
  readonly connections: Pick<Connections, 'live' | 'arrange'>;
  /** Absent where quorum connections are off. */
  readonly quorums?: Pick<Quorums, 'view' | 'view$'> | undefined;
  readonly uplink: {
    /** Bytes per second; undefined while it is not known to be limited. */
    readonly bytesPerSecond: number | undefined;
    readonly changes$: Observable<unknown>;
  };
  /** There and back, milliseconds; undefined while it is not known. */
  readonly roundTripOf?: (peer: string) => number | undefined;
  readonly scheduler: SchedulerLike;
}

/** Changes come in groups: a tip, a ramp of connections. Short against the time between two blocks. */
const PLAN_AFTER_MS = 100;
/** A block competes with the tip, or with its parent. */
const MAX_TIPS = 3;
const PLANNED_FOR: ReadonlySet<PeerNews['event']['type']> = new Set(['ready', 'lost', 'compact-blocks']);

export class PushPlanner {
  private readonly changed$ = new Subject<void>();
  private made: PushPlan = planPush({ peers: [] });
  /** The tip that the plan is for, and the signers of blocks upon this one and those before it. */
  private tip: Hash | undefined;
  private readonly signers = new BoundedMap<Hash, ReadonlySet<string>>(MAX_TIPS);

  constructor(private readonly deps: PushPlannerDeps) {}

  /** The plan as it stands. */
  get plan(): PushPlan {
    return this.made;
  }

  /**
   * @param previous a block's parent
   * @returns who signs the block, by `host:port`, where that is not who the plan has first, and is known; undefined otherwise
   */
  signersUpon(previous: Hash): ReadonlySet<string> | undefined {
    return previous === this.tip ? undefined : this.signers.get(previous);
  }

  /** Plans until unsubscribed. */
  run(): Subscription {
    const { quorums, uplink, scheduler } = this.deps;
    const sources = [this.changed$, uplink.changes$, ...(quorums === undefined ? [] : [quorums.view$])];
    return merge(...sources)
      .pipe(auditTime(PLAN_AFTER_MS, scheduler))
      .subscribe(() => this.remake());
  }

  onPeer({ event }: PeerNews): void {
    if (PLANNED_FOR.has(event.type)) this.changed$.next();
  }

  private remake(): void {
    const { connections, quorums, uplink } = this.deps;
    const view = quorums?.view();
    const peers = [...connections.live.values()].map((connected) => this.describe(connected, view));
    this.made = planPush({ peers, uplinkBytesPerSecond: uplink.bytesPerSecond, signers: view && signersOf(view) });
    this.tip = view?.tip;
    if (view !== undefined) {
      const signers = this.made.order.filter(({ rank }) => rank === 'signer');
      this.signers.renew(view.tip, new Set(signers.map(({ peer }) => peer)));
    }
    connections.arrange(this.made.order.map(({ peer }) => peer));
  }

  private describe({ target, compact }: ConnectedPeer, view: QuorumView | undefined): PushPeer {
    const { peer, protected: isProtected } = target;
    const masternode = view?.masternodeOf(peer);
    const quorums = view === undefined || masternode === undefined ? undefined : membershipsOf(view).get(masternode);
    return {
      peer,
      protected: isProtected,
      role: view?.roleOf(peer) ?? 'other',
      compact: takeOf(compact),
      roundTripMs: this.deps.roundTripOf?.(peer),
      ...(quorums !== undefined && { quorums }),
    };
  }
}
