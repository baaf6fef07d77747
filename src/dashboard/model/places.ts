/** Connected peers by country, with their results for the selected block. */
import type { PeerProof, ProofStatus } from '../../contracts/events.js';
import type { PeerView } from '../../contracts/view.js';
import { countryName } from './format.js';
import { isReached } from './race.js';
import type { Race } from './state.js';

export interface PlacedPeer {
  readonly peer: string;
  readonly protected: boolean;
  readonly country: string | undefined;
  /** Absent when it takes no part in the race. */
  readonly status?: ProofStatus;
  readonly proof?: PeerProof;
}

export interface CountryCount {
  readonly code: string;
  readonly name: string;
  readonly peers: number;
  /** Of them, those that have the block. */
  readonly reached: number;
}

/** The connected peers, sorted by name, so that their places do not depend on scores. */
export function placePeers(peers: readonly PeerView[], race: Race | undefined): readonly PlacedPeer[] {
  return peers
    .filter(({ state }) => state === 'connected')
    .map(({ peer, protected: isProtected, country }) => {
      const proof = race?.get(peer);
      return { peer, protected: isProtected, country, ...(proof !== undefined && { proof, status: proof.status }) };
    })
    .sort((a, b) => a.peer.localeCompare(b.peer));
}

/** By falling number of peers. */
export function countCountries(peers: readonly PlacedPeer[]): readonly CountryCount[] {
  const counts = new Map<string, CountryCount>();
  for (const { country, proof } of peers) {
    const name = countryName(country);
    if (country === undefined || name === undefined) continue;
    const { peers: before, reached } = counts.get(country) ?? { peers: 0, reached: 0 };
    const gained = proof !== undefined && isReached(proof) ? 1 : 0;
    counts.set(country, { code: country, name, peers: before + 1, reached: reached + gained });
  }
  return [...counts.values()].sort((a, b) => b.peers - a.peers || a.name.localeCompare(b.name));
}
