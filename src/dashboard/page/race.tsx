/** The race of one block: its delivery to each peer on a time axis, one row per peer. */

import { useMemo } from 'preact/hooks';
import type { BlockSummary } from '../../contracts/api.js';
import type { PeerProof } from '../../contracts/events.js';
import { blockName, formatCount, formatMs, formatSize, formatTime, plain, plural } from '../model/format.js';
import { finalityLabel, outcomeLabel, ROLES, roleLabel, SOURCE_NAMES, STATUS_MEANING } from '../model/labels.js';
import { axisFor, isReached, raceRows, type Spread, spreadOf, timesOf } from '../model/race.js';
import { countForms, raceGroups } from '../model/race-groups.js';
import { isUnderWay, type Race } from '../model/state.js';
import { useNow } from './hooks.js';
import { Badge, StatusIcon } from './icons.js';
import { Groups } from './race-groups.js';
import { RoleMark, Rows } from './race-rows.js';
import { MAX_WHOLE } from './windowed.js';

export interface RaceProps {
  readonly block: BlockSummary;
  /** Absent while it is being fetched. */
  readonly race: Race | undefined;
  readonly isNewest: boolean;
  readonly skewMs: number;
  /** Countries by peer. */
  readonly countries: ReadonlyMap<string, string>;
}

const FRAME_MS = 100;
const CALM_MS = 1_000;

export function RacePanel({ block, race, isNewest, skewMs, countries }: RaceProps) {
  const verdict = block.verdict;
  const now = useNow(isUnderWay(block, Date.now() + skewMs) ? FRAME_MS : CALM_MS) + skewMs;
  const isLive = isUnderWay(block, now);
  const proofs = useMemo(() => [...(race?.values() ?? [])], [race]);
  // With many peers the verdict is amended a while after the last of them: until then the proofs say more.
  const isAhead = verdict === undefined || proofs.filter(isReached).length > verdict.peersReached;
  const spread = useMemo(() => (isAhead ? spreadOf(proofs) : spreadFrom(verdict)), [proofs, verdict, isAhead]);
  const rows = useMemo(() => raceRows(proofs, spread), [proofs, spread]);
  const groups = useMemo(() => raceGroups(proofs), [proofs]);
  const rpc = verdict?.rpc;
  const elapsedMs = isLive ? now - block.receivedAt : undefined;
  const times = useMemo(() => timesOf(proofs, rpc), [proofs, rpc]);
  const axis = axisFor(times, elapsedMs);
  const hasForms = proofs.some(({ form }) => form !== undefined);
  const hasRoles = groups.some(({ name }) => name !== 'others');
  const finality = finalityLabel(block.finality.state);
  return (
    <section class="card race-card" aria-labelledby="race-title">
      <div class="card-head">
        <h2 id="race-title">
          {isNewest ? 'Newest block' : 'Block'} <span class="number">{blockName(block)}</span>
        </h2>
        <span class="badges">
          <Badge {...outcomeLabel(verdict, isLive)} />
          <Badge text={finality.text} tone={finality.tone} title={finality.meaning} />
        </span>
        {!isNewest && <a href="#newest">Follow the newest</a>}
      </div>
      <p class="hash">
        <a href={`#block=${block.hash}`} title="Link to this block">
          {block.hash}
        </a>
      </p>
      <p class="facts">{[...facts(block, now), ...formFacts(proofs)].join(' · ')}</p>
      {block.finality.by !== undefined && (
        <p class="facts">
          Replaced by <span class="hash">{plain(block.finality.by)}</span>
        </p>
      )}
      {verdict?.reason !== undefined && <p class="reason">{plain(verdict.reason)}</p>}
      <Summary spread={spread} reached={isAhead ? undefined : verdict} proofs={proofs} />
      {(hasRoles || rows.length > MAX_WHOLE) && (
        <Groups groups={groups} axis={axis} elapsedMs={elapsedMs} hasForms={hasForms} />
      )}
      {race === undefined && <p class="empty">Loading…</p>}
      {race !== undefined && isThinned(proofs, verdict) && (
        <p class="empty">The results per peer are kept for newer blocks only.</p>
      )}
      {race !== undefined && !isThinned(proofs, verdict) && (
        <Rows rows={rows} axis={axis} spread={spread} rpc={rpc} elapsedMs={elapsedMs} countries={countries} />
      )}
      <Legend hasRoles={hasRoles} hasCompact={proofs.some(({ form }) => form === 'compact')} />
    </section>
  );
}

