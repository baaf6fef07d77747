/** The relays of a cluster among themselves: whatever they measure and in whatever order news comes, each peer ends with one of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { floorOf, type PeerTrips } from '../../../src/cluster/share.js';
import { PeerShares } from '../../../src/streams/cluster/peer-shares.js';
import type { ConnectedPeer, ConnectionSlot } from '../../../src/streams/connections/connections.js';

const SINCE = { at: 0, monotonicAt: 0 };
const NONE_KEPT = { max: 0, least: 0 };
/** Far more than it takes: what goes on changing after so many rounds goes on for ever. */
const ROUNDS = 100;

/** A relay with connections that are made at once. */
class Member {
  readonly slots = new Map<string, ConnectionSlot>();
  readonly live = new Map<string, ConnectedPeer>();
  readonly heard = new Map<string, PeerTrips>();
  readonly shares: PeerShares;

  constructor(
    readonly name: string,
    private readonly peers: readonly string[],
    least: number,
    roundTripOf: (peer: string) => number,
  ) {
    this.shares = new PeerShares({
      relay: name,
      table: this,
      roundTripOf,
      drop: (peer) => {
        this.slots.delete(peer);
        this.live.delete(peer);
      },
      limits: { book: { max: peers.length, least }, quorum: NONE_KEPT },
      freed: () => undefined,
    });
  }

  /** Connects to all that are not left to others. */
  plan(): void {
    for (const peer of this.peers) {
      if (this.slots.has(peer) || this.shares.has(peer, 'book')) continue;
      const target = { peer, host: peer, port: 1, protected: false };
      this.slots.set(peer, { target, since: SINCE });
      this.live.set(peer, { target, since: SINCE } as ConnectedPeer);
    }
  }

  tell(): PeerTrips {
    this.shares.review(this.heard);
    return this.shares.tell();
  }

  hear(from: string, trips: PeerTrips): void {
    this.heard.set(from, trips);
    this.shares.review(this.heard);
  }
}

class Relays {
  readonly members: readonly Member[];
  /** By what each round trip is longer than it is on a quiet machine. */
  load = (): number => 0;
  private readonly last = new Map<string, PeerTrips>();

  constructor(
    readonly peers: readonly string[],
    least: number,
    tripsMs: readonly (readonly number[])[],
  ) {
    this.members = tripsMs.map(
      (row, i) => new Member(`r${i}`, peers, least, (peer) => (row[peers.indexOf(peer)] ?? 0) + this.load()),
    );
  }

  /** A relay tells, and some of the others hear it now. */
  tell(member: Member, isHeard: (other: Member) => boolean = () => true): void {
    const trips = member.tell();
    this.last.set(member.name, trips);
    for (const other of this.members) if (other !== member && isHeard(other)) other.hear(member.name, trips);
  }

  /** Everybody plans, tells and hears until nothing changes. */
  settle(): void {
    let before = '';
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const member of this.members) {
        member.plan();
        this.tell(member);
      }
      const now = JSON.stringify(
        this.members.map(({ name, slots }) => [...slots.keys(), ...(this.last.get(name) ?? [])]),
      );
      if (now === before) return;
      before = now;
    }
    assert.fail(`they go on: ${this.table()}`);
  }

  table(): string {
    return this.members
      .map(({ name }) => `${name}: ${[...(this.last.get(name) ?? [])].map(([peer, ms]) => `${peer} ${ms}`).join(', ')}`)
      .join('\n');
  }

  holders(peer: string): readonly Member[] {
    return this.members.filter(({ slots }) => slots.has(peer));
  }
}

const round = fc.oneof(fc.double({ min: 0.1, max: 6, noNaN: true }), fc.double({ min: 0.1, max: 300, noNaN: true }));
const cluster = fc
  .record({ relays: fc.integer({ min: 2, max: 4 }), count: fc.integer({ min: 4, max: 24 }) })
  .chain(({ relays, count }) =>
    fc.record({
      peers: fc.constant(Array.from({ length: count }, (_, i) => `p${i}`)),
      least: fc.integer({ min: 0, max: Math.floor(count / relays) }),
      trips: fc.array(fc.array(round, { minLength: count, maxLength: count }), {
        minLength: relays,
        maxLength: relays,
      }),
      loads: fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 50, noNaN: true })), {
        minLength: 1,
        maxLength: 20,
      }),
      /** Who plans (0) or tells (a bit for each relay that hears it). */
      steps: fc.array(fc.tuple(fc.nat({ max: relays - 1 }), fc.nat({ max: 2 ** relays - 1 })), { maxLength: 30 }),
    }),
  );

describe('the relays of a cluster among themselves', () => {
  it('come to rest with each peer at one relay, or at several that have no more than they keep in any case', () => {
    fc.assert(
      fc.property(cluster, ({ peers, least, trips, loads, steps }) => {
        const relays = new Relays(peers, least, trips);
        let drawn = 0;
        relays.load = () => loads[drawn++ % loads.length] ?? 0;
        for (const [index, hearing] of steps) {
          const member = relays.members[index];
          assert.ok(member);
          if (hearing === 0) member.plan();
          else relays.tell(member, (other) => (hearing & (1 << relays.members.indexOf(other))) !== 0);
        }
        relays.load = () => 0;
        relays.settle();
        const floor = floorOf(peers.length, trips.length, least);
        for (const peer of peers) {
          const holders = relays.holders(peer);
          assert.ok(holders.length > 0, `${peer} is with nobody\n${relays.table()}`);
          const couldGive = holders.filter(({ slots }) => slots.size > floor);
          assert.ok(
            holders.length === 1 || couldGive.length === 0,
            `${peer} is with ${holders.map(({ name }) => name).join(', ')}\n${relays.table()}`,
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});
