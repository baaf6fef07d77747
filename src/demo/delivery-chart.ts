/** The delivery of one block as lines of text: when each peer had it. Built from the relay's events only. */
import type { BlockEvent, PeerProof, SignersReached, Verdict } from '../contracts/events.js';
import type { Hash } from '../wire/reader.js';

export interface BlockDelivery {
  readonly hash: Hash;
  readonly size: number;
  readonly height?: number;
  readonly transactions?: number;
  /** By the peer's `host:port`. */
  readonly proofs: ReadonlyMap<string, PeerProof>;
  readonly verdict?: Verdict;
}

export interface ChartedPeer {
  /** `host:port` */
  readonly peer: string;
  readonly name: string;
  /** What is known about it beforehand. */
  readonly remark: string;
}

export interface ChartStyle {
  /** Characters in a line. */
  readonly width: number;
  readonly colour: boolean;
}

/** The race after an event; unchanged when the event is about another block. */
export function follow(race: BlockDelivery | undefined, event: BlockEvent): BlockDelivery | undefined {
  if (event.type === 'received') {
    const { hash, size, height, transactions } = event;
    return {
      hash,
      size,
      ...(height !== undefined && { height }),
      ...(transactions !== undefined && { transactions }),
      proofs: new Map(),
    };
  }
  if (race === undefined || event.hash !== race.hash) return race;
  if (event.type === 'proof') return { ...race, proofs: new Map(race.proofs).set(event.peer, event) };
  if (event.type !== 'verdict') return race;
  return { ...race, proofs: new Map(event.peers.map((proof) => [proof.peer, proof])), verdict: event };
}

/** When a peer was first proven to have the block, ms from its arrival. */
function provenMs({ acknowledgedMs, acceptedMs }: PeerProof): number | undefined {
  return acknowledgedMs ?? acceptedMs;
}

/** The race as lines: a heading, a bar for each peer, the fastest on top, and the result. */
export function draw(race: BlockDelivery, peers: readonly ChartedPeer[], style: ChartStyle): string[] {
  const times = [...race.proofs.values()].flatMap((proof) => provenMs(proof) ?? []);
  const longest = Math.max(1, ...times);
  const rows = peers.map((peer) => ({ peer, proof: race.proofs.get(peer.peer) })).toSorted(byTime);
  return [heading(race, style), ...rows.map((row) => drawRow(row, longest, style)), ...footing(race, style)];
}

interface Row {
  readonly peer: ChartedPeer;
  readonly proof: PeerProof | undefined;
}

function byTime(a: Row, b: Row): number {
  return sortKey(a) - sortKey(b);
}

/** Peers without a time come last: pending, already had it, failed, not connected. */
function sortKey({ proof }: Row): number {
  if (proof === undefined) return Number.MAX_VALUE;
  const unproven = { pending: 1e9, written: 1e9, acknowledged: 0, accepted: 0, 'already-had': 2e9, failed: 3e9 };
  return provenMs(proof) ?? unproven[proof.status];
}

const NAME_WIDTH = 8;
const REMARK_WIDTH = 22;
const TIME_WIDTH = 9;
const STATUS_WIDTH = 31;
const LEAST_BAR = 10;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

function drawRow({ peer, proof }: Row, longest: number, style: ChartStyle): string {
  const room = Math.max(LEAST_BAR, style.width - NAME_WIDTH - REMARK_WIDTH - TIME_WIDTH - STATUS_WIDTH - 6);
  const ms = proof === undefined ? undefined : provenMs(proof);
  const bar = ms === undefined ? '' : barOf((ms / longest) * room);
  const time = ms === undefined ? '' : milliseconds(ms);
  const { text, colour } = statusOf(proof);
  const status = text.length > STATUS_WIDTH ? `${text.slice(0, STATUS_WIDTH - 1)}…` : text;
  const line = [
    `  ${peer.name.padEnd(NAME_WIDTH)}`,
    dim(peer.remark.slice(0, REMARK_WIDTH).padEnd(REMARK_WIDTH), style),
    paint(bar.padEnd(room), colour, style),
    time.padStart(TIME_WIDTH),
    paint(status, colour, style),
  ];
  return line.join(' ').trimEnd();
}

