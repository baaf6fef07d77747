/**
 * Who is connected to whom: each node dials 8 others and 2 more for blocks alone, in network groups that differ, and each accepts 114. A full
 * node gives up a connection for a new one (`eviction.ts`). Source: Dash Core net.h, net.cpp.
 */
import type { Micros } from '../engine.js';
import type { KeyedRandom, RunRandom } from '../random.js';
import { type Inbound, toEvict } from './eviction.js';
import type { EdgePlan, NodeId, NodePlan } from './plan.js';

const FULL_RELAY = 8;
const BLOCK_RELAY_ONLY = 2;
/** 125 in all, without those that a node dials itself and one to try addresses. */
const MAX_INBOUND = 114;
/** Tries until a group that is taken already is accepted, and until the slot stays empty. */
const PATIENCE = 30;
const MAX_TRIES = 100;

export interface GraphDeps {
  readonly nodes: readonly NodePlan[];
  readonly random: RunRandom;
  readonly roundTrip: (a: NodeId, b: NodeId) => Micros;
}

export interface Change {
  readonly added: readonly EdgePlan[];
  readonly removed: readonly EdgePlan[];
}

interface Connection extends EdgePlan {
  /** The order in which connections were made. */
  readonly since: number;
}

interface Place {
  readonly outbound: Set<Connection>;
  readonly inbound: Set<Connection>;
  foreign: number;
}

export class Graph {
  private readonly places: readonly Place[];
  private readonly listening: readonly NodeId[];
  private readonly groupKeys: KeyedRandom;
  private made = 0;

  constructor(private readonly deps: GraphDeps) {
    const { nodes, random } = deps;
    this.places = nodes.map(({ foreignInbound }) => ({
      outbound: new Set(),
      inbound: new Set(),
      foreign: foreignInbound,
    }));
    this.listening = nodes.flatMap(({ online, listens }, id) => (online && listens ? [id] : []));
    this.groupKeys = random.keyed('groups');
  }

  get edges(): EdgePlan[] {
    return this.places.flatMap(({ outbound }) => [...outbound]);
  }

  /** Lets nodes dial until none has a free outbound slot. */
  fill(ids: Iterable<NodeId>): Change {
    const added = new Set<Connection>();
    const removed: EdgePlan[] = [];
    const waiting = [...ids];
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      if (this.deps.nodes[id]?.online !== true) continue;
      for (const evicted of this.dialAll(id, added)) {
        // One that was made in this call is as if it had never been.
        if (!added.delete(evicted)) removed.push(evicted);
        waiting.push(evicted.from);
      }
    }
    return { added: [...added], removed };
  }

  /** A node starts again: it loses its connections, and all that lost one dial again. */
  restart(id: NodeId): Change {
    const { outbound, inbound } = this.place(id);
    const removed = [...outbound, ...inbound];
    for (const edge of removed) this.remove(edge);
    const change = this.fill([id, ...removed.flatMap(({ from }) => (from === id ? [] : [from]))]);
    return { added: change.added, removed: [...removed, ...change.removed] };
  }

  /** @returns the connections that others lost by it */
  private dialAll(id: NodeId, added: Set<Connection>): Connection[] {
    const lost: Connection[] = [];
    const has = (blockRelayOnly: boolean): number =>
      [...this.place(id).outbound].filter((edge) => edge.blockRelayOnly === blockRelayOnly).length;
    for (const [blockRelayOnly, slots] of [
      [false, FULL_RELAY],
      [true, BLOCK_RELAY_ONLY],
    ] as const) {
      for (let free = slots - has(blockRelayOnly); free > 0; free -= 1) {
        const to = this.draw(id);
        if (to === undefined) break;
        const edge: Connection = { from: id, to, blockRelayOnly, since: ++this.made };
        lost.push(...this.makeRoom(to));
        this.place(id).outbound.add(edge);
        this.place(to).inbound.add(edge);
        added.add(edge);
      }
    }
    return lost;
  }

  private draw(id: NodeId): NodeId | undefined {
    const { nodes, random } = this.deps;
    const { outbound, inbound } = this.place(id);
    if (this.listening.length === 0) return undefined;
    const known = new Set([id, ...[...outbound].map(({ to }) => to), ...[...inbound].map(({ from }) => from)]);
    const groups = new Set([...outbound].map(({ to }) => groupOf(nodes[to])));
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const to = random.pick(this.listening);
      if (!known.has(to) && (tries >= PATIENCE || !groups.has(groupOf(nodes[to])))) return to;
    }
    return undefined;
  }

  private makeRoom(id: NodeId): Connection[] {
    const place = this.place(id);
    if (place.inbound.size + place.foreign < MAX_INBOUND) return [];
    const foreign = Array.from({ length: place.foreign }, (_, index) => this.foreign(id, index));
    const victim = toEvict([...[...place.inbound].map((edge) => this.view(id, edge)), ...foreign]);
    if (victim?.edge === undefined) {
      place.foreign -= 1;
      return [];
    }
    this.remove(victim.edge);
    return [victim.edge];
  }

  private view(id: NodeId, edge: Connection): Inbound & { readonly edge: Connection } {
    const group = groupOf(this.deps.nodes[edge.from]);
    return {
      edge,
      group,
      groupKey: this.groupKeys.u32(id, edge.from, 0),
      ping: this.deps.roundTrip(id, edge.from),
      // Which of them gave a block is not known here: it would spare 12 of 114.
      lastBlockAt: 0,
      relaysTransactions: !edge.blockRelayOnly,
      since: edge.since,
    };
  }

  /** A light client: each in a group of its own, far away, and connected after all nodes. */
  private foreign(id: NodeId, index: number): Inbound & { readonly edge: undefined } {
    const since = Number.MAX_SAFE_INTEGER - 1_000 + index;
    const groupKey = this.groupKeys.u32(id, index, 1);
    return {
      edge: undefined,
      group: `foreign ${index}`,
      groupKey,
      ping: 300_000,
      lastBlockAt: 0,
      relaysTransactions: true,
      since,
    };
  }

  private remove(edge: EdgePlan): void {
    this.place(edge.from).outbound.delete(edge as Connection);
    this.place(edge.to).inbound.delete(edge as Connection);
  }

  private place(id: NodeId): Place {
    const place = this.places[id];
    if (place === undefined) throw new RangeError(`there is no node ${id}`);
    return place;
  }
}

/** /16, as Core groups IPv4. */
function groupOf(node: NodePlan | undefined): string {
  return node === undefined ? '' : node.ip.split('.', 2).join('.');
}
