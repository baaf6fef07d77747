/**
 * A way to send a found block, as its decisions alone: which connections the relay keeps, and to which of them the block is written, in
 * which form and order. Later strategies fill this interface; `CONTENDERS` (`catalogue.ts`) lists them.
 */
import type { Micros } from '../engine.js';
import type { BlockForm } from '../network/block.js';
import type { NetworkPlan, NodeId } from '../network/plan.js';
import type { RunRandom } from '../random.js';

/** What a relay can know of a block of the chain: nobody's decisions get more than that. */
export interface Sighting {
  /** Unix time, milliseconds. */
  readonly at: number;
  readonly height: number;
  /** When each node's announcement would reach the relay if it were connected, by node; −1: never. All from the same origin. */
  readonly announcedAt: readonly Micros[];
  /** When the pool's own dashd had connected the block, from the same origin; −1: never. */
  readonly dashdAt: Micros;
}

/** What a relay knows before the block is found. */
export interface RelayKnowledge {
  readonly plan: Pick<NetworkPlan, 'nodes' | 'quorums' | 'dashd'>;
  /** Nodes that the relay can connect to: online, with a slot, and not its own dashd. In the order of their ids. */
  readonly reachable: readonly NodeId[];
  /** Nodes that the pool's dashd is connected to. */
  readonly dashdPeers: ReadonlySet<NodeId>;
  /** Index in `plan.quorums` of the quorum that signs the next height: known before the block (DIP 8). */
  readonly signing: number;
  /** Of the pool's uplink, bytes per second; undefined when it is not known to be limited. */
  readonly uplink: number | undefined;
  roundTrip(node: NodeId): Micros;
  /** Blocks of others before this one, the oldest first. */
  readonly sightings: readonly Sighting[];
  /** A stream of the contender's own. */
  readonly random: RunRandom;
}

export interface Push {
  readonly to: NodeId;
  readonly form: BlockForm;
  /** Not before so many milliseconds have passed, and then only if the peer has not announced the block; at once if it is absent. */
  readonly afterMs?: number;
}

/** How the block is sent. */
export interface PushPlan {
  /** In the order of the writes. Each goes to a connection that the contender keeps; never two to one. */
  readonly pushes: readonly Push[];
  /** `at-once`: all writes in one turn. `one-by-one`: the next write waits until the peer has answered the ping behind the last. */
  readonly pace: 'at-once' | 'one-by-one';
  /** When dashd is given the block: before the first write to a peer, or after the last. */
  readonly dashd: 'first' | 'last';
}

export interface BlockSize {
  readonly bytes: number;
  readonly compactBytes: number;
}

export interface Contender {
  readonly name: string;
  /** One line, for people. */
  readonly summary: string;
  /** Not what blockcast does today: for comparison with the study, and for what is planned. */
  readonly studyOnly: boolean;
  /** How many relays work as one, with these connections shared out among them; one unless given. */
  readonly relays?: number;
  /** Long-lived connections, made before the block is found; without duplicates, all of them reachable. */
  connections(knowledge: RelayKnowledge): readonly NodeId[];
  plan(connections: readonly NodeId[], block: BlockSize, knowledge: RelayKnowledge): PushPlan;
}
