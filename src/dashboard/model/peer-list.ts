/** Which peers the table lists, and in which order: with 1,350 of them an operator searches. */
import type { PeerView } from '../../contracts/view.js';
import { countryName, formatAgent, plain } from './format.js';

export const KINDS = ['all', 'signers', 'members', 'others', 'connecting', 'failing'] as const;
export type Kind = (typeof KINDS)[number];

export const SORT_KEYS = ['score', 'peer', 'country', 'since', 'height', 'ping', 'proof'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface PeerQuery {
  readonly kind: Kind;
  /** Words, each of which is in the peer's address, country, software or masternode; any case. */
  readonly text: string;
  readonly sort: SortKey;
  readonly descending: boolean;
}

/** As the relay lists them: the pool's own dashd first, then by falling score. */
export const ALL_PEERS: PeerQuery = { kind: 'all', text: '', sort: 'score', descending: true };

const IS: Readonly<Record<Kind, (peer: PeerView) => boolean>> = {
  all: () => true,
  signers: ({ role }) => role === 'signer',
  members: ({ role }) => role === 'member',
  others: ({ role, protected: isOwn }) => role === undefined && !isOwn,
  connecting: ({ state }) => state === 'connecting',
  failing: ({ blocks }) => blocks.failuresInARow > 0,
};

/** How many there are of each kind. */
export function countKinds(peers: readonly PeerView[]): Readonly<Record<Kind, number>> {
  const counts = { all: 0, signers: 0, members: 0, others: 0, connecting: 0, failing: 0 };
  for (const peer of peers) for (const kind of KINDS) if (IS[kind](peer)) counts[kind] += 1;
  return counts;
}

/** Peers without the value that is sorted by come last, in either direction. */
export function listPeers(peers: readonly PeerView[], query: PeerQuery): readonly PeerView[] {
  const { kind, sort, descending } = query;
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = peers.filter((peer) => IS[kind](peer) && hasWords(peer, words));
  if (sort === 'score' && descending) return found;
  const valued = found.map((peer) => ({ peer, value: sortValue(peer, sort) }));
  const sign = descending ? -1 : 1;
  return valued
    .sort((a, b) => {
      if (a.value === undefined || b.value === undefined)
        return Number(a.value === undefined) - Number(b.value === undefined);
      return sign * compare(a.value, b.value) || (a.peer.peer < b.peer.peer ? -1 : 1);
    })
    .map(({ peer }) => peer);
}

function hasWords({ peer, country, userAgent, masternode = '' }: PeerView, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const agent = userAgent === undefined ? '' : formatAgent(userAgent);
  const text = `${plain(peer)} ${country ?? ''} ${countryName(country) ?? ''} ${agent} ${masternode}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

type Value = string | number | undefined;

function sortValue(peer: PeerView, sort: SortKey): Value {
  switch (sort) {
    case 'score':
      return peer.score.total;
    case 'peer':
      return peer.peer;
    case 'country':
      return countryName(peer.country);
    case 'since':
      return peer.state === 'connected' ? peer.since : undefined;
    case 'height':
      return peer.height;
    case 'ping':
      return peer.pingMs;
    case 'proof':
      return peer.blocks.proofMs;
  }
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
