/**
 * Writes a block to all connected peers in the order of the plan: in one turn of the event loop, or the first peers in that turn and the
 * others later: at the speed of a limited uplink, or once the signers have had what they lack of it.
 *
 * The plan is made for a block upon the tip. A block that competes with the tip has the tip's own signers, who were first in the plan
 * before: they are written first all the same, since a tie is where the order decides most.
 */
import { heldMsOf, type PlannedWrite, type PushPlan, planPush, writesOf } from '../../quorum/push-plan.js';
import type { PushBlock } from '../../session/types.js';
import type { ConnectedPeer, Connections } from '../connections/connections.js';
import type { Settle, Written } from '../connections/multicast.js';
import { PacedWrites, type PacedWritesDeps } from './paced-writes.js';
import type { PushPlanner } from './push-planner.js';
import type { UplinkMeter } from './uplink-meter.js';

export interface BlockWriterDeps extends Omit<PacedWritesDeps, 'wrote' | 'connections'> {
  readonly connections: Pick<Connections, 'push' | 'live' | 'offer'>;
  /** Who is written first, from which size on in compact form, and how fast. Unless given: in the order of the connections, at once. */
  readonly planner?: Pick<PushPlanner, 'plan' | 'signersUpon'> | undefined;
  /** Told of what is written to remote peers. */
  readonly meter?: Pick<UplinkMeter, 'wrote'> | undefined;
}

/** A block that is in its receivers' sockets, or on its way there at the speed of the uplink. */
export interface WrittenBlock {
  readonly peers: readonly ConnectedPeer[];
  /** Lets the sessions record it. */
  readonly settle: () => void;
}

const UNPLANNED = planPush({ peers: [] });

export class BlockWriter {
  private readonly paced: PacedWrites;

  constructor(private readonly deps: BlockWriterDeps) {
    this.paced = new PacedWrites({
      ...deps,
      wrote: (block, written) => this.measure(block, written, deps.clock.monotonic()),
    });
  }

  get plan(): PushPlan {
    return this.deps.planner?.plan ?? UNPLANNED;
  }

  /** @param withDashd false when dashd published the block itself, or is being asked about it */
  write(block: PushBlock, withDashd: boolean): WrittenBlock {
    const { connections, clock } = this.deps;
    const at = clock.monotonic();
    const settle = this.begin(block, withDashd);
    const peers = [...connections.live.values()].filter(({ target }) => withDashd || !target.protected);
    return { peers, settle: () => this.measure(block, settle(), at) };
  }

  /**
   * Writes a block that peers may have by now to dashd, and asks the others first.
   * @param withDashd as in {@link write}
   */
  offer(block: PushBlock, withDashd: boolean): WrittenBlock {
    const { connections } = this.deps;
    const peers = [...connections.live.values()].filter(({ target }) => withDashd || !target.protected);
    const isDashd = ({ target }: ConnectedPeer): boolean => target.protected;
    const settle = connections.push(block, new Set(peers.filter(isDashd).map(({ target }) => target.peer)));
    return {
      peers,
      settle: () => {
        settle();
        for (const { target } of peers) if (!target.protected) connections.offer(block, target.peer);
      },
    };
  }

  /** The block is not to be sent any more, or its memory is needed for another. */
  forget(hash: PushBlock['hash']): void {
    this.paced.forget(hash);
  }

  stop(): void {
    this.paced.stop();
  }

  private begin(block: PushBlock, withDashd: boolean): Settle {
    const { connections, planner } = this.deps;
    const { pace } = this.plan;
    const first = planner?.signersUpon(block.previous);
    const bytes = { full: block.frame.length, compact: block.compact?.frame.length };
    const isHeld = first === undefined && heldMsOf(this.plan, bytes) > 0;
    if (pace !== undefined || isHeld || this.paced.isBusy)
      return this.paced.push(block, this.writesTo(block, withDashd, first), pace);
    if (first === undefined) return connections.push(block, withDashd ? 'all' : 'others');
    const [early, late] = this.parted(first, withDashd);
    const settles = [early, late].map((peers) => connections.push(block, peers));
    return () => settles.flatMap((settle) => settle());
  }

  /** dashd and the signers, and all others. */
  private parted(signers: ReadonlySet<string>, withDashd: boolean): [Set<string>, Set<string>] {
    const parts: [Set<string>, Set<string>] = [new Set(), new Set()];
    for (const [peer, { target }] of this.deps.connections.live) {
      if (target.protected && !withDashd) continue;
      parts[target.protected || signers.has(peer) ? 0 : 1].add(peer);
    }
    return parts;
  }

  /** The plan's writes to those who are connected now, and then to those who have connected since it was made. */
  private writesTo(
    { frame, compact }: PushBlock,
    withDashd: boolean,
    first: ReadonlySet<string> | undefined,
  ): readonly PlannedWrite[] {
    const { live } = this.deps.connections;
    const planned = writesOf(this.plan, { full: frame.length, compact: compact?.frame.length });
    const known = new Set(planned.map(({ peer }) => peer));
    const since = [...live.keys()].filter((peer) => !known.has(peer));
    const all = [
      ...planned,
      ...since.map((peer): PlannedWrite => ({ peer, form: 'full', bytes: frame.length, afterMs: 0, heldMs: 0 })),
    ].flatMap((write) => {
      const connected = live.get(write.peer);
      if (connected === undefined) return [];
      const isDashd = connected.target.protected;
      if (isDashd) return withDashd ? [{ ...write, bytes: 0 }] : [];
      return [write];
    });
    if (first === undefined) return all;
    const isFirst = ({ peer, bytes }: PlannedWrite) => bytes === 0 || first.has(peer);
    // The plan knows nothing of how many of these are enough: nobody is held back.
    const atOnce = all.map((write) => ({ ...write, heldMs: 0 }));
    return [...atOnce.filter(isFirst), ...atOnce.filter((write) => !isFirst(write))];
  }

  /** The pool's own dashd is near: what it is written does not pass the uplink. */
  private measure({ hash }: PushBlock, written: readonly Written[], at: number): void {
    const { connections, meter } = this.deps;
    if (meter === undefined) return;
    const remote = written.filter(({ peer }) => connections.live.get(peer)?.target.protected !== true);
    meter.wrote(hash, remote, at);
  }
}
