/** The race of one block: its delivery to each peer on a time axis, one row per peer. */

import type { BlockSummary } from '../../contracts/api.js';
import type { PeerProof, RpcResult } from '../../contracts/events.js';
import { blockName, countryName, formatMs, formatSize, formatTime, plain, plural, splitPeer } from '../model/format.js';
import { finalityLabel, outcomeLabel, rpcLabel, STATUS_MEANING, statusLabel } from '../model/labels.js';
import { type Axis, axisFor, placeOn, type RaceRow, raceRows, type Spread, spreadOf, timesOf } from '../model/race.js';
import { isUnderWay, type Race } from '../model/state.js';
import { useNow } from './hooks.js';
import { Badge, className, Shape, StatusIcon, ToneIcon } from './icons.js';

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
  const proofs = [...(race?.values() ?? [])];
  const spread = verdict === undefined ? spreadOf(proofs) : spreadFrom(verdict);
  const rows = raceRows(proofs, spread);
  const rpc = verdict?.rpc;
  const elapsedMs = isLive ? now - block.receivedAt : 0;
  const axis = axisFor(timesOf(proofs, rpc), elapsedMs);
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
      <p class="facts">{facts(block, now).join(' · ')}</p>
      {block.finality.by !== undefined && (
        <p class="facts">
          Replaced by <span class="hash">{plain(block.finality.by)}</span>
        </p>
      )}
      {verdict?.reason !== undefined && <p class="reason">{plain(verdict.reason)}</p>}
      <Summary spread={spread} reached={verdict} proofs={proofs} />
      {race === undefined ? (
        <p class="empty">Loading…</p>
      ) : (
        <Rows
          rows={rows}
          axis={axis}
          spread={spread}
          rpc={rpc}
          isLive={isLive}
          elapsedMs={elapsedMs}
          countries={countries}
        />
      )}
      <Legend />
    </section>
  );
}

function spreadFrom({ firstMs, medianMs, lastMs }: NonNullable<BlockSummary['verdict']>): Spread {
  if (firstMs === undefined || medianMs === undefined || lastMs === undefined) return {};
  return { first: firstMs, median: medianMs, last: lastMs };
}

function facts({ receivedAt, size, transactions, gateMs, verdict }: BlockSummary, now: number): string[] {
  return [
    formatTime(receivedAt, now),
    ...(verdict === undefined ? [] : [`from ${verdict.source === 'pool' ? 'the pool' : 'dashd'}`]),
    formatSize(size),
    ...(transactions === undefined ? [] : [plural(transactions, 'transaction')]),
    ...(gateMs === undefined ? [] : [`checked in ${formatMs(gateMs)}`]),
  ];
}

interface SummaryProps {
  readonly spread: Spread;
  readonly reached: BlockSummary['verdict'];
  readonly proofs: readonly PeerProof[];
}

