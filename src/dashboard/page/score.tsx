/** A peer's score, and on hover, focus or touch the terms that it is the sum of, which are fetched then: in the list they would be half of it. */
import { useEffect, useId, useState } from 'preact/hooks';
import type { PeerView, ScoreView } from '../../contracts/view.js';
import { formatCount, plain, splitPeer } from '../model/format.js';
import { getPeer, HttpError } from './api.js';

export function ScoreButton({ peer: { peer, protected: isProtected, score } }: { readonly peer: PeerView }) {
  const [place, setPlace] = useState<Place | undefined>(undefined);
  const id = useId();
  const isOpen = place !== undefined;
  const open = ({ currentTarget }: { readonly currentTarget: Element }) => setPlace(placeAt(currentTarget));
  const close = () => setPlace(undefined);
  useEffect(() => {
    if (!isOpen) return;
    // Its place is on the screen: it would stay there while the row moves on.
    addEventListener('scroll', close, { capture: true, passive: true });
    return () => removeEventListener('scroll', close, { capture: true });
  }, [isOpen]);
  return (
    <span class="score" onPointerEnter={open} onPointerLeave={close}>
      <button
        type="button"
        class="score-button"
        aria-describedby={isOpen ? id : undefined}
        onFocus={open}
        onBlur={close}
        onClick={open}
        onKeyDown={({ key }) => key === 'Escape' && close()}
      >
        <span class="unseen">Score of {splitPeer(peer).join('')}: </span>
        {isProtected ? 'kept' : formatCount(Math.round(score.total))}
      </button>
      {place !== undefined && <Terms id={id} peer={peer} place={place} />}
    </span>
  );
}

/** On the screen, CSS pixels from its edges: a frame that scrolls would cut off what is placed in it. */
type Place = { readonly right: string } & ({ readonly top: string } | { readonly bottom: string });

/** What the terms need at most, CSS pixels. */
const TERMS_PX = 260;

/** Above the element, or below it where there is no space. */
function placeAt(element: Element): Place {
  const { top, bottom, right } = element.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const side = { right: `${clientWidth - right}px` };
  return top > TERMS_PX ? { ...side, bottom: `${clientHeight - top}px` } : { ...side, top: `${bottom}px` };
}

type Fetched = { readonly score: ScoreView } | { readonly problem: string } | undefined;

async function termsOf(peer: string): Promise<Fetched> {
  try {
    const { score } = await getPeer(peer);
    return { score };
  } catch (error) {
    return { problem: error instanceof HttpError ? 'It is not connected any more.' : 'The relay did not answer.' };
  }
}

interface TermsProps {
  readonly id: string;
  readonly peer: string;
  readonly place: Place;
}

function Terms({ id, peer, place }: TermsProps) {
  const [fetched, setFetched] = useState<Fetched>(undefined);
  useEffect(() => {
    let isWanted = true;
    const fetch = async () => {
      const answer = await termsOf(peer);
      if (isWanted) setFetched(answer);
    };
    void fetch();
    return () => {
      isWanted = false;
    };
  }, [peer]);
  return (
    <span class="score-terms" id={id} role="tooltip" style={place}>
      {fetched === undefined && '…'}
      {fetched !== undefined && 'problem' in fetched && fetched.problem}
      {fetched !== undefined && 'score' in fetched && <Sum score={fetched.score} />}
    </span>
  );
}

function Sum({ score: { total, terms } }: { readonly score: ScoreView }) {
  return (
    <>
      {terms.map(({ label, value, why }) => (
        <span key={label} class="term">
          <span class="term-value">{signed(value)}</span>
          <span>
            <b>{plain(label)}</b> {plain(why).replaceAll('_', ' ')}
          </span>
        </span>
      ))}
      <span class="term term-total">
        <span class="term-value">{formatCount(Math.round(total))}</span>
        <b>score</b>
      </span>
    </>
  );
}

function signed(value: number): string {
  const rounded = Math.round(value * 10) / 10;
  return rounded < 0 ? `−${formatCount(-rounded)}` : `+${formatCount(rounded)}`;
}
