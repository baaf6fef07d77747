/** What the shown block is made of. It is fetched once the block is delivered: the relay reads it when it is asked. */
import { useEffect, useState } from 'preact/hooks';
import type { BlockAnatomy, KindAnatomy, Payee } from '../../contracts/anatomy.js';
import type { BlockSummary } from '../../contracts/api.js';
import {
  byAmount,
  coinbaseText,
  feesText,
  formatDash,
  kindName,
  SHARE_NAMES,
  sharesOf,
  unreadableNote,
} from '../model/anatomy.js';
import { formatCount, formatSize, plain, plural } from '../model/format.js';
import { getAnatomy, HttpError } from './api.js';

type Fetched =
  | { readonly hash: string; readonly anatomy: BlockAnatomy }
  | { readonly hash: string; readonly problem: string };

async function fetchAnatomy(hash: string): Promise<Fetched> {
  try {
    return { hash, anatomy: await getAnatomy(hash) };
  } catch (error) {
    return { hash, problem: error instanceof HttpError ? error.words : 'The relay did not answer.' };
  }
}

export interface AnatomyProps {
  readonly block: BlockSummary;
  /** While its delivery is under way nothing is asked. */
  readonly isUnderWay: boolean;
}

export function AnatomyPanel({ block: { hash, finality, verdict }, isUnderWay }: AnatomyProps) {
  const [fetched, setFetched] = useState<Fetched | undefined>(undefined);
  const [tries, setTries] = useState(0);
  // dashd knows fees and shares once it has connected the block: then they are asked for again.
  const stage = `${verdict === undefined} ${finality.state} ${tries}`;
  useEffect(() => {
    if (isUnderWay) return;
    let isWanted = true;
    void fetchAnatomy(hash).then((answer) => {
      if (isWanted) setFetched(answer);
    });
    return () => {
      isWanted = false;
    };
  }, [hash, isUnderWay, stage]);
  const shown = fetched?.hash === hash ? fetched : undefined;
  return (
    <section class="card anatomy-card" aria-labelledby="anatomy-title">
      <div class="card-head">
        <h2 id="anatomy-title">What the block is made of</h2>
      </div>
      {shown === undefined && (
        <p class="empty">{isUnderWay ? 'It is read once it is delivered.' : 'The relay reads the block…'}</p>
      )}
      {shown !== undefined && 'problem' in shown && (
        <p class="empty">
          {plain(shown.problem)}{' '}
          <button type="button" onClick={() => setTries((before) => before + 1)}>
            Try again
          </button>
        </p>
      )}
      {shown !== undefined && 'anatomy' in shown && <Anatomy anatomy={shown.anatomy} />}
    </section>
  );
}

function Anatomy({ anatomy }: { readonly anatomy: BlockAnatomy }) {
  const { coinbase, kinds, size, transactions, inputs, outputs, sizes, malformed } = anatomy;
  return (
    <>
      {malformed !== undefined && <p class="reason">Not readable to its end: {plain(malformed)}</p>}
      <div class="anatomy">
        <div>
          <h3>Coinbase</h3>
          {coinbase === undefined ? (
            <p class="facts">The first transaction is no coinbase.</p>
          ) : (
            <Coinbase {...coinbase} />
          )}
        </div>
        <div>
          <h3>Transactions</h3>
          <Kinds kinds={kinds} size={size} />
          <p class="facts">
            {plural(transactions, 'transaction')} in {formatSize(size)}, {plural(inputs, 'input')},{' '}
            {plural(outputs, 'output')}
            {sizes !== undefined &&
              ` · ${formatSize(sizes.smallest)} to ${formatSize(sizes.largest)} each, median ${formatSize(sizes.median)}`}
          </p>
          <p class="facts">{feesText(anatomy.fees)}</p>
        </div>
      </div>
    </>
  );
}

/** Outputs that are listed; a superblock has some tens. */
const LISTED = 6;

function Coinbase(coinbase: NonNullable<BlockAnatomy['coinbase']>) {
  const { payees, outputs, amount, payloadVersion } = coinbase;
  const [isLong, setLong] = useState(false);
  const sorted = byAmount(payees);
  const listed = isLong ? sorted : sorted.slice(0, LISTED);
  return (
    <>
      <p class={coinbase.text === '' ? 'facts' : 'coinbase-text'} title={`Script: ${coinbase.script}`}>
        {coinbaseText(coinbase)}
      </p>
      <ShareBar coinbase={coinbase} />
      <ul class="payees">
        {listed.map((payee, place) => (
          <Output key={`${place} ${payee.address}`} payee={payee} />
        ))}
      </ul>
      {sorted.length > LISTED && (
        <button type="button" class="more" aria-expanded={isLong} onClick={() => setLong(!isLong)}>
          {isLong ? 'Fewer' : `All ${formatCount(sorted.length)}`}
        </button>
      )}
      <p class="facts">
        {amount !== undefined && `${formatDash(amount)} to `}
        {plural(outputs, 'output')}
        {outputs > payees.length && `, ${formatCount(payees.length)} of them shown`}
        {payloadVersion !== undefined && ` · payload version ${payloadVersion}`}
      </p>
    </>
  );
}

function Output({ payee: { address, amount, share } }: { readonly payee: Payee }) {
  return (
    <li>
      <span class="payee-address" title={address}>
        {address ?? <span class="none">{share === 'platform' ? 'credit pool' : 'no address'}</span>}
      </span>
      <span class="payee-share">
        {share !== undefined && (
          <>
            <span class={`share-dot share-${share}`} aria-hidden="true" /> {SHARE_NAMES[share]}
          </>
        )}
      </span>
      <span class="payee-amount">{amount === undefined ? 'amount not valid' : formatDash(amount)}</span>
    </li>
  );
}

function ShareBar({ coinbase }: { readonly coinbase: NonNullable<BlockAnatomy['coinbase']> }) {
  const parts = sharesOf(coinbase);
  const all = parts.reduce((sum, { amount }) => sum + amount, 0);
  const label = parts.map(({ share, amount }) => `${SHARE_NAMES[share]} ${formatDash(amount)}`).join(', ');
  let x = 0;
  return (
    <svg class="meter share-bar" role="img" aria-label={label}>
      {parts.map(({ share, amount }) => {
        const width = (amount / all) * 100;
        x += width;
        return <rect key={share} class={`share-${share}`} x={`${x - width}%`} width={`${width}%`} height="100%" />;
      })}
    </svg>
  );
}

function Kinds({ kinds, size }: { readonly kinds: readonly KindAnatomy[]; readonly size: number }) {
  return (
    <table class="kinds">
      <thead>
        <tr>
          <th scope="col">Kind</th>
          <th scope="col" class="num">
            Count
          </th>
          <th scope="col" class="num">
            Size
          </th>
          <th scope="col">
            <span class="unseen">Share of the block</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {kinds.map((kind) => (
          <tr key={kind.type}>
            <th scope="row">
              {kindName(kind.type)}
              <Unreadable kind={kind} />
            </th>
            <td class="num">{formatCount(kind.count)}</td>
            <td class="num">{formatSize(kind.bytes)}</td>
            <td>
              <svg class="meter" aria-hidden="true">
                <rect class="meter-high" width={`${size === 0 ? 0 : (kind.bytes / size) * 100}%`} height="100%" />
              </svg>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Unreadable({ kind }: { readonly kind: KindAnatomy }) {
  const note = unreadableNote(kind);
  if (note === undefined) return null;
  return (
    <span
      class="unreadable"
      title="Newer than the library that reads it, as those of Dash Core 24, or not valid. Nothing depends on it."
    >
      {' '}
      {note}
    </span>
  );
}
