/** The peers as cards. Of many, those in view of a frame that scrolls; they are all of one height. */
import type { PeerView } from '../../contracts/view.js';
import { countryName, formatAgent, formatMs } from '../model/format.js';
import { Name, ProofBar, rowClass, since, Tags } from './peer-parts.js';
import type { PeerListProps } from './peer-table.js';
import { ScoreButton } from './score.js';
import { useRowWindow } from './windowed.js';

/** Height of a card among many in app.css, CSS pixels. */
const CARD_PX = 132;

export function PeerCards({ peers, now, isLong }: PeerListProps) {
  if (isLong) return <ManyCards peers={peers} now={now} />;
  return (
    <ul class="peer-cards">
      {peers.map((peer) => (
        <Card key={peer.peer} peer={peer} now={now} />
      ))}
    </ul>
  );
}

function ManyCards({ peers, now }: Pick<PeerListProps, 'peers' | 'now'>) {
  const { ref, first, end } = useRowWindow(peers.length, CARD_PX);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="rows-scroll peers-scroll" ref={ref} tabIndex={0} aria-label="List of peers">
      <ul class="peer-cards is-windowed">
        <li aria-hidden="true" class="gap" style={{ height: `${first * CARD_PX}px` }} />
        {peers.slice(first, end).map((peer) => (
          <Card key={peer.peer} peer={peer} now={now} />
        ))}
        <li aria-hidden="true" class="gap" style={{ height: `${(peers.length - end) * CARD_PX}px` }} />
      </ul>
    </section>
  );
}

function Card({ peer, now }: { readonly peer: PeerView; readonly now: number }) {
  const { country, userAgent, pingMs, blocks } = peer;
  const facts = [countryName(country), userAgent === undefined ? undefined : formatAgent(userAgent)];
  return (
    <li class={rowClass(peer)}>
      <div class="peer-card-head">
        <h3>
          <Name peer={peer} />
        </h3>
        <ScoreButton peer={peer} />
      </div>
      <p class="agent">
        <Tags peer={peer} /> {facts.filter((part) => part !== undefined).join(' · ')}
      </p>
      <ProofBar blocks={blocks} />
      <dl>
        <Fact label="connected" value={since(peer, now)} />
        <Fact label="ping" value={pingMs === undefined ? '–' : formatMs(pingMs)} />
        <Fact label="proof after" value={blocks.proofMs === undefined ? '–' : formatMs(blocks.proofMs)} />
      </dl>
    </li>
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
