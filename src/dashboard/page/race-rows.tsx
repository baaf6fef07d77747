/** The rows of a race: one per peer. Of many, those in view of a list that scrolls, which can be narrowed down. */
import { useMemo, useState } from 'preact/hooks';
import type { RpcResult } from '../../contracts/events.js';
import { countryName, formatMs, plain, splitPeer } from '../model/format.js';
import { formLabel, roleLabel, rpcLabel, statusLabel } from '../model/labels.js';
import type { Axis, RaceRow, Spread } from '../model/race.js';
import { countRows, filterRows, ROW_FILTERS, type RowFilter } from '../model/race-rows.js';
import { Choice } from './choice.js';
import { useMedia } from './hooks.js';
import { className, StatusIcon, ToneIcon } from './icons.js';
import { anchor, formatTick, GridLines, percent, RpcTrack, Track } from './race-track.js';
import { MAX_WHOLE, useRowWindow } from './windowed.js';

export interface RowsProps {
  readonly rows: readonly RaceRow[];
  readonly axis: Axis;
  readonly spread: Spread;
  readonly rpc: RpcResult | undefined;
  /** Time since the block's arrival, ms, while its delivery is under way. */
  readonly elapsedMs: number | undefined;
  readonly countries: ReadonlyMap<string, string>;
}

export function Rows({ rows, axis, spread, rpc, elapsedMs, countries }: RowsProps) {
  const ground = <GridLines axis={axis} spread={spread} elapsedMs={elapsedMs} />;
  const hasForms = rows.some(({ proof }) => proof.form !== undefined);
  const row = (one: RaceRow) => (
    <Row
      key={one.proof.peer}
      row={one}
      axis={axis}
      country={countries.get(one.proof.peer)}
      elapsedMs={elapsedMs}
      hasForm={hasForms}
    >
      {ground}
    </Row>
  );
  return (
    <div class={`race${hasForms ? ' has-forms' : ''}`}>
      <AxisRow axis={axis} />
      {rpc !== undefined && (
        <ol class="race-rows">
          <RpcRow rpc={rpc} axis={axis}>
            {ground}
          </RpcRow>
        </ol>
      )}
      {rows.length > MAX_WHOLE ? <ManyRows rows={rows} row={row} /> : <ol class="race-rows">{rows.map(row)}</ol>}
      {rows.length === 0 && (
        <p class="empty">{elapsedMs !== undefined ? 'Not written to any peer yet.' : 'It was written to no peer.'}</p>
      )}
    </div>
  );
}

/** Above the rows, and above the groups. */
export function AxisRow({ axis }: { readonly axis: Axis }) {
  return (
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
  );
}

/** Heights of a row in app.css, CSS pixels: on one line, and on two. */
const ROW_PX = 23;
const TALL_ROW_PX = 44;

interface ManyRowsProps {
  readonly rows: readonly RaceRow[];
  readonly row: (one: RaceRow) => preact.JSX.Element;
}

function ManyRows({ rows, row }: ManyRowsProps) {
  const [filter, setFilter] = useState<RowFilter>('all');
  const isNarrow = useMedia('(max-width: 699px)');
  const rowPx = isNarrow ? TALL_ROW_PX : ROW_PX;
  const shown = useMemo(() => filterRows(rows, filter), [rows, filter]);
  const counts = useMemo(() => countRows(rows), [rows]);
  const { ref, first, end } = useRowWindow(shown.length, rowPx);
  return (
    <>
      <Choice
        label="Peers shown in the race"
        options={ROW_FILTERS.filter((one) => one === 'all' || counts[one] > 0).map((one) => ({
          value: one,
          text: one,
          count: counts[one],
        }))}
        chosen={filter}
        onChoose={setFilter}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="rows-scroll" ref={ref} tabIndex={0} aria-label={`${shown.length} peers, by time of proof`}>
        <ol class="race-rows is-windowed">
          <li aria-hidden="true" style={{ height: `${first * rowPx}px` }} />
          {shown.slice(first, end).map(row)}
          <li aria-hidden="true" style={{ height: `${(shown.length - end) * rowPx}px` }} />
        </ol>
      </section>
    </>
  );
}

interface RpcRowProps {
  readonly rpc: RpcResult;
  readonly axis: Axis;
  readonly children: preact.ComponentChildren;
}

function RpcRow({ rpc, axis, children }: RpcRowProps) {
  const { tone, text } = rpcLabel(rpc);
  return (
    <li class="race-row">
      <span class="race-peer">
        <span class="tag">RPC</span> submitblock to dashd
      </span>
      <RpcTrack axis={axis} rpc={rpc}>
        {children}
      </RpcTrack>
      <span class="race-result">
        <ToneIcon tone={tone} />
        <span class="race-word">{text}</span> <span class="race-time">{formatMs(rpc.ms)}</span>
      </span>
    </li>
  );
}

interface RowProps {
  readonly row: RaceRow;
  readonly axis: Axis;
  readonly country: string | undefined;
  readonly elapsedMs: number | undefined;
  readonly hasForm: boolean;
  readonly children: preact.ComponentChildren;
}

function Row({ row: { proof, provenMs, marks }, axis, country, elapsedMs, hasForm, children }: RowProps) {
  const [host, port] = splitPeer(proof.peer);
  const place = countryName(country);
  const form = formLabel(proof);
  return (
    <li class={`race-row ${className(proof.status)}${proof.protected ? ' is-protected' : ''}`}>
      <span class="race-peer">
        {proof.protected ? (
          <span class="tag" title="The pool’s own dashd">
            dashd
          </span>
        ) : (
          <>
            <RoleMark role={proof.role} />
            <abbr class="country" title={place}>
              {country !== undefined && plain(country)}
            </abbr>
          </>
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
        {hasForm && (
          <span class={`form form-${proof.form ?? 'none'}`} title={form?.title}>
            {form?.text}
          </span>
        )}
        {marks.length > 0 && <span class="mark-tag">{marks.join(', ')}</span>}
        <StatusIcon status={proof.status} />
        <span class="race-word">{statusLabel(proof)}</span>{' '}
        {provenMs !== undefined && <span class="race-time">{formatMs(provenMs)}</span>}
      </span>
    </li>
  );
}

/** A letter, so that 1,350 rows stay narrow; its meaning is in the legend, its title and its text for screen readers. */
export function RoleMark({ role }: { readonly role: 'signer' | 'member' | undefined }) {
  if (role === undefined) return null;
  const { letter, meaning } = roleLabel(role);
  return (
    <span class={`role role-${role}`} title={meaning}>
      <span aria-hidden="true">{letter}</span>
      <span class="unseen">{role} </span>
    </span>
  );
}
