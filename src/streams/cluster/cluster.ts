/**
 * A relay as a member of a cluster: it gives the other relays the blocks that the pool pushes to it, sends theirs to its own peers, shares out
 * the peers with them, and merges what each knows of a block.
 *
 *   broadcaster ─► share ─► outbox ─┐                       ┌─► inbox ─► gate ─► broadcaster
 *   verdicts ─► records ────────────┤  NATS (link, streams)  ├─► records ─► pictures
 *   connections ─► news ────────────┘                       └─► roster ─► peer shares ─► connections
 *
 * Nothing here is on the way of a block to this relay's own peers and dashd: `share` is called once those are written to. Without a connection
 * to the servers the relay works alone.
 */
import { auditTime, interval, merge, type Observable, type SchedulerLike, Subject, Subscription, timer } from 'rxjs';
import { encodeNews, MIN_PAYLOAD_BYTES } from '../../cluster/messages.js';
import { blockSubject, type ClusterNames, parseSubject, relaySubject, streamNames } from '../../cluster/subjects.js';
import type { ClusterReport, ClusterView } from '../../contracts/cluster.js';
import type { BlockEvent, BlockRefused, BlockRepeated, ServiceEvent } from '../../contracts/events.js';
import { CLUSTER, CLUSTER_RIGHTS } from '../../messages/cluster.js';
import { fill } from '../../messages/fill.js';
import { type Clock, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../time.js';
import type { Broadcaster } from '../broadcast/broadcast.js';
import type { Arrival, Gatekeeper } from '../broadcast/gatekeeper.js';
import { reportOn } from '../service-events.js';
import { Inbox } from './inbox.js';
import type { ClusterLink, DownCode, LinkHandlers } from './link.js';
import { Outbox } from './outbox.js';
import type { PeerShares } from './peer-shares.js';
import { Records } from './records.js';
import { MAX_RELAYS, NEWS_EVERY_MS, Roster, SILENT_MS } from './roster.js';

export interface ClusterDeps {
  readonly names: ClusterNames;
  /** The chain, as dashd names it. */
  readonly network: string;
  readonly version: string;
  readonly open: (handlers: LinkHandlers) => ClusterLink;
  readonly gate: Pick<Gatekeeper, 'fromCluster'>;
  readonly broadcaster: Pick<Broadcaster, 'send'>;
  /** Takes what the gate did not let pass. */
  readonly answer: (event: BlockRefused | BlockRepeated) => void;
  /** True for a block that dashd's chain has, or that is on record as delivered. */
  readonly isDone: (hash: string) => boolean;
  /** This relay's events of blocks. */
  readonly blocks$: Observable<BlockEvent>;
  /** Absent where peers are not shared out. */
  readonly shares: PeerShares | undefined;
  /** Emits when a connection was made or lost. */
  readonly connections$: Observable<unknown>;
  readonly emit: (event: ServiceEvent) => void;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** A block that was published longer ago is not sent any more: the network has it, or another in its place. */
const FRESH_MS = 10 * MINUTE_MS;
/** Of the records that are read at the start. */
const RECORDS_MS = 24 * HOUR_MS;
/** What was missed is read so often at most after each connection, with a pause in between. */
const READS = 12;
const READ_AGAIN_MS = 5 * SECOND_MS;
/** News of new connections follow each other by this at least. */
const NEWS_PAUSE_MS = 2 * SECOND_MS;

export class Cluster {
  readonly view: ClusterView;
  private readonly link: ClusterLink;
  private readonly inbox: Inbox;
  private readonly outbox: Outbox;
  private readonly records: Records;
  private readonly roster: Roster;
  private readonly running = new Subscription();
  private readonly changed$ = new Subject<void>();
  /** Of the server, while there is a connection. */
  private server: string | undefined;
  /** When that was made, by the wall clock. */
  private since = 0;
  private reading = false;
  private toRead = false;
  private readsLeft = READS;

  constructor(private readonly deps: ClusterDeps) {
    const { names, network, clock, scheduler } = deps;
    const fault = (code: keyof typeof CLUSTER, detail: string): void => this.report('fault', code, detail);
    const store: ClusterLink['store'] = (...message) => this.link.store(...message);
    this.roster = new Roster(clock);
    this.records = new Records({ names, network, store });
    this.outbox = new Outbox({ store, subject: blockSubject(names), network, fault, clock, scheduler });
    this.inbox = new Inbox({
      names,
      network,
      clock,
      fault,
      block: (raw, ageMs) => this.pass(raw, ageMs === undefined ? undefined : clock.now() - ageMs),
      relay: (relay, news) => this.onNews(relay, this.roster.note(relay, news)),
      record: (relay, news) => this.records.noteOther(relay, news),
    });
    this.link = deps.open({
      message: (message) => this.inbox.take(message),
      up: (server, maxPayload) => this.onUp(server, maxPayload),
      down: (code, detail) => this.onDown(code, detail),
      refused: (operation, subject) =>
        fault('no-right', fill(CLUSTER['no-right'], { operation: CLUSTER_RIGHTS[operation], subject })),
    });
    this.view = {
      ...names,
      report: () => this.reply(),
      blocks: (limit) => this.records.pictures.latest(limit),
      race: (hash) => this.records.pictures.race(hash),
    };
    const soon$ = merge(deps.connections$, this.changed$).pipe(auditTime(NEWS_PAUSE_MS, scheduler));
    this.running.add(merge(soon$, interval(NEWS_EVERY_MS, scheduler)).subscribe(() => this.tell()));
    this.running.add(deps.blocks$.subscribe((event) => this.records.note(event)));
  }

  /** Gives the others a block, once this relay's own peers and dashd have been written to. */
  share({ block, source }: Arrival): void {
    if (source === 'pool') this.outbox.add(block.hash, block.raw);
  }

  async close(): Promise<void> {
    this.running.unsubscribe();
    this.outbox.stop();
    await this.link.close();
  }

  /** @param firstAt when it was published, for one that was read later */
  private pass(raw: Buffer, firstAt?: number): void {
    const { gate, broadcaster, answer, isDone } = this.deps;
    const admission = gate.fromCluster(raw, firstAt);
    if (admission.type === 'refused') {
      answer(admission);
      return;
    }
    const hash = admission.type === 'block' ? admission.block.hash : admission.hash;
    this.records.noteFound(hash);
    // One that is repeated needs no answer: the relay that published it does so again when another one connects.
    if (admission.type === 'block' && !isDone(hash)) broadcaster.send(admission);
  }

  private onNews(relay: string, what: ReturnType<Roster['note']>): void {
    if (what === 'too-many') {
      this.inbox.drop('too-many-relays', relay, fill(CLUSTER['too-many-relays'], { relay, max: MAX_RELAYS }));
      return;
    }
    if (what !== 'known') this.outbox.noteConnected();
    if (what === 'new') {
      this.tellState();
      this.changed$.next();
    }
    this.deps.shares?.review(this.roster.trips());
  }

  private onUp(server: string, maxPayload: number): void {
    this.server = server;
    this.since = Math.floor(this.deps.clock.now());
    this.tellState();
    if (maxPayload < MIN_PAYLOAD_BYTES)
      this.report('fault', 'payload-too-small', fill(CLUSTER['payload-too-small'], { server, max: maxPayload }));
    this.tell();
    this.outbox.retry();
    this.readsLeft = READS;
    void this.catchUp();
  }

  private onDown(code: DownCode, detail: string): void {
    this.server = undefined;
    this.report('down', code, code === 'disconnected' ? CLUSTER.disconnected : fill(CLUSTER[code], { detail }));
  }

  private tellState(): void {
    if (this.server === undefined) return;
    const relays = this.roster.names().join(', ') || CLUSTER['no-relays'];
    this.report('up', 'connected', fill(CLUSTER.connected, { server: this.server, relays }));
  }

  /** Sends this relay's news, and looks which relays are silent. */
  private tell(): void {
    const { names, network, version, shares, clock } = this.deps;
    const silent = this.roster.expire();
    for (const relay of silent)
      this.report('fault', 'relay-silent', fill(CLUSTER['relay-silent'], { relay, seconds: SILENT_MS / SECOND_MS }));
    shares?.review(this.roster.trips());
    const peers = [...(shares?.tell() ?? [])].map(([peer, ms]): [string, number | null] => [peer, ms ?? null]);
    const news = { type: 'relay', network, version, at: Math.floor(clock.now()), since: this.since, peers } as const;
    this.link.publish(relaySubject(names), encodeNews(news));
    this.records.retry();
  }

  /** Reads what was published while this relay, or its connection, was away; once more where that was lost meanwhile. */
  private async catchUp(): Promise<void> {
    this.toRead = true;
    if (this.reading) return;
    this.reading = true;
    while (this.toRead) {
      this.toRead = false;
      if (!(await this.readMissed())) this.readAgain();
    }
    this.reading = false;
  }

  /** While the servers agree on a new leader, nothing can be read. */
  private readAgain(): void {
    this.readsLeft -= 1;
    if (this.readsLeft < 0) return;
    this.running.add(timer(READ_AGAIN_MS, this.deps.scheduler).subscribe(() => void this.catchUp()));
  }

  /** @returns whether all was read */
  private async readMissed(): Promise<boolean> {
    const { names, clock } = this.deps;
    const { blocks, state } = streamNames(names.name);
    const isRead = await this.readAll(blocks, FRESH_MS, ({ subject, data, at }) => {
      if (parseSubject(subject, names.name)?.relay === names.relay || clock.now() - at > FRESH_MS) return;
      this.pass(data, at);
    });
    return (await this.readAll(state, RECORDS_MS, (message) => this.inbox.takeStored(message))) && isRead;
  }

  private async readAll(
    stream: string,
    ageMs: number,
    take: (message: { readonly subject: string; readonly data: Buffer; readonly at: number }) => void,
  ): Promise<boolean> {
    try {
      for await (const message of this.link.read(stream, new Date(this.deps.clock.now() - ageMs))) take(message);
      return true;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      // The last attempt tells.
      if (this.readsLeft === 0) this.report('fault', 'not-read', fill(CLUSTER['not-read'], { stream, detail }));
      return false;
    }
  }

  private reply(): ClusterReport {
    const { names, version, shares, clock } = this.deps;
    const self = { relay: names.relay, self: true, version, heardAt: clock.now(), peers: shares?.size ?? 0 };
    return {
      connected: this.server !== undefined,
      relays: [self, ...this.roster.list()],
      left: shares?.count ?? 0,
      unstored: this.outbox.size,
      dropped: this.inbox.dropped,
    };
  }

  private report(state: ServiceEvent['state'], code: keyof typeof CLUSTER, detail: string): void {
    this.deps.emit(reportOn('cluster', this.deps.clock)(state, code, detail));
  }
}
