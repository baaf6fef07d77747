/**
 * The end of a connection outside the network of coarse nodes: the cheap form of the relay, or the byte-level front of a node. It has no
 * blocks of its own and forwards none; it gives transactions that a node lacks of a block that it pushed.
 */
import type { BlockForm, SimBlock } from './block.js';
import type { Carrier, HostId } from './carrier.js';
import { blockMessageBytes, blocktxnBytes, GETHEADERS_BYTES, PING_BYTES } from './messages.js';
import type { Endpoint, Peer } from './peer.js';

export interface OutsideDeps {
  readonly carrier: Carrier;
  readonly sent: (host: HostId, bytes: number) => void;
}

export class Outside implements Endpoint {
  readonly takesCompact = false;
  /** Called when a peer says that it has a block: by its header, or by sending the block. */
  heard: ((from: Peer, block: SimBlock) => void) | undefined;

  constructor(
    private readonly deps: OutsideDeps,
    readonly host: HostId,
  ) {}

  /** Sends a block that the peer did not ask for. */
  push(to: Peer, block: SimBlock, form: BlockForm): void {
    this.send(to, blockMessageBytes(block, form), (other) => other.owner.onBlock(other, block, form));
  }

  /** What follows a push to prove it, as far as bytes go: nobody answers. */
  ask(to: Peer): void {
    for (const bytes of [GETHEADERS_BYTES, PING_BYTES]) this.send(to, bytes, () => this.heard);
  }

  /** @param answered runs when the pong is here: the peer has processed what was sent before */
  ping(to: Peer, answered: () => void): void {
    this.send(to, PING_BYTES, (other) => other.owner.onPing(other, answered));
  }

  /** It hears of each block from each of its peers. */
  holds(): boolean {
    return false;
  }

  onBlock(from: Peer, block: SimBlock): void {
    from.knows = block.id;
    this.heard?.(from, block);
  }

  onHeader(from: Peer, block: SimBlock): void {
    from.knows = block.id;
    this.heard?.(from, block);
  }

  onGetData(from: Peer, block: SimBlock, form: BlockForm): void {
    this.push(from, block, form);
  }

  onGetTransactions(from: Peer, block: SimBlock, count: number): void {
    this.send(from, blocktxnBytes(count), (other) => other.owner.onTransactions(other, block));
  }

  /** It asks for none. */
  onTransactions(): void {
    return;
  }

  /** It announces none. */
  onHighBandwidth(): void {
    return;
  }

  onPing(from: Peer, answered: () => void): void {
    this.send(from, PING_BYTES, answered);
  }

  onClosed(): void {
    return;
  }

  private send(to: Peer, bytes: number, arrived: (other: Peer) => void): void {
    if (to.isClosed) return;
    const { other } = to;
    this.deps.sent(this.host, bytes);
    this.deps.carrier.send(to.link, this.host, bytes, () => {
      if (!other.isClosed) arrived(other);
    });
  }
}
