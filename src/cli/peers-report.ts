/** Peers as text: the table of `peers list`, and the page of `peers explain`. */
import { textTable } from '../common/text-table.js';
import type { TorMode } from '../config/tor.js';
import { BARRED } from '../messages/peers.js';
import { formatMs, oneLine } from '../ops/units.js';
import { delivered, isProven, type PeerRecord, undelivered } from '../peers/record.js';
import { type Score, score, type TermLabel, type Weights } from '../peers/score.js';
import { barOf, isConfigured } from '../peers/standing.js';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../time.js';

const NONE = '–';
const TERMS: readonly TermLabel[] = ['initial', 'success', 'recency', 'from-dashd', 'learned', 'floor'];

export interface Ranked {
  readonly record: PeerRecord;
  readonly score: Score;
}

/** One row per peer, in the given order. */
export function peerTable(ranked: readonly Ranked[], now: number): string {
  const head = ['peer', 'score', ...TERMS, 'delivered', 'failed', 'ping', 'height', 'last seen', 'known from'];
  const rows = ranked.map(({ record, score }) => [
    record.key,
    points(score.total),
    ...TERMS.map((label) => points(score.terms.find((term) => term.label === label)?.value)),
    String(delivered(record)),
    String(undelivered(record)),
    record.ping === undefined ? NONE : formatMs(record.ping.smoothedMs),
    String(record.height ?? NONE),
    ago(record.lastSeen, now),
    record.sources.join(', ') + (record.protected ? ' (protected)' : ''),
  ]);
  const lines = textTable([head, ...rows], new Set([0, head.length - 1]));
  return `${lines.join('\n')}\n${ranked.length} peers\n`;
}

/** What else is to be said of a peer: a label, and a text. */
export type Rows = readonly (readonly [label: string, text: string])[];

/** A peer that is in no book, but known to the running relay. */
export function describeMember(peer: string, rows: Rows): string {
  const labels = Math.max(...rows.map(([label]) => label.length));
  return [peer, ...rows.map(([label, text]) => `  ${label.padEnd(labels)}  ${oneLine(text)}`), ''].join('\n');
}

/** The terms of the score, each with its reason, and everything else that is known about the peer. */
export function describePeer(record: PeerRecord, now: number, weights: Weights, tor: TorMode, more: Rows = []): string {
  const { total, terms } = score(record, now, weights);
  const { broadcasts, announcements, connections, backoff } = record;
  const facts: [string, string | undefined][] = [
    ['known from', record.sources.join(', ') + (record.via === undefined ? '' : `, from ${record.via}`)],
    ['network', record.group],
    ['first seen', ago(record.firstSeen, now)],
    ['last seen', ago(record.lastSeen, now)],
    ['connected', record.lastConnected === undefined ? 'never' : ago(record.lastConnected, now)],
    ['software', record.userAgent && `${record.userAgent}, protocol ${record.protocolVersion ?? NONE}`],
    ['services', record.services?.toString()],
    ['height', record.height?.toString()],
    ['ping', record.ping && `${formatMs(record.ping.smoothedMs)}, at best ${formatMs(record.ping.minMs)}`],
    ['blocks', blocks(broadcasts)],
    [
      'announced',
      announcements.count === 0
        ? undefined
        : `${announcements.count}; first ${announcements.first} times${announcements.lagMs === undefined ? '' : `, ${formatMs(announcements.lagMs)} behind the first`}`,
    ],
    ['dials', `${connections.succeeded} succeeded, ${connections.failed} failed${lastFailure(record, now)}`],
    [
      'backoff',
      backoff.failures === 0
        ? undefined
        : `${backoff.failures} failures in a row, ${backoff.retryAt > now ? `next attempt in ${span(backoff.retryAt - now)}` : 'can be tried now'}`,
    ],
  ];
  facts.push(...more.map(([label, text]): [string, string] => [label, text]));
  if (!record.protected) facts.push(['dialled', dialled(record, now, tor)]);
  const width = Math.max(...terms.map(({ value }) => points(value).length), points(total).length);
  const labels = Math.max(...facts.map(([label]) => label.length));
  return [
    `${record.key}${record.protected ? ' (protected)' : ''}`,
    ...terms.map(({ label, value, why }) => `  ${points(value).padStart(width)}  ${label}: ${why}`),
    `  ${points(total).padStart(width)}  score`,
    '',
    ...facts.flatMap(([label, text]) => (text === undefined ? [] : [`  ${label.padEnd(labels)}  ${oneLine(text)}`])),
    '',
  ].join('\n');
}

/** Whether a relay would dial the peer; if not, the first reason against it. */
function dialled(record: PeerRecord, now: number, tor: TorMode): string {
  if (record.family === 'onion' && tor === 'off') return `never: unreachable-family: ${BARRED['unreachable-family']}`;
  const bar = barOf(record, now);
  if (bar === undefined) return 'when a connection slot is free, or a worse peer can be replaced';
  const who = isConfigured(record) || isProven(record) ? 'fewer than broadcast.minPeers peers are' : 'no peer is';
  return `not now: ${bar.code}: ${bar.text}; but once a minute while ${who} connected`;
}

function blocks({ acknowledged, accepted, alreadyHad, failed, proofMs }: PeerRecord['broadcasts']): string {
  const failures = Object.entries(failed).map(([code, count]) => `${count} failed (${code})`);
  const parts = [`${acknowledged} acknowledged`, `${accepted} accepted`, `${alreadyHad} already had`, ...failures];
  return parts.join(', ') + (proofMs === undefined ? '' : `; proof after ${formatMs(proofMs)}`);
}

function lastFailure({ connections: { lastFailure: failure } }: PeerRecord, now: number): string {
  return failure === undefined ? '' : `, last ${ago(failure.at, now)} (${failure.code})`;
}

function points(value: number | undefined): string {
  return value === undefined ? NONE : value.toFixed(1);
}

function ago(at: number, now: number): string {
  return `${span(Math.max(0, now - at))} ago`;
}

function span(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${(ms / MINUTE_MS).toFixed(0)} min`;
  if (ms < 48 * HOUR_MS) return `${(ms / HOUR_MS).toFixed(1)} h`;
  return `${(ms / (24 * HOUR_MS)).toFixed(0)} days`;
}