/** The relay's history drops the results per peer of old blocks, and keeps their figures. */
function isThinned(proofs: readonly PeerProof[], verdict: BlockSummary['verdict']): boolean {
  return proofs.length === 0 && verdict !== undefined && verdict.peersTried > 0;
}

function spreadFrom({ firstMs, medianMs, lastMs }: NonNullable<BlockSummary['verdict']>): Spread {
  if (firstMs === undefined || medianMs === undefined || lastMs === undefined) return {};
  return { first: firstMs, median: medianMs, last: lastMs };
}

function facts({ receivedAt, size, transactions, gateMs, verdict }: BlockSummary, now: number): string[] {
  return [
    formatTime(receivedAt, now),
    ...(verdict === undefined ? [] : [`from ${SOURCE_NAMES[verdict.source]}`]),
    formatSize(size),
    ...(transactions === undefined ? [] : [plural(transactions, 'transaction')]),
    ...(gateMs === undefined ? [] : [`checked in ${formatMs(gateMs)}`]),
  ];
}

/** What left the relay, where it reported that. */
function formFacts(proofs: readonly PeerProof[]): string[] {
  const { full, compact, completed, bytes } = countForms(proofs);
  if (full + compact === 0) return [];
  return [
    `${formatSize(bytes)} sent`,
    compact === 0 ? `whole to ${plural(full, 'peer')}` : `compact to ${plural(compact, 'peer')}, whole to ${full}`,
    ...(completed === 0 ? [] : [`${completed} needed more`]),
  ];
}

interface SummaryProps {
  readonly spread: Spread;
  readonly reached: BlockSummary['verdict'];
  readonly proofs: readonly PeerProof[];
}

function Summary({ spread, reached, proofs }: SummaryProps) {
  const done = reached?.peersReached ?? proofs.filter(isReached).length;
  const all = reached?.peersTried ?? proofs.length;
  const times = (['first', 'median', 'last'] as const).map((mark) => [mark, spread[mark]] as const);
  return (
    <dl class="race-summary">
      <div>
        <dt>have it</dt>
        <dd>
          {formatCount(done)} <small>of {formatCount(all)} peers</small>
        </dd>
      </div>
      {times.map(([mark, ms]) => (
        <div key={mark}>
          <dt>{mark}</dt>
          <dd>{ms === undefined ? '–' : formatMs(ms)}</dd>
        </div>
      ))}
    </dl>
  );
}

interface LegendProps {
  readonly hasRoles: boolean;
  readonly hasCompact: boolean;
}

function Legend({ hasRoles, hasCompact }: LegendProps) {
  return (
    <ul class="legend" aria-label="Legend">
      {STATUS_MEANING.map(([status, meaning]) => (
        <li key={status}>
          <StatusIcon status={status} />
          <span>
            <b>{status}</b> {meaning}
          </span>
        </li>
      ))}
      {hasRoles &&
        ROLES.map((role) => (
          <li key={role}>
            <RoleMark role={role} />
            <span>{roleLabel(role).meaning}</span>
          </li>
        ))}
      {hasCompact && (
        <li>
          <span class="form form-compact">compact +1</span>
          <span>sent in compact form; +1: the peer lacked something, one more round trip</span>
        </li>
      )}
    </ul>
  );
}
