import { BoundedMap } from '../common/bounded.js';
import type { BlockEvent, PlanEvent, PlannedChange, RelayEvent } from '../contracts/events.js';
import type { BlockPropagation } from '../contracts/propagation.js';
import { SERVICE_NAMES } from '../contracts/services.js';
import type { Hash } from '../wire/reader.js';
import { ConnectionGrowth } from './connection-growth.js';
import { type BlockDelivery, type ChartedPeer, dim, draw, follow, paint } from './delivery-chart.js';
import type { NodeFault } from './node-faults.js';
import type { Screen } from './screen.js';
import type { TrueSpread } from './true-spread.js';

/** Far more than come before the witnesses have seen the first. */
const MAX_ARRIVALS = 64;

/** One block's race, as it is shown. */
interface ShownBlock {
  readonly race: BlockDelivery;
  /** The peers that were connected when the block arrived. */
  readonly starters: ReadonlySet<string>;
  readonly intro: readonly string[];
}

/** Shows the relay's events: the growth of its connections, the delivery of each block, and in between the peers that come and go. */
export class Presenter {
  /** Resolves when there are enough connections, or on {@link goOn}. */
  readonly grown: Promise<void>;
  private readonly here = new Set<string>();
  /** Of those, the ones that are connected to as members of quorums. */
  private readonly members = new Set<string>();
  private readonly peers = new Map<string, ChartedPeer>();
  private readonly growth = new ConnectionGrowth();
  private isGrowing = true;
  /** Races of blocks without a verdict, oldest first; the first is shown. */
  private readonly heats = new Map<Hash, ShownBlock>();
  /** What is reported before the next race. */
  private intro: readonly string[] = [];
  /** What happened in a race and is reported after it. */
  private readonly notes: string[] = [];
  /** Reviews of the peers since a fault. */
  private readonly looks = new Map<string, number>();
  /** When blocks of the pool's came in, Unix ms. */
  private readonly arrivals = new BoundedMap<Hash, number>(MAX_ARRIVALS);
  private verdicts = 0;
  private wanted = Number.POSITIVE_INFINITY;
  private whenGrown: () => void = () => undefined;
  private whenRaced: () => void = () => undefined;

  /**
   * @param connections the wanted number, including the one to dashd
   * @param trueHalf when half of some nodes had a block; shown beside what the witnesses say
   */
  constructor(
    private readonly screen: Screen,
    peers: readonly ChartedPeer[],
    private readonly connections: number,
    private readonly trueHalf: TrueSpread['half'] = () => undefined,
  ) {
    for (const peer of peers) this.peers.set(peer.peer, peer);
    this.grown = new Promise((resolve) => {
      this.whenGrown = resolve;
    });
  }

  /** Peers of the book whose handshake is done, by `host:port`: unlike members of quorums, they are replaced by better ones. */
  get replaceable(): ReadonlySet<string> {
    return new Set([...this.here].filter((peer) => !this.members.has(peer)));
  }

  /** Waits for no more connections. */
  goOn(): void {
    if (!this.isGrowing) return;
    this.isGrowing = false;
    this.screen.finish(['', this.growth.line]);
    this.whenGrown();
  }

  /** Resolves when this many blocks have their verdict. */
  raced(count: number): Promise<void> {
    this.wanted = count;
    return new Promise((resolve) => {
      this.whenRaced = resolve;
    });
  }

  /** Reports what happened to nodes, with the block that is reported next. */
  showFaults(faults: readonly NodeFault[]): void {
    if (faults.length === 0) return;
    for (const { node, remark } of faults) {
      this.peers.set(node.address, { peer: node.address, name: node.name, remark });
      this.looks.set(node.address, 0);
    }
    this.intro = ['', ...faults.map(({ node, story }) => `${node.name} ${story}.`)];
  }

