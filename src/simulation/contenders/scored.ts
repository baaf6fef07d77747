/**
 * Today's relay: its peer book, scores and selection as they are, over the blocks of others before the pool's. Each minute the set of peers
 * is reviewed, and what the plan says is carried out at once. What connections would show is observed as `Bookkeeper` does
 * (`streams/peering/bookkeeping.ts`): handshakes, pings, who announced which block how late, and what became of the pushes, since a relay
 * pushes the blocks that its dashd publishes as well.
 */
import type { PeerKey } from '../../peers/address.js';
import { PeerBook } from '../../peers/book.js';
import { NODE_NETWORK } from '../../peers/fitness.js';
import { type OpenConnection, selectLimits } from '../../peers/plan.js';
import { WEIGHTS, type Weights } from '../../peers/score.js';
import { select } from '../../peers/select.js';
import { HOUR_MS, MINUTE_MS } from '../../time.js';
import { MICROS_PER_MS } from '../engine.js';
import type { NodeId } from '../network/plan.js';
import type { RelayKnowledge, Sighting } from './contender.js';
import { countryOf, PeerAddresses } from './peer-addresses.js';

const NETWORK = 'mainnet';
const REVIEW_MS = MINUTE_MS;
/** Before the first block: peers are chosen, and a first review has replaced some. */
const LEAD_MS = 5 * MINUTE_MS;
/** From dashd's message to the writes. */
const PUSH_AFTER = MICROS_PER_MS;
/** Of a node that was pushed a block: until it has connected it. */
const PROVES_AFTER = 2 * MICROS_PER_MS;
const PROTOCOL = 70_240;
const NODE = { services: NODE_NETWORK, protocolVersion: PROTOCOL, userAgent: '/Dash Core:23.1.2/' };
const DAY_MS = 24 * HOUR_MS;

export interface Choice {
  readonly weights?: Weights;
  /** For how long the relay has reviewed its peers before the first of the blocks, milliseconds. */
  readonly leadMs?: number;
  /** It has been connected to each node before, the day before the blocks: it knows the round trips. */
  readonly hasMeasured?: boolean;
}

/** @returns the nodes that the relay is connected to after the last block */
export function scoredPeers(
  knowledge: RelayKnowledge,
  max: number,
  { weights = WEIGHTS, leadMs = LEAD_MS, hasMeasured = false }: Choice = {},
): NodeId[] {
  const relay = new BookedRelay(knowledge, max, weights, hasMeasured);
  const [first] = knowledge.sightings;
  let reviewAt = (first?.at ?? leadMs) - leadMs;
  relay.start(reviewAt);
  for (const sighting of knowledge.sightings) {
    for (; reviewAt < sighting.at; reviewAt += REVIEW_MS) relay.review(reviewAt, sighting.height - 1);
    relay.see(sighting);
  }
  relay.review(reviewAt, knowledge.sightings.at(-1)?.height);
  return relay.peers;
}

class BookedRelay {
  private readonly book: PeerBook;
  private readonly addresses: PeerAddresses;
  private readonly reachable: ReadonlySet<NodeId>;
  private readonly dashdPeers: ReadonlySet<PeerKey>;
  private readonly live = new Map<PeerKey, OpenConnection>();

  constructor(
    private readonly knowledge: RelayKnowledge,
    private readonly max: number,
    private readonly weights: Weights,
    private readonly hasMeasured: boolean,
  ) {
    this.book = new PeerBook(NETWORK, knowledge.random.fork('book'));
    this.addresses = new PeerAddresses(knowledge.plan.nodes);
    this.reachable = new Set(knowledge.reachable);
    this.dashdPeers = new Set([...knowledge.dashdPeers].map((id) => this.addresses.keyOf(id)));
  }

  get peers(): NodeId[] {
    return [...this.live.keys()].flatMap((key) => this.addresses.idOf(key) ?? []);
  }

  /** dashd names its peers and the masternodes, and tells of the other nodes. */
  start(now: number): void {
    const { plan, dashdPeers } = this.knowledge;
    const dashd = this.book.protect(this.addresses.addressOf(plan.dashd), now);
    for (const id of dashdPeers) this.book.hear(this.addresses.addressOf(id), 'dashd', now);
    const others = [];
    for (const [id, { kind, listens }] of plan.nodes.entries()) {
      const address = this.addresses.addressOf(id);
      if (kind === 'masternode') this.book.hear(address, 'masternode', now);
      else if (listens) others.push({ ...address, services: NODE_NETWORK, seenAt: now });
    }
    this.book.gossip(dashd.key, others, now);
    if (this.hasMeasured) this.measure(now - DAY_MS);
  }

  /** Each node was tried before, for a short time, one after the other. */
  private measure(now: number): void {
    for (const id of this.reachable) {
      const key = this.addresses.keyOf(id);
      const rttMs = this.knowledge.roundTrip(id) / MICROS_PER_MS;
      this.book.observe(key, { kind: 'handshake', ...NODE, height: 0 }, now);
      this.book.observe(key, { kind: 'ping', rttMs }, now);
    }
  }

  review(now: number, tipHeight: number | undefined): void {
    const { book, knowledge, dashdPeers } = this;
    const plan = select({
      ...{ book, now, dashdPeers, country: countryOf },
      live: [...this.live.values()],
      random: knowledge.random,
      weights: this.weights,
      limits: selectLimits(NETWORK, { max: this.max }),
      ...(tipHeight !== undefined && { tipHeight }),
    });
    for (const { peer } of plan.disconnect) {
      const uptimeMs = now - (this.live.get(peer)?.connectedAt ?? now);
      this.live.delete(peer);
      book.observe(peer, { kind: 'lost', code: 'rotated-out', uptimeMs, ours: true }, now);
    }
    for (const { peer } of plan.connect) this.dial(peer, now, tipHeight ?? 0);
  }

  private dial(key: PeerKey, now: number, height: number): void {
    const id = this.addresses.idOf(key);
    this.book.observe(key, { kind: 'dialled' }, now);
    if (id === undefined || !this.reachable.has(id)) {
      this.book.observe(key, { kind: 'connection-failed', code: 'dial-timeout' }, now);
      return;
    }
    this.book.observe(key, { kind: 'handshake', ...NODE, height }, now);
    this.book.observe(key, { kind: 'ping', rttMs: this.knowledge.roundTrip(id) / MICROS_PER_MS }, now);
    this.live.set(key, { key, connectedAt: now, ready: true });
  }

  see({ at, height, announcedAt, dashdAt }: Sighting): void {
    const pushAt = dashdAt + PUSH_AFTER;
    const announced = [...this.live.keys()].flatMap((key) => {
      const id = this.addresses.idOf(key) ?? -1;
      const time = announcedAt[id] ?? -1;
      if (time < 0) return [];
      const proof = this.knowledge.roundTrip(id) + PROVES_AFTER;
      // One that has it from us names it in its answer.
      return [{ key, time: dashdAt < 0 ? time : Math.min(time, pushAt + proof), proofMs: proof / MICROS_PER_MS }];
    });
    const first = Math.min(...announced.map(({ time }) => time), ...(dashdAt < 0 ? [] : [dashdAt]));
    for (const { key, time, proofMs } of announced) {
      this.book.observe(key, { kind: 'announced', lagMs: (time - first) / MICROS_PER_MS, height }, at);
      const hadIt = dashdAt < 0 || time <= pushAt;
      const status = hadIt ? ({ status: 'already-had' } as const) : ({ status: 'accepted', proofMs } as const);
      this.book.observe(key, { kind: 'broadcast', ...status }, at);
    }
  }
}
