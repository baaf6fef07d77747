/**
 * What the witnesses saw, block by block: announcements of all peers and what dashd says of blocks go to the tally (`delivery/witness-tally.ts`), which is
 * asked once a second while a block is pending.
 *
 * Cost: nothing while no block is pending; for an announcement, a look at a map.
 */
import { concatMap, exhaustMap, type Observable, type SchedulerLike, Subject, takeWhile, timer } from 'rxjs';
import type { BlockReceived, BlockVerdict, RelayEvent } from '../../contracts/events.js';
import type { BlockPropagation, PropagationFigures, WitnessReport } from '../../contracts/propagation.js';
import {
  afterBlock,
  afterUnknown,
  type Conduct,
  type Misconduct,
  misconductOf,
  NEW_CONDUCT,
} from '../../delivery/witness-conduct.js';
import { type ConnectedWitness, type Judged, WitnessTally } from '../../delivery/witness-tally.js';
import type { PeerKey } from '../../peers/address.js';
import { type Clock, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import type { PeerNews } from '../connections/connections.js';

export interface WitnessFiguresDeps {
  /** Those that are connected. */
  readonly witnesses: () => readonly ConnectedWitness[];
  /** The shortest that was measured, ms. */
  readonly roundTripOf: (peer: PeerKey) => number | undefined;
  /** Of a block that dashd has. */
  readonly heightOf: (hash: Hash) => number | undefined;
  /** A witness is of no use. */
  readonly useless: (peer: PeerKey, why: Misconduct) => void;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

const TICK_MS = SECOND_MS;
/** Of the pool's blocks and of others each. */
const MAX_BLOCKS = 100;
const MAX_RECENT = 50;

export class WitnessFigures {
  private readonly tally = new WitnessTally();
  private readonly conducts = new Map<PeerKey, Conduct>();
  /** The newest first. */
  private readonly own: BlockPropagation[] = [];
  private readonly others: BlockPropagation[] = [];
  private readonly busy$ = new Subject<void>();
  /** Of each block once. Blocks are judged as long as somebody listens. */
  readonly events$: Observable<BlockPropagation>;

  constructor(private readonly deps: WitnessFiguresDeps) {
    const isBusy = () => this.tally.isBusy;
    this.events$ = this.busy$.pipe(
      exhaustMap(() => timer(TICK_MS, TICK_MS, deps.scheduler).pipe(takeWhile(isBusy, true))),
      concatMap(() => this.judge()),
    );
  }

  conductOf(peer: PeerKey): Conduct {
    return this.conducts.get(peer) ?? NEW_CONDUCT;
  }

  /** Notes an event of any connection. */
  notePeer({ target, monotonicAt, event }: PeerNews): void {
    const { peer } = target;
    if (event.type === 'announced') {
      this.tally.announce(peer, event.hash, monotonicAt, event.by, this.deps.roundTripOf(peer));
      this.wake();
    } else if (event.type === 'lost') {
      this.tally.forget(peer);
      this.conducts.delete(peer);
    }
  }

  /** Notes an event of the relay. */
  noteEvent(event: RelayEvent): void {
    const { heightOf } = this.deps;
    if (event.type === 'tip') this.confirm(event.hash, heightOf(event.hash));
    else if (event.type === 'received') this.onReceived(event);
    else if (event.type === 'verdict' && event.source === 'pool') this.onVerdict(event);
    else if (event.type === 'proof' && event.protected && event.status === 'accepted')
      this.confirm(event.hash, heightOf(event.hash));
  }

  figures(): Pick<WitnessReport, 'own' | 'others' | 'recent'> {
    const recent = [...this.own.slice(0, MAX_RECENT), ...this.others.slice(0, MAX_RECENT)]
      .sort((a, b) => b.at - a.at)
      .slice(0, MAX_RECENT)
      .map(({ sights: _sights, ...block }) => block);
    return { own: figuresOf(this.own), others: figuresOf(this.others), recent };
  }

  private onReceived({ hash, at, source, late, height }: BlockReceived): void {
    const { clock } = this.deps;
    if (source === 'dashd') this.confirm(hash, height);
    // Of a block that is sent later than it was found others may have had it long ago.
    else if (late !== undefined) this.tally.ignore(hash);
    else this.tally.arrive(hash, clock.monotonic() - (clock.now() - at));
    this.wake();
  }

  private onVerdict({ hash, rpc, height }: BlockVerdict): void {
    if (rpc === undefined || rpc.outcome === 'unavailable') return;
    if (rpc.outcome === 'rejected') this.tally.reject(hash);
    else this.confirm(hash, height);
  }

  private confirm(hash: Hash, height: number | undefined): void {
    this.tally.confirm(hash, this.deps.clock.monotonic(), height);
    this.wake();
  }

  private wake(): void {
    if (this.tally.isBusy) this.busy$.next();
  }

  private judge(): BlockPropagation[] {
    const { clock, witnesses, useless } = this.deps;
    const connected = witnesses();
    const blocks = this.tally.due(clock.monotonic(), connected).map((judged) => this.note(judged));
    const names = new Set(connected.map(({ peer }) => peer));
    for (const peer of this.tally.takeUnknown()) {
      if (names.has(peer)) this.conducts.set(peer, afterUnknown(this.conductOf(peer)));
    }
    for (const { peer } of connected) {
      const why = misconductOf(this.conductOf(peer));
      if (why === undefined) continue;
      this.conducts.delete(peer);
      useless(peer, why);
    }
    return blocks;
  }

  private note({ hash, propagation }: Judged): BlockPropagation {
    for (const sight of propagation.sights) {
      this.conducts.set(sight.peer, afterBlock(this.conductOf(sight.peer), sight, propagation));
    }
    const block: BlockPropagation = { type: 'propagation', at: this.deps.clock.now(), hash, ...propagation };
    const blocks = propagation.own ? this.own : this.others;
    blocks.unshift(block);
    blocks.length = Math.min(blocks.length, MAX_BLOCKS);
    return block;
  }
}

function figuresOf(blocks: readonly BlockPropagation[]): PropagationFigures {
  const medians = blocks.flatMap(({ medianMs }) => medianMs ?? []);
  if (medians.length === 0) return { blocks: 0 };
  return { blocks: medians.length, medianMs: medians.reduce((sum, ms) => sum + ms, 0) / medians.length };
}
