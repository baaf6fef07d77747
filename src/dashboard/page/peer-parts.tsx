/** The parts of a peer's row or card. */
import type { PeerView } from '../../contracts/view.js';
import { formatAge, plain, plural, splitPeer } from '../model/format.js';
import { ToneIcon } from './icons.js';

export function rowClass(peer: PeerView): string {
  return `${peer.protected ? 'is-protected' : ''} ${peer.state === 'connecting' ? 'is-connecting' : ''}`.trim();
}

export function Name({ peer: { peer, protected: isProtected, blocks } }: { readonly peer: PeerView }) {
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

/** @param now of the relay, ms since the epoch */
export function since({ state, since: at }: PeerView, now: number): string {
  return state === 'connecting' ? 'connecting…' : formatAge(now - at);
}

export function None() {
  return <span class="none">–</span>;
}

const RESULTS = [
  ['accepted', 'accepted'],
  ['acknowledged', 'acknowledged'],
  ['alreadyHad', 'already-had'],
  ['failed', 'failed'],
] as const;

export function ProofBar({ blocks }: Pick<PeerView, 'blocks'>) {
  const failures = Object.entries(blocks.failed);
  const counts = { ...blocks, failed: failures.reduce((sum, [, count]) => sum + count, 0) };
  const all = RESULTS.reduce((sum, [kind]) => sum + counts[kind], 0);
  if (all === 0) return <span class="none">no block yet</span>;
  const why = failures.map(([code, count]) => `${plain(code)} ${count}`).join(', ');
  const words = RESULTS.filter(([kind]) => counts[kind] > 0).map(([kind, word]) => `${counts[kind]} ${word}`);
  const story = why === '' ? words.join(', ') : `${words.join(', ')} (${why})`;
  let x = 0;
  return (
    <span class="proofs" title={story}>
      <svg class="proof-bar" role="img" aria-label={story}>
        {RESULTS.map(([kind]) => {
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

export function BarLegend() {
  return (
    <ul class="bar-legend" aria-label="Colours of the bars">
      {RESULTS.map(([kind, word]) => (
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

/** What the peer is for ChainLocks, and whether it wants new blocks at once. */
export function Tags({ peer: { role, quorums = 1, masternode, highBandwidth } }: { readonly peer: PeerView }) {
  return (
    <>
      {role !== undefined && (
        <span class={`tag tag-${role}`} title={tagTitle(role, quorums, masternode)}>
          {role === 'signer' ? 'signs next' : 'member'}
          {quorums > 1 && ` ×${quorums}`}
        </span>
      )}{' '}
      {highBandwidth === true && (
        <span
          class="tag tag-high"
          title="It asked for new blocks in compact form at once (high-bandwidth mode, BIP 152)"
        >
          HB<span class="unseen"> high-bandwidth</span>
        </span>
      )}
    </>
  );
}

function tagTitle(role: 'signer' | 'member', quorums: number, masternode: string | undefined): string {
  const signs = role === 'signer' ? ', one of which signs the ChainLock of the next block' : '';
  const who = masternode === undefined ? '' : `; masternode ${masternode}`;
  return `Member of ${plural(quorums, 'active ChainLock quorum')}${signs}${who}`;
}
