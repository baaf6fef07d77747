/** The world map of peers, which highlights those that have the selected block. */
import type { PeerView } from '../../contracts/view.js';
import { countryName, formatMs, plain, plural } from '../model/format.js';
import { statusLabel } from '../model/labels.js';
import { layOut } from '../model/map-layout.js';
import { type CountryCount, countCountries, type PlacedPeer, placePeers } from '../model/places.js';
import { isReached, provenMs } from '../model/race.js';
import type { Race } from '../model/state.js';
import type { World } from '../world.js';
import { useWidth } from './hooks.js';
import { className, Shape } from './icons.js';

/** Defined by the build. */
declare const WORLD: World;

/** On the screen, CSS pixels. */
const GAP_PX = 13;
/** With more peers, a circle for each country stands for them: dots would lie on each other, and placing them takes the square of their number. */
const MOST_SPOTS = 120;
/** Below the map. */
const MOST_COUNTRIES = 24;
/** Of a circle's area, in CSS pixels, for one peer. */
const AREA_PX = 7;
const LEAST_RADIUS_PX = 3.4;
const LEAST_UNIT = 0.6;
const MOST_UNIT = 1.9;

export interface WorldMapProps {
  readonly peers: readonly PeerView[];
  readonly race: Race | undefined;
  /** The block's name. */
  readonly block: string | undefined;
}

export function WorldMap({ peers, race, block }: WorldMapProps) {
  const [width, ref] = useWidth();
  const placed = placePeers(peers, race);
  const onMap = placed.filter(({ country }) => middleOf(country) !== undefined);
  const elsewhere = placed.length - onMap.length;
  const countries = countCountries(placed);
  const reached = placed.filter(({ proof }) => proof !== undefined && isReached(proof)).length;
  // In the map's units, bounded so that dots stay visible on small and large screens.
  const unit = width === 0 ? 1 : Math.min(MOST_UNIT, Math.max(LEAST_UNIT, WORLD.width / width));
  const isCrowded = onMap.length > MOST_SPOTS;
  const story =
    block === undefined
      ? `${plural(placed.length, 'peer')} connected`
      : `block ${block} is at ${reached} of ${placed.length} connected peers`;
  return (
    <section class="card map-card" aria-labelledby="map-title">
      <div class="card-head">
        <h2 id="map-title">Peers on the map</h2>
        <p class="aside">{story}</p>
      </div>
      <svg
        ref={ref}
        class="map"
        viewBox={`0 0 ${WORLD.width} ${WORLD.height}`}
        role="img"
        aria-label={`World map: ${story}, in ${plural(countries.length, 'country', 'countries')}`}
      >
        <path class="land" d={WORLD.land} stroke-width={WORLD.pitch * 0.56} stroke-dasharray={`0 ${WORLD.pitch}`} />
        {isCrowded ? (
          <Bubbles countries={countries} unit={unit} isRace={race !== undefined} />
        ) : (
          <Spots peers={onMap} unit={unit} />
        )}
      </svg>
      <ul class="countries">
        {countries.slice(0, MOST_COUNTRIES).map(({ code, name, peers: count, reached: have }) => (
          <li key={code}>
            {name} <span class="number">{block === undefined ? count : `${have}/${count}`}</span>
          </li>
        ))}
        {countries.length > MOST_COUNTRIES && <li>and {countries.length - MOST_COUNTRIES} more countries</li>}
        {elsewhere > 0 && (
          <li>
            not on the map <span class="number">{elsewhere}</span>
          </li>
        )}
      </ul>
    </section>
  );
}

interface SpotsProps {
  readonly peers: readonly PlacedPeer[];
  /** CSS pixels of the screen in the map's units. */
  readonly unit: number;
}

function Spots({ peers, unit }: SpotsProps) {
  return layOut(peers, ({ country }) => middleOf(country) ?? { x: 0, y: 0 }, GAP_PX * unit).map(({ item, x, y }) => (
    <g key={item.peer} transform={`translate(${x} ${y}) scale(${unit.toFixed(3)})`} class="spot">
      <Spot peer={item} />
    </g>
  ));
}

interface BubblesProps {
  readonly countries: readonly CountryCount[];
  readonly unit: number;
  readonly isRace: boolean;
}

/** A circle for each country, its area the number of peers; filled as far as they have the block. */
function Bubbles({ countries, unit, isRace }: BubblesProps) {
  return countries.map(({ code, name, peers, reached }) => {
    const middle = middleOf(code);
    if (middle === undefined) return null;
    const radius = Math.max(LEAST_RADIUS_PX, Math.sqrt((peers * AREA_PX) / Math.PI));
    return (
      <g key={code} transform={`translate(${middle.x} ${middle.y}) scale(${unit.toFixed(3)})`} class="bubble">
        <title>
          {isRace ? `${name}: ${reached} of ${plural(peers, 'peer')} have it` : `${name}: ${plural(peers, 'peer')}`}
        </title>
        <circle class="bubble-all" r={radius.toFixed(1)} />
        {isRace && reached > 0 && (
          <circle class="bubble-reached" r={(radius * Math.sqrt(reached / peers)).toFixed(1)} />
        )}
      </g>
    );
  });
}

function middleOf(country: string | undefined) {
  const middle = country === undefined ? undefined : WORLD.countries[country];
  return middle === undefined ? undefined : { x: middle[0], y: middle[1] };
}

function Spot({ peer: { peer, country, status = 'pending', proof } }: { readonly peer: PlacedPeer }) {
  const ms = proof === undefined ? undefined : provenMs(proof);
  const facts = [
    plain(peer),
    countryName(country) ?? 'country unknown',
    ...(proof === undefined ? [] : [statusLabel(proof)]),
    ...(ms === undefined ? [] : [formatMs(ms)]),
  ];
  const isLit = proof !== undefined && isReached(proof);
  return (
    <>
      <title>{facts.join(', ')}</title>
      {isLit && <circle key={`${status}`} class={`halo ${className(status)}`} r="9" />}
      {status === 'pending' || status === 'written' ? (
        <circle class="spot-waiting" r="3.4" />
      ) : (
        <Shape status={status} />
      )}
    </>
  );
}
