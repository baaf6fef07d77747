/** The peers: a table, or cards on a narrow screen. Many can be searched, narrowed down and sorted. */
import { useMemo, useState } from 'preact/hooks';
import type { PeerView } from '../../contracts/view.js';
import { formatCount } from '../model/format.js';
import { ALL_PEERS, countKinds, KINDS, listPeers, type PeerQuery } from '../model/peer-list.js';
import { Choice } from './choice.js';
import { useMedia, useNow } from './hooks.js';
import { PeerCards } from './peer-cards.js';
import { BarLegend } from './peer-parts.js';
import { PeerTable } from './peer-table.js';
import { MAX_WHOLE } from './windowed.js';

export interface PeersProps {
  readonly peers: readonly PeerView[];
  readonly skewMs: number;
}

export function Peers({ peers, skewMs }: PeersProps) {
  const now = useNow(10_000) + skewMs;
  const isNarrow = useMedia('(max-width: 899px)');
  const [query, setQuery] = useState<PeerQuery>(ALL_PEERS);
  const isLong = peers.length > MAX_WHOLE;
  const shown = useMemo(() => listPeers(peers, isLong ? query : ALL_PEERS), [peers, isLong, query]);
  const connected = peers.filter(({ state }) => state === 'connected').length;
  const chosen = peers.filter(({ highBandwidth }) => highBandwidth === true).length;
  const list = { peers: shown, now, isLong, query, onQuery: setQuery };
  return (
    <section class="card peers-card" aria-labelledby="peers-title">
      <div class="card-head">
        <h2 id="peers-title">Peers</h2>
        {peers.length > 0 && (
          <>
            <p class="aside">
              {formatCount(connected)} connected
              {peers.length > connected && `, ${formatCount(peers.length - connected)} being connected to`}
              {chosen > 0 && `, ${formatCount(chosen)} high-bandwidth (HB)`}
            </p>
            <BarLegend />
          </>
        )}
      </div>
      {peers.length === 0 && (
        <p class="empty">
          No peer is connected. The relay looks for peers in its peer book, at dashd and at the DNS seeds.
        </p>
      )}
      {isLong && <Search peers={peers} query={query} onQuery={setQuery} />}
      {peers.length > 0 && (isNarrow ? <PeerCards {...list} /> : <PeerTable {...list} />)}
      {peers.length > 0 && shown.length === 0 && <p class="empty">No peer matches.</p>}
    </section>
  );
}

interface SearchProps {
  readonly peers: readonly PeerView[];
  readonly query: PeerQuery;
  readonly onQuery: (query: PeerQuery) => void;
}

function Search({ peers, query, onQuery }: SearchProps) {
  const counts = useMemo(() => countKinds(peers), [peers]);
  return (
    <div class="search">
      <Choice
        label="Peers listed"
        options={KINDS.filter((kind) => kind === 'all' || counts[kind] > 0).map((kind) => ({
          value: kind,
          text: kind,
          count: counts[kind],
        }))}
        chosen={query.kind}
        onChoose={(kind) => onQuery({ ...query, kind })}
      />
      <input
        type="search"
        aria-label="Search peers"
        placeholder="address, country, software"
        value={query.text}
        onInput={({ currentTarget: { value } }) => onQuery({ ...query, text: value })}
      />
    </div>
  );
}
