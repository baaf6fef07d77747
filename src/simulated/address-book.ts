import type { Random } from '../time.js';
import type { PeerAddress } from '../wire/addr.js';
import { MAX_ADDRESS_SHARE, MAX_ADDRESSES } from './dash-core.js';

/** The addresses that a node knows, and its cached answer to `getaddr`. Source: Dash Core `net.cpp`, `GetAddresses`. */
export class AddressBook {
  private readonly entries = new Map<string, PeerAddress>();
  private answer: readonly PeerAddress[] | undefined;

  constructor(private readonly random: Random) {}

  get size(): number {
    return this.entries.size;
  }

  add(addresses: readonly PeerAddress[]): void {
    for (const address of addresses) this.entries.set(`${address.host}:${address.port}`, address);
  }

  has(host: string, port: number): boolean {
    return this.entries.has(`${host}:${port}`);
  }

  /** Up to 1,000 addresses and at most 23 % of all, drawn once: the cache prevents scraping of the whole book. */
  forGetaddr(): readonly PeerAddress[] {
    this.answer ??= this.sample(Math.min(MAX_ADDRESSES, Math.floor((this.size * MAX_ADDRESS_SHARE) / 100)));
    return this.answer;
  }

  private sample(count: number): PeerAddress[] {
    const all = [...this.entries.values()].map((address) => ({ address, place: this.random.float() }));
    all.sort((a, b) => a.place - b.place);
    return all.slice(0, count).map(({ address }) => address);
  }
}
