/** The active ChainLock quorums: how many of their members are connected, and which of them signs the next block. */
import type { QuorumReport, QuorumState } from '../../contracts/view.js';
import { formatCount, plural, shortHash } from '../model/format.js';
import { quorumName, signingOf } from '../model/quorums.js';

export function QuorumPanel({ report }: { readonly report: QuorumReport }) {
  const { quorums, members, connected, height } = report;
  const signing = signingOf(report);
  return (
    <section class="card quorums-card" aria-labelledby="quorums-title">
      <div class="card-head">
        <h2 id="quorums-title">ChainLock quorums</h2>
        <p class="aside">
          {formatCount(connected)} of {plural(members, 'member')} connected
          {signing !== undefined &&
            `, ${formatCount(signing.connected)} of the ${formatCount(signing.members)} signers of block ${formatCount(height + 1)}`}
        </p>
      </div>
      {quorums.length === 0 ? (
        <p class="empty">dashd reports no active ChainLock quorum.</p>
      ) : (
        <ul class="quorums">
          {quorums.map((quorum) => (
            <Quorum key={quorum.hash} quorum={quorum} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Quorum({ quorum }: { readonly quorum: QuorumState }) {
  const { hash, type, signing, members, connected, highBandwidth } = quorum;
  return (
    <li class={`quorum${signing ? ' is-signing' : ''}`}>
      <h3>
        <span class="number" title={hash}>
          {shortHash(hash)}
        </span>{' '}
        <span class="quorum-type">{quorumName(type)}</span>
        {signing && <span class="tag">signs next</span>}
      </h3>
      <Meter connected={connected} highBandwidth={highBandwidth} members={members} />
      <p>
        {formatCount(connected)} of {formatCount(members)}
        {highBandwidth > 0 && (
          <>
            {' '}
            ·{' '}
            <span title="They asked for new blocks in compact form at once">
              {formatCount(highBandwidth)} high-bandwidth
            </span>
          </>
        )}
      </p>
    </li>
  );
}

/** The connected share of the members; of it, in a stronger colour, those in high-bandwidth mode. */
function Meter({ connected, highBandwidth, members }: Omit<QuorumState, 'hash' | 'type' | 'signing'>) {
  const share = (count: number) => `${members === 0 ? 0 : (count / members) * 100}%`;
  return (
    <svg class="meter" aria-hidden="true">
      <rect class="meter-connected" width={share(connected)} height="100%" />
      <rect class="meter-high" width={share(highBandwidth)} height="100%" />
    </svg>
  );
}
