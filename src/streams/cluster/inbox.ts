/**
 * Messages of the other relays, as far as they are let in: by size, rate and network, before anything is parsed. A relay that is hostile or
 * broken can do no more than a pool that is: its blocks go through the gate, its news are bounded, and what it sends too fast is dropped.
 */
import { decodeBlockNews, decodeRelayNews, MAX_NEWS_BYTES } from '../../cluster/messages.js';
import { type ClusterNames, parseSubject, type Topic } from '../../cluster/subjects.js';
import { BoundedMap } from '../../common/bounded.js';
import { type Bucket, fullBucket, type Rate, take } from '../../common/token-bucket.js';
import type { BlockNews, RelayNews } from '../../contracts/cluster.js';
import { CLUSTER } from '../../messages/cluster.js';
import { fill } from '../../messages/fill.js';
import { type Clock, MINUTE_MS } from '../../time.js';
import type { LinkMessage } from './link.js';
import { MAX_RELAYS } from './roster.js';

export interface InboxDeps {
  readonly names: ClusterNames;
  readonly network: string;
  /** @param ageMs since it was published first, unless this is the first time */
  readonly block: (raw: Buffer, ageMs?: number) => void;
  readonly relay: (relay: string, news: RelayNews) => void;
  readonly record: (relay: string, news: BlockNews) => void;
  readonly fault: (code: keyof typeof CLUSTER, detail: string) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** A block of 2,000,000 bytes, and some: what is longer is none, and the gate need not say so. */
const MAX_BLOCK_BYTES = 2_100_000;
/** Of one relay. A pool's burst of blocks passes, a flood does not. */
const RATES: Readonly<Record<Topic['kind'], Rate>> = {
  block: { burst: 64, perSecond: 2 },
  relay: { burst: 20, perSecond: 2 },
  record: { burst: 500, perSecond: 20 },
};
/** The same fault of the same relay is reported once within this time. */
const REPEAT_MS = 10 * MINUTE_MS;

export class Inbox {
  private readonly buckets = new BoundedMap<string, Bucket>(4 * MAX_RELAYS);
  private readonly reported = new BoundedMap<string, number>(8 * MAX_RELAYS);
  private droppedCount = 0;

  constructor(private readonly deps: InboxDeps) {}

  /** Messages that were dropped since the start. */
  get dropped(): number {
    return this.droppedCount;
  }

  take(message: LinkMessage): void {
    const { subject, data } = message;
    const topic = parseSubject(subject, this.deps.names.name);
    if (topic === undefined) {
      this.droppedCount += 1;
      return;
    }
    const { relay } = topic;
    if (relay === this.deps.names.relay) this.drop('name-taken', relay, fill(CLUSTER['name-taken'], { relay }));
    else if (!this.isWithinRate(topic)) this.drop('too-fast', relay, fill(CLUSTER['too-fast'], { relay }));
    else if (data.length > (topic.kind === 'block' ? MAX_BLOCK_BYTES : MAX_NEWS_BYTES))
      this.drop('too-large', relay, fill(CLUSTER['too-large'], { relay, bytes: data.length }));
    else if (topic.kind === 'block') this.takeBlock(relay, message);
    else this.takeNews(topic, data);
  }

  /** A record of the stream: the servers' limits apply to it, not the rates. */
  takeStored({ subject, data }: Pick<LinkMessage, 'subject' | 'data'>): void {
    const topic = parseSubject(subject, this.deps.names.name);
    if (topic?.kind === 'record') this.takeNews(topic, data);
  }

  /** Counts a message that is dropped, and reports the first of its kind. */
  drop(code: keyof typeof CLUSTER, relay: string, detail: string): void {
    const { fault, clock } = this.deps;
    this.droppedCount += 1;
    const key = `${code} ${relay}`;
    const before = this.reported.get(key);
    if (before !== undefined && clock.monotonic() - before < REPEAT_MS) return;
    this.reported.renew(key, clock.monotonic());
    fault(code, detail);
  }

  private takeBlock(relay: string, { data, network, ageMs }: LinkMessage): void {
    // A message without the header may come from a tool of the operator's: the gate decides.
    if (network === undefined || this.isOurs(relay, network)) this.deps.block(data, ageMs);
  }

  private takeNews(topic: Exclude<Topic, { kind: 'block' }>, data: Buffer): void {
    const { relay } = topic;
    const news = topic.kind === 'relay' ? decodeRelayNews(data) : decodeBlockNews(data);
    if (news === undefined || (topic.kind === 'record' && news.type === 'block' && news.hash !== topic.hash))
      this.drop('bad-message', relay, fill(CLUSTER['bad-message'], { relay }));
    else if (!this.isOurs(relay, news.network)) return;
    else if (news.type === 'relay') this.deps.relay(relay, news);
    else this.deps.record(relay, news);
  }

  private isOurs(relay: string, network: string): boolean {
    const { network: own } = this.deps;
    if (network === own) return true;
    this.drop('other-network', relay, fill(CLUSTER['other-network'], { relay, network: network.slice(0, 100), own }));
    return false;
  }

  private isWithinRate({ kind, relay }: Topic): boolean {
    const key = `${kind} ${relay}`;
    const now = this.deps.clock.monotonic();
    const left = take(this.buckets.get(key) ?? fullBucket(RATES[kind], now), 1, RATES[kind], now);
    if (left === undefined) return false;
    this.buckets.renew(key, left);
    return true;
  }
}
