/** How long the shown block's ChainLock took, what delayed it, and what would delay the next one's. */
import type { BlockSummary } from '../../contracts/api.js';
import type { LockCount } from '../../contracts/locks.js';
import type { LockForecast } from '../../contracts/view.js';
import { formatMs, plural, shortHash } from '../model/format.js';
import {
  chainLockLabel,
  clearText,
  lockLabel,
  lockParts,
  type Milestone,
  milestonesOf,
  seenText,
} from '../model/locks.js';
import { axisFor } from '../model/race.js';
import { useNow } from './hooks.js';
import { ToneIcon } from './icons.js';
import { percent } from './race-track.js';

export interface ChainLockProps {
  readonly block: BlockSummary;
  readonly forecast: LockForecast | undefined;
  readonly skewMs: number;
}

export function ChainLockPanel({ block, forecast, skewMs }: ChainLockProps) {
  const now = useNow(1_000) + skewMs;
  return (
    <section class="card chain-lock-card" aria-labelledby="chain-lock-title">
      <div class="card-head">
        <h2 id="chain-lock-title">ChainLock</h2>
      </div>
      <OfBlock block={block} now={now} />
      {forecast !== undefined && (
        <div class="forecast">
          <h3>The next block</h3>
          <Count count={forecast} where="in dashd’s mempool" at={forecast.at} now={now} />
        </div>
      )}
      {isDelayed(block.locks, forecast) && (
        <p class="facts remedy">
          Signers wait for the InstantSend lock of a transaction, or until they have known it for 10 minutes. Remedy:
          mine it only then, as dashd’s own block template does.
        </p>
      )}
    </section>
  );
}

function isDelayed(...counts: readonly (LockCount | undefined)[]): boolean {
  return counts.some((count) => (count?.delaying ?? 0) > 0);
}

function OfBlock({ block, now }: { readonly block: BlockSummary; readonly now: number }) {
  const { text, tone } = chainLockLabel(block, now);
  const milestones = milestonesOf(block);
  return (
    <>
      <p class={`chain-lock-state tone-${tone}`}>
        <ToneIcon tone={tone} /> {text}
      </p>
      {milestones.length > 0 && <Milestones milestones={milestones} />}
      {block.locks === undefined ? (
        <p class="facts">Which of its transactions are InstantSend-locked is not known.</p>
      ) : (
        <Count
          count={block.locks}
          where="in this block"
          at={block.locks.at}
          now={now}
          isOver={block.finality.state !== 'pending'}
        />
      )}
    </>
  );
}

function Milestones({ milestones }: { readonly milestones: readonly Milestone[] }) {
  const axis = axisFor(milestones.map(({ ms = 0 }) => ms));
  return (
    <ol class="milestones" aria-label="Since the block’s arrival">
      {milestones.map(({ name, ms = 0, note }) => (
        <li key={name} class={name === 'ChainLock' ? 'is-last' : undefined}>
          <span>{name}</span>
          <svg class="milestone-track" aria-hidden="true">
            <line x1="0" x2="100%" y1="50%" y2="50%" />
            <line class="milestone-bar" x1="0" x2={percent(axis, ms)} y1="50%" y2="50%" />
          </svg>
          <span class="milestone-time" title={note}>
            {note !== undefined && '≤ '}
            {formatMs(ms)}
          </span>
        </li>
      ))}
    </ol>
  );
}

interface CountProps {
  readonly count: LockCount;
  readonly where: string;
  /** When it was counted, ms since the epoch. */
  readonly at: number;
  readonly now: number;
  /** Nobody waits for the ChainLock any more. */
  readonly isOver?: boolean;
}

/** Transactions that are listed at once. */
const LISTED = 5;

function Count({ count, where, at, now, isOver = false }: CountProps) {
  const { text, tone } = lockLabel(count, where, isOver);
  const more = count.delaying - Math.min(count.named.length, LISTED);
  const clear = isOver ? undefined : clearText(count, now);
  return (
    <>
      <p class={`lock-state tone-${tone}`}>
        <ToneIcon tone={tone} /> <span>{text}</span>
      </p>
      {lockParts(count).length > 0 && <p class="facts">{lockParts(count).join(' · ')}</p>}
      {count.named.length > 0 && (
        <ul class="unlocked">
          {count.named.slice(0, LISTED).map(({ txid, seenAt }) => (
            <li key={txid}>
              <span class="hash" title={txid}>
                {shortHash(txid)}
              </span>{' '}
              <span class="facts">{seenText(seenAt, at)}</span>
            </li>
          ))}
          {more > 0 && <li class="facts">and {plural(more, 'other')}</li>}
        </ul>
      )}
      {clear !== undefined && <p class="facts">{clear}</p>}
    </>
  );
}
