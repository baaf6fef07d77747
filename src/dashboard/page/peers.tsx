/** The peers: a table, or cards on a narrow screen. */
import type { PeerView } from '../../contracts/view.js';
import { countryName, formatAge, formatAgent, formatCount, formatMs, plain, splitPeer } from '../model/format.js';
import { useMedia, useNow } from './hooks.js';
import { ToneIcon } from './icons.js';
import { ScoreButton } from './score.js';

export interface PeersProps {
  readonly peers: readonly PeerView[];
  readonly skewMs: number;
}

export function Peers({ peers, skewMs }: PeersProps) {
  const now = useNow(10_000) + skewMs;
  const isNarrow = useMedia('(max-width: 899px)');
  const connected = peers.filter(({ state }) => state === 'connected').length;
  return (
    <section class="card peers-card" aria-labelledby="peers-title">
      <div class="card-head">
        <h2 id="peers-title">Peers</h2>
        {peers.length > 0 && (
          <>
            <p class="aside">
              {connected} connected{peers.length > connected && `, ${peers.length - connected} being connected to`}
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
      {peers.length > 0 && (isNarrow ? <Cards peers={peers} now={now} /> : <Table peers={peers} now={now} />)}
    </section>
  );
}

interface ListProps {
  readonly peers: readonly PeerView[];
  /** Of the relay. */
  readonly now: number;
}

function Table({ peers, now }: ListProps) {
  return (
    <table class="peers">
      <thead>
        <tr>
          <th scope="col">Peer</th>
          <th scope="col">Country</th>
          <th scope="col">Software</th>
          <th scope="col" class="num">
            Connected
          </th>
          <th scope="col" class="num">
            Height
          </th>
          <th scope="col" class="num" title="Round-trip time">
            Ping
          </th>
          <th scope="col" class="num" title="Time from writing a block to its proof">
            Proof after
          </th>
          <th scope="col" title="Results of the blocks pushed to this peer">
            Blocks proven
          </th>
          <th scope="col" class="num">
            Score
          </th>
        </tr>
      </thead>
      <tbody>
        {peers.map((peer) => (
          <tr key={peer.peer} class={rowClass(peer)}>
            <th scope="row">
              <Name peer={peer} />
            </th>
            <td>{countryName(peer.country) ?? <None />}</td>
            <td class="agent">{peer.userAgent === undefined ? <None /> : formatAgent(peer.userAgent)}</td>
            <td class="num">{since(peer, now)}</td>
            <td class="num">{peer.height === undefined ? <None /> : formatCount(peer.height)}</td>
            <td class="num">{peer.pingMs === undefined ? <None /> : formatMs(peer.pingMs)}</td>
            <td class="num">{peer.blocks.proofMs === undefined ? <None /> : formatMs(peer.blocks.proofMs)}</td>
            <td>
              <ProofBar blocks={peer.blocks} />
            </td>
            <td class="num">
              <ScoreButton peer={peer} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cards({ peers, now }: ListProps) {
  return (
    <ul class="peer-cards">
      {peers.map((peer) => (
        <li key={peer.peer} class={rowClass(peer)}>
          <div class="peer-card-head">
            <h3>
              <Name peer={peer} />
            </h3>
            <ScoreButton peer={peer} />
          </div>
          <p class="agent">
            {[countryName(peer.country), peer.userAgent === undefined ? undefined : formatAgent(peer.userAgent)]
              .filter((part) => part !== undefined)
              .join(' · ')}
          </p>
          <ProofBar blocks={peer.blocks} />
          <dl>
            <Fact label="connected" value={since(peer, now)} />
            <Fact label="ping" value={peer.pingMs === undefined ? '–' : formatMs(peer.pingMs)} />
            <Fact label="proof after" value={peer.blocks.proofMs === undefined ? '–' : formatMs(peer.blocks.proofMs)} />
          </dl>
        </li>
      ))}
    </ul>
  );
}

function Fact({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function rowClass(peer: PeerView): string {
  return `${peer.protected ? 'is-protected' : ''} ${peer.state === 'connecting' ? 'is-connecting' : ''}`.trim();
}

function Name({ peer: { peer, protected: isProtected, blocks } }: { readonly peer: PeerView }) {
  const [host, port] = splitPeer(peer);
  return (
    <span class="peer-id">
      {isProtected && (
        <span class="tag" title="The pool’s own dashd: never disconnected">
          dashd
        </span>
      )}
      <span class="peer-name">
        {host}
        <span class="port">{port}</span>
      </span>
      {blocks.failuresInARow > 0 && (
        <span class="failing" title="Consecutive blocks without a proof">
          <ToneIcon tone="warn" />
          {blocks.failuresInARow} failed in a row
        </span>
      )}
    </span>
  );
}

function since({ state, since: at }: PeerView, now: number): string {
  return state === 'connecting' ? 'connecting…' : formatAge(now - at);
}

function None() {
  return <span class="none">–</span>;
}

const KINDS = [
  ['accepted', 'accepted'],
  ['acknowledged', 'acknowledged'],
  ['alreadyHad', 'already-had'],
  ['failed', 'failed'],
] as const;

function ProofBar({ blocks }: Pick<PeerView, 'blocks'>) {
  const failures = Object.entries(blocks.failed);
  const counts = { ...blocks, failed: failures.reduce((sum, [, count]) => sum + count, 0) };
  const all = KINDS.reduce((sum, [kind]) => sum + counts[kind], 0);
  if (all === 0) return <span class="none">no block yet</span>;
  const why = failures.map(([code, count]) => `${plain(code)} ${count}`).join(', ');
  const words = KINDS.filter(([kind]) => counts[kind] > 0).map(([kind, word]) => `${counts[kind]} ${word}`);
  const story = why === '' ? words.join(', ') : `${words.join(', ')} (${why})`;
  let x = 0;
  return (
    <span class="proofs" title={story}>
      <svg class="proof-bar" role="img" aria-label={story}>
        {KINDS.map(([kind]) => {
          const width = (counts[kind] / all) * 100;
          x += width;
          return (
            width > 0 && (
              <rect key={kind} class={`part-${kind}`} x={`${x - width}%`} width={`${width}%`} height="100%" />
            )
          );
        })}
      </svg>
      <span class="proof-count" aria-hidden="true">
        {all - counts.failed}/{all}
      </span>
    </span>
  );
}

function BarLegend() {
  return (
    <ul class="bar-legend" aria-label="Colours of the bars">
      {KINDS.map(([kind, word]) => (
        <li key={kind}>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <rect class={`part-${kind}`} width="10" height="10" rx="2" />
          </svg>
          {word}
        </li>
      ))}
    </ul>
  );
}
