/** The list of the pool's blocks, newest first, each with a link to its results. */
import { useState } from 'preact/hooks';
import type { BlockSummary } from '../../contracts/api.js';
import { blockName, formatAge, formatMs, shortHash } from '../model/format.js';
import { finalityLabel, outcomeLabel } from '../model/labels.js';
import { isUnderWay } from '../model/state.js';
import { useNow } from './hooks.js';
import { ToneIcon } from './icons.js';

export interface BlocksProps {
  readonly blocks: readonly BlockSummary[];
  readonly shown: string | undefined;
  readonly skewMs: number;
  /** Absent when there are no older ones. */
  readonly onOlder?: () => Promise<void>;
}

export function Blocks({ blocks, shown, skewMs, onOlder }: BlocksProps) {
  const now = useNow(1_000) + skewMs;
  return (
    <section class="card blocks-card" aria-labelledby="blocks-title">
      <div class="card-head">
        <h2 id="blocks-title">Blocks</h2>
      </div>
      {blocks.length === 0 ? (
        <p class="empty">The pool has pushed no block yet.</p>
      ) : (
        <div class="blocks-scroll">
          <ol class="blocks">
            {blocks.map((block, index) => (
              <Item key={block.hash} block={block} now={now} isShown={block.hash === shown} isNewest={index === 0} />
            ))}
          </ol>
          {onOlder !== undefined && <Older onOlder={onOlder} />}
        </div>
      )}
    </section>
  );
}

interface ItemProps {
  readonly block: BlockSummary;
  readonly now: number;
  readonly isShown: boolean;
  readonly isNewest: boolean;
}

function Item({ block, now, isShown, isNewest }: ItemProps) {
  const { verdict, finality, hash } = block;
  const outcome = outcomeLabel(verdict, isUnderWay(block, now));
  const { text, tone } = finalityLabel(finality.state);
  const title = finality.by === undefined ? undefined : `by ${finality.by}`;
  return (
    <li>
      <a class="block" href={isNewest ? '#newest' : `#block=${hash}`} aria-current={isShown ? 'true' : undefined}>
        <ToneIcon tone={outcome.tone} />
        <span class="block-name number">{blockName(block)}</span>
        <span class={`block-outcome tone-${outcome.tone}`}>{outcome.text}</span>
        <span class="block-peers">
          {verdict !== undefined && `${verdict.peersReached}/${verdict.peersTried}`}
          <span class="unseen"> peers, median </span>
        </span>
        <span class="block-time">{verdict?.medianMs !== undefined && formatMs(verdict.medianMs)}</span>
        <span class="block-age">
          {formatAge(now - block.receivedAt)} ago
          {block.height !== undefined && <span class="block-hash"> · {shortHash(hash)}</span>}
        </span>
        <span class={`block-finality tone-${tone}`} title={title}>
          {text}
        </span>
      </a>
    </li>
  );
}

function Older({ onOlder }: { readonly onOlder: () => Promise<void> }) {
  const [isBusy, setBusy] = useState(false);
  const fetch = async () => {
    setBusy(true);
    await onOlder();
    setBusy(false);
  };
  return (
    <button type="button" class="older" disabled={isBusy} onClick={() => void fetch()}>
      {isBusy ? 'Fetching…' : 'Older blocks'}
    </button>
  );
}