  hear(event: RelayEvent): void {
    switch (event.type) {
      case 'peer-connected':
        this.here.add(event.peer);
        if (event.quorum === true) this.members.add(event.peer);
        this.onCount();
        break;
      case 'peer-lost':
        this.here.delete(event.peer);
        this.members.delete(event.peer);
        this.onCount();
        break;
      case 'plan':
        this.onPlan(event);
        break;
      case 'refused':
        this.screen.print(`Refused: ${event.reason}`);
        break;
      case 'service':
        if (event.state === 'fault') this.screen.print(`${SERVICE_NAMES[event.service]}: ${event.detail}`);
        break;
      case 'propagation':
        if (event.own) this.onPropagation(event);
        break;
      case 'received':
        if (event.source === 'pool') this.arrivals.set(event.hash, event.at);
        this.onRace(event);
        break;
      case 'proof':
      case 'verdict':
        this.onRace(event);
    }
  }

  /** What the witnesses saw, and what was so. */
  private onPropagation({ hash, at, height, witnesses, medianMs, sights }: BlockPropagation): void {
    if (medianMs === undefined) return;
    const asked = sights.filter(({ state }) => state !== 'early').map(({ peer }) => peer);
    const truth = this.trueHalf(hash, this.arrivals.get(hash) ?? at, asked);
    const beside = truth === undefined ? '' : dim(` (true: ${Math.round(truth)} ms)`, this.screen);
    const half = `half of ${witnesses} witnesses, which were sent nothing, had it after ${Math.round(medianMs)} ms`;
    this.notes.push(`  ${height === undefined ? '' : `Block ${height}: `}${half}${beside}`);
    if (this.heats.size === 0) this.tellNotes();
  }

  private onCount(): void {
    this.growth.change(this.here.size);
    if (!this.isGrowing) return;
    if (this.here.size >= this.connections) this.goOn();
    else this.screen.show(['', this.growth.line]);
  }

  private onPlan({ connect, disconnect, known }: PlanEvent): void {
    this.growth.look(known);
    for (const [peer, count] of this.looks) this.looks.set(peer, count + 1);
    if (this.isGrowing) return;
    const notes = [
      ...disconnect.map((change) => this.noteOf('−', change)),
      ...connect.map((change) => this.noteOf('+', change)),
    ];
    this.notes.push(...notes);
    if (this.heats.size === 0) this.tellNotes();
  }

  /** Why a peer is connected to or left, with names instead of addresses. */
  private noteOf(sign: '+' | '−', { peer, code, reason }: PlannedChange): string {
    const text = reason.replaceAll(/127\.0\.0\.1:\d+/g, (address) => this.nameOf(address));
    const since = sign === '−' ? this.looks.get(peer) : undefined;
    const after = since === undefined ? '' : ` (${since === 1 ? 'one look' : `${since} looks`} after that)`;
    if (sign === '−') this.looks.delete(peer);
    const head = paint(`  ${sign} ${this.nameOf(peer)}`, sign === '+' ? 'green' : 'yellow', this.screen);
    return `${head}  ${code}${dim(`: ${text}${after}`, this.screen)}`;
  }

  private tellNotes(): void {
    if (this.notes.length > 0) this.screen.print(...this.notes.splice(0));
  }

  private nameOf(peer: string): string {
    return this.peers.get(peer)?.name ?? peer;
  }

  private onRace(event: BlockEvent): void {
    const before = this.heats.get(event.hash ?? '');
    const race = follow(before?.race, event);
    if (race === undefined) return;
    const { starters, intro } = before ?? { starters: new Set(this.here), intro: this.intro };
    if (before === undefined) this.intro = [];
    this.heats.set(race.hash, { race, starters, intro });
    for (const heat of this.heats.values()) {
      if (heat.race.verdict === undefined) {
        this.screen.show(this.pictureOf(heat));
        return;
      }
      this.finish(heat);
    }
  }

  private finish(heat: ShownBlock): void {
    this.screen.finish(this.pictureOf(heat));
    this.tellNotes();
    this.heats.delete(heat.race.hash);
    this.verdicts += 1;
    if (this.verdicts >= this.wanted) this.whenRaced();
  }

  private pictureOf({ race, starters, intro }: ShownBlock): string[] {
    // Peers that were connected at the start, and those that connected in time.
    const present = [...this.peers.values()].filter(({ peer }) => starters.has(peer) || race.proofs.has(peer));
    return [...intro, '', ...draw(race, present, this.screen)];
  }
}
