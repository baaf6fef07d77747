import { randomBytes } from 'node:crypto';
import type { PeerAddress } from '../wire/addr.js';
import { longAddresses, longHeaders, longInventory } from '../wire/longest.js';
import { Writer } from '../wire/writer.js';
import type { Behaviour } from './behaviour.js';
import { MAX_ADDRESSES } from './dash-core.js';
import type { PeerLink } from './peer-link.js';

const MAX_BACKLOG_BYTES = 64 * 1024;
const MAX_LOCATOR = 101;
const BLOCK_BYTES = 2_000_000;

export type FloodKind = NonNullable<Behaviour['floods']>;

/** The command and payload of the repeated message, at the protocol's maximum size. */
export function largestMessage(kind: FloodKind): readonly [string, Buffer] {
  return LARGEST[kind]();
}

const LARGEST: Readonly<Record<FloodKind, () => readonly [string, Buffer]>> = {
  pings: () => ['ping', randomBytes(8)],
  addresses: () => ['addr', longAddresses()],
  'unknown-commands': () => ['nonsense', Buffer.alloc(32)],
  announcements: () => ['inv', longInventory()],
  requests: () => ['getdata', longInventory()],
  headers: () => ['headers', longHeaders()],
  blocks: () => ['block', randomBytes(BLOCK_BYTES)],
  'compact-preferences': () => ['sendcmpct', new Writer().bool(true).u64(1n).finish()],
  'transaction-requests': () => [
    'getblocktxn',
    new Writer().bytes(randomBytes(32)).compactSize(MAX_POSITIONS).bytes(Buffer.alloc(MAX_POSITIONS)).finish(),
  ],
  questions: () => [
    'getheaders',
    new Writer().i32(1).list(hashes(MAX_LOCATOR), writeBytes).bytes(randomBytes(32)).finish(),
  ],
};

/** The largest count of positions in a `getblocktxn`, each one behind the other. */
const MAX_POSITIONS = 0xffff;

function hashes(count: number): Buffer[] {
  return Array.from({ length: count }, () => randomBytes(32));
}

function writeBytes(writer: Writer, bytes: Buffer): void {
  writer.bytes(bytes);
}

/** Sends without end, as fast as the peer reads: at most 64 KiB wait in this process. */
export class Flood {
  private nonce = 0n;
  private readonly same: readonly [string, Buffer] | undefined;

  constructor(
    private readonly link: PeerLink,
    private readonly kind: FloodKind,
    private readonly listing: PeerAddress,
  ) {
    this.same = kind === 'pings' || kind === 'addresses' ? undefined : largestMessage(kind);
  }

  start(): void {
    this.link.onDrain(() => this.pour());
    this.pour();
  }

  private pour(): void {
    while (this.link.open && this.link.backlog < MAX_BACKLOG_BYTES) this.sendOne();
  }

  private sendOne(): void {
    if (this.same !== undefined) {
      this.link.sendRaw(...this.same);
    } else if (this.kind === 'pings') {
      this.nonce += 1n;
      this.link.send({ command: 'ping', nonce: this.nonce });
    } else {
      this.link.send({ command: 'addr', addresses: Array(MAX_ADDRESSES).fill(this.listing) });
    }
  }
}
