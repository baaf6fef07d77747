/** One end of a connection, as the node or relay at that end sees the other. */
import type { Micros } from '../engine.js';
import type { BlockForm, SimBlock } from './block.js';
import type { HostId, Link } from './carrier.js';

/** What takes messages: a coarse node, or what is connected to one from outside (`outside.ts`). `from` is its own end of the connection. */
export interface Endpoint {
  readonly host: HostId;
  /** Whether it said so (`sendcmpct`): otherwise it is not chosen for high bandwidth. */
  readonly takesCompact: boolean;
  /** Whether it has the whole block, so that to hear of it changes nothing. */
  holds(block: SimBlock): boolean;
  onBlock(from: Peer, block: SimBlock, form: BlockForm): void;
  /** A header that the other announces, having connected the block. */
  onHeader(from: Peer, block: SimBlock): void;
  onGetData(from: Peer, block: SimBlock, form: BlockForm): void;
  onGetTransactions(from: Peer, block: SimBlock, count: number): void;
  onTransactions(from: Peer, block: SimBlock): void;
  /** The other wants blocks announced at once as compact blocks, or no longer. */
  onHighBandwidth(from: Peer, wanted: boolean): void;
  onPing(from: Peer, answered: () => void): void;
  /** The other end has gone. */
  onClosed(from: Peer): void;
}

export class Peer {
  /** The other end. */
  other: Peer = this;
  /** Who is there. */
  target: Endpoint;
  isClosed = false;
  /** The other wants high bandwidth. */
  wantsCompact = false;
  /** Id of the latest block that the other is known to have; 0: none. */
  knows = 0;

  constructor(
    readonly owner: Endpoint,
    readonly link: Link,
    /** The other dialled. */
    readonly isInbound: boolean,
    readonly since: Micros,
  ) {
    this.target = owner;
  }
}

/** Both ends of a new connection. */
export function pair(dialler: Endpoint, listener: Endpoint, link: Link, since: Micros): readonly [Peer, Peer] {
  const outbound = new Peer(dialler, link, false, since);
  const inbound = new Peer(listener, link, true, since);
  outbound.other = inbound;
  outbound.target = listener;
  inbound.other = outbound;
  inbound.target = dialler;
  return [outbound, inbound];
}
