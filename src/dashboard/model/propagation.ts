/** What the witnesses saw, as rows and points for the page. */
import type { Sight, WitnessReport, WitnessView } from '../../contracts/propagation.js';
import { countryName, formatCount, formatMs, plural } from './format.js';

/** One witness, and what it saw of the shown block. */
export interface WitnessRow {
  readonly peer: string;
  readonly country?: string;
  /** Absent for one that is a witness no more. */
  readonly witness?: WitnessView;
  /** Absent where the block came before it was a witness, or is under way. */
  readonly sight?: Sight;
}

/** The witnesses in the order in which they had the block; those that did not announce it, or are new, last. */
export function witnessRows(witnesses: readonly WitnessView[], sights: readonly Sight[]): readonly WitnessRow[] {
  const known = new Map(witnesses.map((witness) => [witness.peer, witness]));
  const seen = new Set(sights.map(({ peer }) => peer));
  const rows = sights.map((sight): WitnessRow => {
    const witness = known.get(sight.peer);
    const country = sight.country ?? witness?.country;
    return { peer: sight.peer, sight, ...(country !== undefined && { country }), ...(witness && { witness }) };
  });
  const others = witnesses
    .filter(({ peer }) => !seen.has(peer))
    .map((witness) => ({
      peer: witness.peer,
      witness,
      ...(witness.country !== undefined && { country: witness.country }),
    }));
  return [...rows, ...others].sort((a, b) => timeOf(a) - timeOf(b) || a.peer.localeCompare(b.peer));
}

function timeOf({ sight }: WitnessRow): number {
  return sight?.state === 'counted' ? (sight.seenMs ?? 0) : Number.MAX_SAFE_INTEGER;
}

/** What a witness saw, in a word. */
export function sightText({ sight, witness }: WitnessRow): string {
  if (sight?.state === 'counted') return sight.seenMs === undefined ? 'seen' : formatMs(sight.seenMs);
  if (sight?.state === 'early') return 'too early: not counted';
  if (sight?.state === 'unseen') return 'not announced';
  return witness?.state === 'connecting' ? 'connecting…' : '–';
}

/** How often the announcements of a witness counted. */
export function recordText({ counted, early, unseen, unknown }: WitnessView): string {
  const parts = [
    `${plural(counted, 'block')} counted`,
    ...(early > 0 ? [`${formatCount(early)} too early`] : []),
    ...(unseen > 0 ? [`${formatCount(unseen)} not announced`] : []),
    ...(unknown > 0 ? [`${formatCount(unknown)} unknown to dashd`] : []),
  ];
  return parts.join(', ');
}

/** Where the witnesses are: `4 in Germany, 2 in Japan`; the largest first. */
export function regionsText(witnesses: readonly WitnessView[]): string {
  const counts = new Map<string, number>();
  for (const { country, state } of witnesses) {
    if (state !== 'connected') continue;
    const name = countryName(country) ?? 'an unknown country';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
    .map(([name, count]) => `${formatCount(count)} in ${name}`)
    .join(', ');
}

/** A block of the last ones that has a median. */
export interface PropagationPoint {
  readonly hash: string;
  readonly own: boolean;
  readonly height?: number;
  readonly medianMs: number;
}

/** Oldest first. */
export function pointsOf(recent: WitnessReport['recent']): readonly PropagationPoint[] {
  return recent
    .flatMap(({ hash, own, height, medianMs }) =>
      medianMs === undefined ? [] : [{ hash, own, medianMs, ...(height !== undefined && { height }) }],
    )
    .reverse();
}

/** Own blocks against others', in one sentence. */
export function comparisonText({ own, others }: Pick<WitnessReport, 'own' | 'others'>): string {
  if (own.medianMs === undefined && others.medianMs === undefined) return 'No block has reached the witnesses yet.';
  if (own.medianMs === undefined) return 'No block of the pool’s has reached the witnesses since the start.';
  if (others.medianMs === undefined) return 'No block of others has reached the witnesses since the start.';
  const difference = others.medianMs - own.medianMs;
  if (Math.abs(difference) < 1) return 'Own blocks spread as fast as others’.';
  return `Own blocks spread ${formatMs(Math.abs(difference))} ${difference > 0 ? 'faster' : 'slower'} than others’.`;
}