/** A bar of this many characters, to an eighth. */
function barOf(length: number): string {
  const eighths = Math.max(1, Math.round(length * EIGHTHS.length));
  return '█'.repeat(Math.floor(eighths / EIGHTHS.length)) + (EIGHTHS[eighths % EIGHTHS.length] ?? '');
}

type Colour = 'green' | 'cyan' | 'yellow' | 'red' | 'grey';

function statusOf(proof: PeerProof | undefined): { readonly text: string; readonly colour: Colour } {
  switch (proof?.status) {
    case undefined:
      return { text: 'not connected', colour: 'grey' };
    case 'pending':
      return { text: 'sending', colour: 'yellow' };
    case 'written':
      return { text: 'sent, no answer yet', colour: 'yellow' };
    case 'acknowledged':
      return { text: 'acknowledged', colour: 'cyan' };
    case 'accepted':
      return { text: `accepted${remarks(proof)}`, colour: 'green' };
    case 'already-had':
      return { text: 'already had it', colour: 'green' };
    case 'failed':
      return { text: `failed: ${proof?.reason ?? 'unknown'}`, colour: 'red' };
  }
}

/** In which form the peer was sent the block, and whether its signature counts for the block's ChainLock. */
function remarks({ form, roundTrips = 0, role }: PeerProof): string {
  const way = form !== 'compact' ? '' : roundTrips > 0 ? ', compact + txs' : ', compact';
  return way + (role === 'signer' ? ', signer' : '');
}

function heading({ hash, size, height, transactions }: BlockDelivery, style: ChartStyle): string {
  const number = height === undefined ? '' : ` ${height}`;
  const count = transactions === undefined ? '' : `, ${transactions} transaction${transactions === 1 ? '' : 's'}`;
  return bold(`Block${number}  ${hash.slice(0, 16)}…  ${bytes(size)}${count}`, style);
}

function footing({ verdict }: BlockDelivery, style: ChartStyle): string[] {
  if (verdict === undefined) return [dim('  …', style)];
  const { rpc, outcome, reason, peersReached, peersTried, firstMs, medianMs, lastMs, signers } = verdict;
  const answer = rpc === undefined ? 'no answer' : `${rpc.outcome} after ${milliseconds(rpc.ms)}`;
  const why = rpc?.reason === undefined ? '' : ` (${rpc.reason})`;
  const span =
    firstMs === undefined || medianMs === undefined || lastMs === undefined
      ? ''
      : `: first ${milliseconds(firstMs)}, median ${milliseconds(medianMs)}, last ${milliseconds(lastMs)}`;
  const colour = verdict.success ? 'green' : 'red';
  return [
    `  submitblock: ${answer}${why}`,
    paint(`  ${outcome}${reason === undefined ? '' : ` (${reason})`}`, colour, style) +
      `, ${peersReached} of ${peersTried} peers${span}`,
    ...(signers === undefined ? [] : [`  signers of its ChainLock: ${majorityOf(signers)}`]),
  ];
}

function majorityOf({ reached, tried, majorityMs }: SignersReached): string {
  const majority = majorityMs === undefined ? '' : `, 60 % after ${milliseconds(majorityMs)}`;
  return `${reached} of ${tried}${majority}`;
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

function bytes(size: number): string {
  return size < 1_000 ? `${size} B` : `${(size / 1_000).toFixed(1)} kB`;
}

const CODES: Readonly<Record<Colour, number>> = { green: 32, cyan: 36, yellow: 33, red: 31, grey: 90 };

export function paint(text: string, colour: Colour, style: ChartStyle): string {
  return style.colour && text.trim() !== '' ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

export function dim(text: string, style: ChartStyle): string {
  return paint(text, 'grey', style);
}

function bold(text: string, style: ChartStyle): string {
  return style.colour ? `\x1b[1m${text}\x1b[0m` : text;
}
