/** A peer's score, and on hover, focus or touch the terms that it is the sum of. */
import { useId, useState } from 'preact/hooks';
import type { PeerView } from '../../contracts/view.js';
import { formatCount, plain, splitPeer } from '../model/format.js';

export function ScoreButton({ peer: { peer, protected: isProtected, score } }: { readonly peer: PeerView }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const total = Math.round(score.total);
  return (
    <span class="score" onPointerEnter={() => setOpen(true)} onPointerLeave={() => setOpen(false)}>
      <button
        type="button"
        class="score-button"
        aria-describedby={id}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onClick={() => setOpen(true)}
        onKeyDown={({ key }) => key === 'Escape' && setOpen(false)}
      >
        <span class="unseen">Score of {splitPeer(peer).join('')}: </span>
        {isProtected ? 'kept' : formatCount(total)}
      </button>
      <span class="score-terms" id={id} role="tooltip" hidden={!isOpen}>
        {score.terms.map(({ label, value, why }) => (
          <span key={label} class="term">
            <span class="term-value">{signed(value)}</span>
            <span>
              <b>{plain(label)}</b> {plain(why).replaceAll('_', ' ')}
            </span>
          </span>
        ))}
        <span class="term term-total">
          <span class="term-value">{formatCount(total)}</span>
          <b>score</b>
        </span>
      </span>
    </span>
  );
}

function signed(value: number): string {
  const rounded = Math.round(value * 10) / 10;
  return rounded < 0 ? `−${formatCount(-rounded)}` : `+${formatCount(rounded)}`;
}
