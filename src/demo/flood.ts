import type { PeerAddress } from '../wire/addr.js';
import type { Behaviour } from './behaviour.js';
import type { Link } from './link.js';
import { MAX_ADDRESSES } from './protocol.js';

const MAX_BACKLOG_BYTES = 64 * 1024;

/** Sends without end, as fast as the other side reads: a flood must not fill the memory of the process it starts in. */
export class Flood {
  private nonce = 0n;

  constructor(
    private readonly link: Link,
    private readonly kind: NonNullable<Behaviour['floods']>,
    private readonly listing: PeerAddress,
  ) {}

  start(): void {
    this.link.onRoom(() => this.pour());
    this.pour();
  }

  private pour(): void {
    while (this.link.open && this.link.backlog < MAX_BACKLOG_BYTES) this.sendOne();
  }

  private sendOne(): void {
    this.nonce += 1n;
    switch (this.kind) {
      case 'unknown commands':
        this.link.sendRaw('nonsense', Buffer.alloc(32));
        return;
      case 'pings':
        this.link.send({ command: 'ping', nonce: this.nonce });
        return;
      case 'addresses':
        this.link.send({ command: 'addr', addresses: Array(MAX_ADDRESSES).fill(this.listing) });
    }
  }
}
