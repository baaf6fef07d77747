import { keyOf } from '../../../src/peers/address.js';
import { PeerBook } from '../../../src/peers/book.js';
import { serialise } from '../../../src/peers/format.js';
import { RUN_STARTS_AT } from '../../../src/simulation/live/virtual-clock.js';
import { RunRandom } from '../../../src/simulation/random.js';

/** Regtest's. */
export const PORT = 19_899;

/** The text of a peer file with these peers, each worth more than the next: nothing is left to lots. @param hosts the best first */
export function rankedPeerFile(hosts: readonly string[]): string {
  const book = new PeerBook('regtest', new RunRandom(1, 'ranked'));
  const at = RUN_STARTS_AT - 60_000;
  for (const [rank, host] of hosts.entries()) {
    const address = { host, port: PORT, family: 'ipv4' } as const;
    const key = keyOf(address);
    book.hear(address, 'masternode', at);
    const node = { services: 1n, protocolVersion: 70_240, userAgent: '/Dash Core:23.1.2/', height: 3 };
    book.observe(key, { kind: 'handshake', ...node }, at);
    for (let block = rank; block < hosts.length; block += 1) {
      book.observe(key, { kind: 'broadcast', status: 'accepted', proofMs: 50 }, at);
    }
  }
  return [...serialise(book.records(), RUN_STARTS_AT, undefined)].join('');
}

/** Nobody is tried out at random, and nobody is exchanged while the block is awaited. */
export const NO_CHANGES = { exploration: 0, maxRotations: 0 };
