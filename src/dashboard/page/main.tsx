/** The page: state, connection and layout. */
import { render } from 'preact';
import { useEffect, useMemo, useReducer, useState } from 'preact/hooks';
import { isInCluster } from '../model/cluster.js';
import { blockName } from '../model/format.js';
import { wantedPeers } from '../model/quorums.js';
import { findBlock, INITIAL, isUnderWay, type PageState, reduce, shownHash } from '../model/state.js';
import { AnatomyPanel } from './anatomy.js';
import { Blocks } from './blocks.js';
import { ChainLockPanel } from './chain-lock.js';
import { ClusterPanel } from './cluster.js';
import { Figures } from './figures.js';
import { Head, Notices } from './head.js';
import { History } from './history.js';
import { WorldMap } from './map.js';
import { Peers } from './peers.js';
import { PropagationPanel } from './propagation.js';
import { QuorumPanel } from './quorums.js';
import { RacePanel } from './race.js';
import { RelayConnection } from './relay-connection.js';

function Page() {
  const [state, dispatch] = useReducer(reduce, INITIAL);
  const [link] = useState(() => new RelayConnection(dispatch));
  useEffect(() => link.connect(), [link]);
  useEffect(() => {
    const choose = () => dispatch({ type: 'select', hash: /^#block=([0-9a-f]{64})$/.exec(location.hash)?.[1] });
    choose();
    addEventListener('hashchange', choose);
    return () => removeEventListener('hashchange', choose);
  }, []);
  const shown = shownHash(state);
  const isWanted =
    shown !== undefined && state.status !== undefined && !state.races.has(shown) && !state.missing.has(shown);
  useEffect(() => {
    if (isWanted) void link.fetchBlock(shown);
  }, [link, shown, isWanted]);
  useEffect(() => {
    document.title = titleOf(state);
  }, [state]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the blocks
      </button>
      <Head state={state} />
      <p class="unseen" role="status">
        {state.announcement}
      </p>
      <Notices state={state} onRetry={() => link.connect()} />
      <main id="main" tabIndex={-1}>
        <Content state={state} link={link} shown={shown} />
      </main>
      <Foot state={state} />
    </>
  );
}

function titleOf({ status, link, blocks }: PageState): string {
  if (link.state === 'lost') return 'offline – blockcast';
  if (status === undefined) return 'blockcast';
  const newest = blocks[0];
  const block = newest?.verdict === undefined ? '' : ` · ${blockName(newest)} ${newest.verdict.outcome}`;
  return `${status.peers.connected}/${wantedPeers(status)}${block} – blockcast`;
}

interface ContentProps {
  readonly state: PageState;
  readonly link: RelayConnection;
  readonly shown: string | undefined;
}

function Content({ state, link, shown }: ContentProps) {
  const { status, peers, countries, blocks, races, next, skewMs } = state;
  // The same element again is not drawn again: 1,350 peers do not change with each proof.
  const peerTable = useMemo(() => <Peers peers={peers} skewMs={skewMs} />, [peers, skewMs]);
  const race = shown === undefined ? undefined : races.get(shown);
  const block = findBlock(state, shown);
  const name = block === undefined ? undefined : blockName(block);
  const map = useMemo(() => <WorldMap peers={peers} race={race} block={name} />, [peers, race, name]);
  if (status === undefined) return <Waiting state={state} />;
  return (
    <>
      <Figures state={state} status={status} />
      <div class="columns">
        {block === undefined ? (
          <NoRace isReady={status.ready} isMissing={shown !== undefined && state.missing.has(shown)} />
        ) : (
          <RacePanel
            block={block}
            race={race}
            isNewest={state.selected === undefined}
            skewMs={skewMs}
            countries={countries}
          />
        )}
        <Blocks
          blocks={blocks}
          shown={shown}
          skewMs={skewMs}
          {...(next !== undefined && { onOlder: () => link.fetchOlder(next) })}
        />
        {block !== undefined && <AnatomyPanel block={block} isUnderWay={isUnderWay(block, Date.now() + skewMs)} />}
        {block !== undefined && <ChainLockPanel block={block} forecast={status.lockForecast} skewMs={skewMs} />}
        {map}
        <History blocks={blocks} />
      </div>
      {status.witnesses !== undefined && (
        <PropagationPanel
          report={status.witnesses}
          sights={shown === undefined ? undefined : state.sights.get(shown)}
          block={name}
        />
      )}
      {isInCluster(status) && <ClusterPanel block={block} skewMs={skewMs} />}
      {status.quorums !== undefined && <QuorumPanel report={status.quorums} />}
      {peerTable}
    </>
  );
}

function Waiting({ state: { link } }: { readonly state: PageState }) {
  return <p class="waiting">{link.state === 'connecting' ? 'Connecting to the relay…' : ''}</p>;
}

function NoRace({ isMissing, isReady }: { readonly isMissing: boolean; readonly isReady: boolean }) {
  return (
    <section class="card race-card" aria-labelledby="race-title">
      <div class="card-head">
        <h2 id="race-title">{isMissing ? 'No such block' : 'The race'}</h2>
        {isMissing && <a href="#newest">Follow the newest</a>}
      </div>
      <div class="empty">
        {!isMissing && <PlaceholderChart />}
        <p>
          {isMissing
            ? 'This relay’s history has no block with this hash.'
            : `${isReady ? 'Ready for the first block. ' : ''}Its delivery will be shown here, one row per peer.`}
        </p>
      </div>
    </section>
  );
}

/** A placeholder in the shape of a race. */
function PlaceholderChart() {
  return (
    <svg class="ghost" viewBox="0 0 420 110" aria-hidden="true">
      {[90, 130, 148, 240, 330].map((end, row) => (
        <g key={end}>
          <line x1={14 + row * 2} x2={end} y1={12 + row * 22} y2={12 + row * 22} />
          <circle cx={end} cy={12 + row * 22} r="5" />
        </g>
      ))}
    </svg>
  );
}

function Foot({ state: { status } }: { readonly state: PageState }) {
  return (
    <footer class="foot">
      {status !== undefined && (
        <p>
          blockcast {status.version}, up since {new Date(status.startedAt).toLocaleString('en-GB')}
          {status.tip?.height !== undefined &&
            `, chain tip ${blockName({ hash: status.tip.hash, height: status.tip.height })}`}
        </p>
      )}
      {status !== undefined && (
        <p>The time axis is by square root, to show the first milliseconds. Map: Natural Earth.</p>
      )}
    </footer>
  );
}

const place = document.getElementById('page');
if (place !== null) render(<Page />, place);