function Summary({ spread, reached, proofs }: SummaryProps) {
  const done = reached?.peersReached ?? proofs.filter(({ status }) => /^a/.test(status)).length;
  const all = reached?.peersTried ?? proofs.length;
  const times = (['first', 'median', 'last'] as const).map((mark) => [mark, spread[mark]] as const);
  return (
    <dl class="race-summary">
      <div>
        <dt>have it</dt>
        <dd>
          {done} <small>of {all} peers</small>
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

interface RowsProps {
  readonly rows: readonly RaceRow[];
  readonly axis: Axis;
  readonly spread: Spread;
  readonly rpc: RpcResult | undefined;
  readonly isLive: boolean;
  readonly elapsedMs: number;
  readonly countries: ReadonlyMap<string, string>;
}

function Rows({ rows, axis, spread, rpc, isLive, elapsedMs, countries }: RowsProps) {
  const ground = <GridLines axis={axis} spread={spread} elapsedMs={isLive ? elapsedMs : undefined} />;
  return (
    <div class="race">
      <div class="race-row race-axis" aria-hidden="true">
        <span />
        <svg class="track" aria-hidden="true">
          {axis.ticks.map((tick) => (
            <text key={tick} class="tick" x={percent(axis, tick)} y="12" text-anchor={anchor(axis, tick)}>
              {tick === 0 ? '0' : formatTick(tick)}
            </text>
          ))}
        </svg>
        <span />
      </div>
      <ol class="race-rows">
        {rpc !== undefined && (
          <li class="race-row">
            <span class="race-peer">
              <span class="tag">RPC</span> submitblock to dashd
            </span>
            <RpcTrack axis={axis} rpc={rpc}>
              {ground}
            </RpcTrack>
            <span class="race-result">
              <ToneIcon tone={rpcLabel(rpc).tone} />
              <span class="race-word">{rpcLabel(rpc).text}</span> <span class="race-time">{formatMs(rpc.ms)}</span>
            </span>
          </li>
        )}
        {rows.map((row) => (
          <Row
            key={row.proof.peer}
            row={row}
            axis={axis}
            country={countries.get(row.proof.peer)}
            elapsedMs={isLive ? elapsedMs : undefined}
          >
            {ground}
          </Row>
        ))}
      </ol>
      {rows.length === 0 && (
        <p class="empty">{isLive ? 'Not written to any peer yet.' : 'It was written to no peer.'}</p>
      )}
    </div>
  );
}

interface RowProps {
  readonly row: RaceRow;
  readonly axis: Axis;
  readonly country: string | undefined;
  /** Time since the block's arrival, ms, while its delivery is under way. */
  readonly elapsedMs: number | undefined;
  readonly children: preact.ComponentChildren;
}

function Row({ row: { proof, provenMs, marks }, axis, country, elapsedMs, children }: RowProps) {
  const [host, port] = splitPeer(proof.peer);
  const place = countryName(country);
  return (
    <li class={`race-row ${className(proof.status)}${proof.protected ? ' is-protected' : ''}`}>
      <span class="race-peer">
        {proof.protected ? (
          <span class="tag" title="The pool’s own dashd">
            dashd
          </span>
        ) : (
          <abbr class="country" title={place}>
            {country !== undefined && plain(country)}
          </abbr>
        )}{' '}
        <span class="peer-name">
          {host}
          <span class="port">{port}</span>
        </span>
      </span>
      <Track proof={proof} axis={axis} elapsedMs={elapsedMs}>
        {children}
      </Track>
      <span class="race-result" title={statusLabel(proof)}>
        {marks.length > 0 && <span class="mark-tag">{marks.join(', ')}</span>}
        <StatusIcon status={proof.status} />
        <span class="race-word">{statusLabel(proof)}</span>{' '}
        {provenMs !== undefined && <span class="race-time">{formatMs(provenMs)}</span>}
      </span>
    </li>
  );
}

interface TrackProps {
  readonly proof: PeerProof;
  readonly axis: Axis;
  readonly elapsedMs: number | undefined;
  readonly children: preact.ComponentChildren;
}

function Track({ proof, axis, elapsedMs, children }: TrackProps) {
  const { status, writtenMs, acknowledgedMs, acceptedMs } = proof;
  const begin = writtenMs ?? 0;
  const proven = acknowledgedMs ?? acceptedMs;
  return (
    <svg class="track" aria-hidden="true">
      {children}
      {proven !== undefined && <Bar axis={axis} from={begin} to={proven} kind="sent" />}
      {status === 'written' && elapsedMs !== undefined && (
        <Bar axis={axis} from={begin} to={elapsedMs} kind="waiting" />
      )}
      {acknowledgedMs !== undefined && acceptedMs !== undefined && (
        <Bar axis={axis} from={acknowledgedMs} to={acceptedMs} kind="taken" />
      )}
      {writtenMs !== undefined && <Point axis={axis} ms={writtenMs} status="written" />}
      {acknowledgedMs !== undefined && <Point axis={axis} ms={acknowledgedMs} status="acknowledged" />}
      {acceptedMs !== undefined && <Point axis={axis} ms={acceptedMs} status="accepted" />}
      {(status === 'failed' || status === 'already-had') && <Point axis={axis} ms={begin} status={status} aside />}
    </svg>
  );
}

interface RpcTrackProps {
  readonly rpc: RpcResult;
  readonly axis: Axis;
  readonly children: preact.ComponentChildren;
}

function RpcTrack({ rpc, axis, children }: RpcTrackProps) {
  const isTaken = rpc.outcome === 'accepted' || rpc.outcome === 'duplicate';
  return (
    <svg class="track" aria-hidden="true">
      {children}
      <Bar axis={axis} from={0} to={rpc.ms} kind="sent" />
      <Point axis={axis} ms={rpc.ms} status={isTaken ? 'accepted' : 'failed'} />
    </svg>
  );
}

/** The background of each row: ticks, and lines at the first, median and last proof, continuous from row to row. */
function GridLines({
  axis,
  spread,
  elapsedMs,
}: {
  readonly axis: Axis;
  readonly spread: Spread;
  readonly elapsedMs: number | undefined;
}) {
  const line = (ms: number, kind: string) => (
    <line key={kind} class={kind} x1={percent(axis, ms)} x2={percent(axis, ms)} y1="0" y2="100%" />
  );
  return (
    <>
      {axis.ticks.map((tick) => (
        <line key={tick} class="grid" x1={percent(axis, tick)} x2={percent(axis, tick)} y1="0" y2="100%" />
      ))}
      {(['first', 'median', 'last'] as const).map((mark) => {
        const ms = spread[mark];
        return ms === undefined || ms > axis.endMs ? null : line(ms, `at-${mark}`);
      })}
      {elapsedMs !== undefined && line(elapsedMs, 'at-now')}
    </>
  );
}

interface BarProps {
  readonly axis: Axis;
  readonly from: number;
  readonly to: number;
  readonly kind: 'sent' | 'taken' | 'waiting';
}

function Bar({ axis, from, to, kind }: BarProps) {
  return <line class={`bar bar-${kind}`} x1={percent(axis, from)} x2={percent(axis, to)} y1="50%" y2="50%" />;
}

interface PointProps {
  readonly axis: Axis;
  readonly ms: number;
  readonly status: PeerProof['status'];
  /** Drawn beside its position, which another icon occupies. */
  readonly aside?: boolean;
}

function Point({ axis, ms, status, aside }: PointProps) {
  const isBeyond = ms > axis.endMs;
  return (
    <svg class="point" aria-hidden="true" x={percent(axis, ms)} y="50%">
      {isBeyond ? (
        <path class={`shape beyond ${className(status)}`} d="M-9 -4L-4 0L-9 4M-4 -4L1 0L-4 4" />
      ) : (
        <g transform={aside === true ? 'translate(11 0)' : 'translate(0 0)'}>
          <Shape status={status} />
        </g>
      )}
    </svg>
  );
}

function percent(axis: Axis, ms: number): string {
  return `${(placeOn(axis, ms) * 100).toFixed(2)}%`;
}

function anchor(axis: Axis, tick: number): 'start' | 'middle' | 'end' {
  if (tick === 0) return 'start';
  return tick === axis.endMs ? 'end' : 'middle';
}

function formatTick(ms: number): string {
  return ms < 1_000 ? `${Number(ms.toPrecision(2))} ms` : `${Number((ms / 1_000).toPrecision(2))} s`;
}

function Legend() {
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
    </ul>
  );
}
