/**
 * The page's state as a pure reducer: `reduce(state, action)`. Applying an event twice, or after a reply that already includes it, gives the same
 * state. Bounded: {@link MAX_BLOCKS}, {@link MAX_RACES}, {@link MAX_PROOFS}, {@link MAX_COUNTRIES}.
 */

import type {
  BlockReply,
  BlockSummary,
  BlocksReply,
  PeersReply,
  ServiceStatus,
  StatusReply,
} from '../../contracts/api.js';
import type {
  BlockFinality,
  BlockProof,
  BlockReceived,
  BlockRefused,
  BlockVerdict,
  PeerEvent,
  PeerProof,
  RelayEvent,
  ServiceEvent,
} from '../../contracts/events.js';
import type { BlockLocks } from '../../contracts/locks.js';
import type { BlockPropagation, Sight } from '../../contracts/propagation.js';
import type { PeerView } from '../../contracts/view.js';

/** The page's connection to the relay. Times are of the browser's clock, milliseconds since the epoch. */
export type ConnectionState =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'lost'; readonly since: number; readonly retryAt: number; readonly reason: string }
  | { readonly state: 'unauthorised' };

/** The results of one block, by peer. */
export type Race = ReadonlyMap<string, PeerProof>;

export interface PageState {
  readonly link: ConnectionState;
  /** The relay's clock minus the browser's, ms. */
  readonly skewMs: number;
  readonly status?: StatusReply;
  readonly peers: readonly PeerView[];
  /** Countries of current and earlier peers, since results outlast connections. */
  readonly countries: ReadonlyMap<string, string>;
  /** Newest first. */
  readonly blocks: readonly BlockSummary[];
  /** Where the next page of older blocks begins. */
  readonly next?: string;
  readonly races: ReadonlyMap<string, Race>;
  /** What the witnesses saw of a block: of those with a race. */
  readonly sights: ReadonlyMap<string, readonly Sight[]>;
  /** Blocks opened by a link that are too old to be in `blocks`. */
  readonly linked: ReadonlyMap<string, BlockSummary>;
  /** Blocks that the relay does not know. */
  readonly missing: ReadonlySet<string>;
  /** The selected block; without it the newest is shown. */
  readonly selected?: string;
  /** The last frame that the gate refused. */
  readonly refused?: BlockRefused;
  /** The text that screen readers announce. */
  readonly announcement: string;
}

export type Action =
  | { readonly type: 'connection'; readonly link: ConnectionState }
  | { readonly type: 'status'; readonly reply: StatusReply; readonly now: number }
  | { readonly type: 'peers'; readonly reply: PeersReply }
  | { readonly type: 'blocks'; readonly reply: BlocksReply }
  | { readonly type: 'older-blocks'; readonly reply: BlocksReply }
  | { readonly type: 'block'; readonly reply: BlockReply }
  | { readonly type: 'no-such-block'; readonly hash: string }
  | { readonly type: 'select'; readonly hash: string | undefined }
  | { readonly type: 'events'; readonly events: readonly RelayEvent[] };

export const INITIAL: PageState = {
  link: { state: 'connecting' },
  skewMs: 0,
  peers: [],
  countries: new Map(),
  blocks: [],
  races: new Map(),
  sights: new Map(),
  linked: new Map(),
  missing: new Set(),
  announcement: '',
};

/** A page may stay open for months. The oldest entries are removed; they can be fetched again. */
const MAX_BLOCKS = 500;
/** Of all races kept: 60 of 40 peers, or some of 1,350. */
const MAX_PROOFS = 20_000;
const MAX_RACES = 60;
const MAX_COUNTRIES = 3_000;

export function reduce(state: PageState, action: Action): PageState {
  switch (action.type) {
    case 'connection':
      return onConnection(state, action.link);
    case 'status':
      return { ...state, status: action.reply, skewMs: action.reply.now - action.now };
    case 'peers':
      return onPeers(state, action.reply);
    case 'blocks':
      return onBlocks(state, action.reply);
    case 'older-blocks':
      return onOlder(state, action.reply);
    case 'block':
      return onBlock(state, action.reply);
    case 'no-such-block':
      return { ...state, missing: new Set(state.missing).add(action.hash) };
    case 'select':
      return select(state, action.hash);
    case 'events':
      return onEvents(state, action.events);
  }
}

/**
 * A block's proofs come in bursts, up to three for each of 1,350 peers: those that follow each other are applied at once, since each step
 * copies the block's results.
 */
function onEvents(state: PageState, events: readonly RelayEvent[]): PageState {
  let next = state;
  for (let at = 0; at < events.length; ) {
    const proofs = proofsFrom(events, at);
    const event = events[at];
    if (proofs.length > 0) next = onProofs(next, proofs);
    else if (event !== undefined) next = onEvent(next, event);
    at += Math.max(1, proofs.length);
  }
  return next;
}

/** The proofs of one block that begin at a position and follow each other. */
function proofsFrom(events: readonly RelayEvent[], start: number): readonly BlockProof[] {
  const proofs: BlockProof[] = [];
  for (let at = start; at < events.length; at++) {
    const event = events[at];
    if (event?.type !== 'proof' || event.hash !== (proofs[0] ?? event).hash) break;
    proofs.push(event);
  }
  return proofs;
}

function onConnection(state: PageState, link: ConnectionState): PageState {
  const [before, after] = [state.link.state, link.state];
  if (after === 'lost' && before !== 'lost') return { ...state, link, announcement: 'Connection to the relay lost' };
  if (after === 'live' && before === 'lost') return { ...state, link, announcement: 'Connected to the relay again' };
  return { ...state, link };
}

function select({ selected: _before, ...state }: PageState, hash: string | undefined): PageState {
  return hash === undefined ? state : { ...state, selected: hash };
}

function onPeers(state: PageState, { peers }: PeersReply): PageState {
  const here = peers.flatMap(({ peer, country }) => (country === undefined ? [] : [[peer, country] as const]));
  const before = state.countries.size < MAX_COUNTRIES ? state.countries : [];
  return { ...state, peers, countries: new Map([...before, ...here]) };
}

/** A new first page: other data may have gaps, and is dropped. */
function onBlocks({ next: _before, ...state }: PageState, { blocks, next }: BlocksReply): PageState {
  const nothing = { races: new Map(), sights: new Map(), linked: new Map(), missing: new Set<string>() };
  return { ...state, ...nothing, blocks, ...(next !== undefined && { next }) };
}

function onOlder({ next: _before, ...state }: PageState, { blocks, next }: BlocksReply): PageState {
  const known = new Set(state.blocks.map(({ hash }) => hash));
  const merged = [...state.blocks, ...blocks.filter(({ hash }) => !known.has(hash))];
  const isFull = merged.length >= MAX_BLOCKS;
  return { ...state, blocks: merged.slice(0, MAX_BLOCKS), ...(next !== undefined && !isFull && { next }) };
}

function onBlock(state: PageState, { race, sights, ...block }: BlockReply): PageState {
  const isListed = state.blocks.some(({ hash }) => hash === block.hash);
  const races = withRace(state, block.hash, raceOf(race));
  return {
    ...state,
    sights: sights === undefined ? state.sights : withSights(state, races, block.hash, sights),
    blocks: isListed ? state.blocks.map((known) => (known.hash === block.hash ? block : known)) : state.blocks,
    linked: isListed ? state.linked : new Map(state.linked).set(block.hash, block),
    races,
  };
}

function onEvent(state: PageState, event: RelayEvent): PageState {
  switch (event.type) {
    case 'received':
      return onReceived(state, event);
    case 'proof':
      return onProofs(state, [event]);
    case 'verdict':
      return onVerdict(state, event);
    case 'finality':
      return onFinality(state, event);
    case 'refused':
      return { ...state, refused: event };
    case 'peer-connected':
    case 'peer-lost':
      return onPeer(state, event);
    case 'service':
      return onService(state, event);
    case 'locks':
      return onLocks(state, event);
    case 'propagation':
      return onPropagation(state, event);
    case 'plan':
    case 'tip':
    case 'locks-relayed':
    case 'lock-forecast':
    case 'gossip':
    case 'repeated':
    case 'stored':
    case 'witness':
      return state;
  }
}

/** Only the pool's blocks are listed; those from dashd are the network's. */
function onReceived(state: PageState, event: BlockReceived): PageState {
  if (event.source === 'dashd' || state.blocks.some(({ hash }) => hash === event.hash)) return state;
  const { hash, height, size, transactions, gateMs, at } = event;
  const block: BlockSummary = {
    hash,
    size,
    receivedAt: at,
    ...(height !== undefined && { height }),
    ...(transactions !== undefined && { transactions }),
    ...(gateMs !== undefined && { gateMs }),
    finality: { at, state: 'pending' },
  };
  return {
    ...state,
    blocks: [block, ...state.blocks].slice(0, MAX_BLOCKS),
    races: withRace(state, hash, new Map()),
  };
}

/** @param proofs of one block, at least one */
function onProofs(state: PageState, proofs: readonly BlockProof[]): PageState {
  const hash = proofs[0]?.hash ?? '';
  const before = state.races.get(hash);
  // Without the earlier results, one proof would look like all of them.
  if (before === undefined) return state;
  const race = new Map(before);
  for (const { type: _type, at: _at, hash: _hash, ...proof } of proofs) race.set(proof.peer, proof);
  return { ...state, races: withRace(state, hash, race) };
}

function onVerdict(state: PageState, event: BlockVerdict): PageState {
  const { type: _type, at: _at, peers, ...verdict } = event;
  const block = state.blocks.find(({ hash }) => hash === event.hash);
  if (block === undefined) return state;
  const isNews = block.verdict === undefined;
  return {
    ...state,
    blocks: state.blocks.map((known) => (known === block ? { ...block, verdict } : known)),
    races: withRace(state, event.hash, raceOf(peers)),
    announcement: isNews ? announce(event) : state.announcement,
  };
}

function announce({ height, outcome, peersReached, peersTried, reason }: BlockVerdict): string {
  const name = height === undefined ? 'Block' : `Block ${height}`;
  return `${name} ${outcome}: ${peersReached} of ${peersTried} peers have it${reason === undefined ? '' : `. ${reason}`}`;
}

function onFinality(state: PageState, { type: _type, hash, height: _height, ...finality }: BlockFinality): PageState {
  return renewBlock(state, hash, { finality });
}

function onLocks(state: PageState, { type: _type, hash, height: _height, ...locks }: BlockLocks): PageState {
  return renewBlock(state, hash, { locks });
}

/** Of others' blocks only the status tells. */
function onPropagation(
  state: PageState,
  { type: _type, at: _at, hash, sights, ...propagation }: BlockPropagation,
): PageState {
  if (!propagation.own) return state;
  return { ...renewBlock(state, hash, { propagation }), sights: withSights(state, state.races, hash, sights) };
}

function renewBlock(state: PageState, hash: string, news: Partial<BlockSummary>): PageState {
  const linked = state.linked.get(hash);
  return {
    ...state,
    blocks: state.blocks.map((block) => (block.hash === hash ? { ...block, ...news } : block)),
    ...(linked !== undefined && { linked: new Map(state.linked).set(hash, { ...linked, ...news }) }),
  };
}

/** Kept as long as the block's race. */
function withSights(
  { sights }: PageState,
  races: PageState['races'],
  hash: string,
  news: readonly Sight[],
): PageState['sights'] {
  return new Map([...sights, [hash, news] as const].filter(([known]) => races.has(known)));
}

/** A lost peer is removed at once; a new one appears with the next reply of /peers. */
function onPeer(state: PageState, event: PeerEvent): PageState {
  if (event.type === 'peer-lost') return { ...state, peers: state.peers.filter(({ peer }) => peer !== event.peer) };
  return {
    ...state,
    peers: state.peers.map((known) =>
      known.peer === event.peer
        ? { ...known, state: 'connected', since: event.at, userAgent: event.userAgent, height: event.height }
        : known,
    ),
  };
}

/** A fault does not change the state of a service; the relay counts faults. */
function onService(state: PageState, event: ServiceEvent): PageState {
  const { status } = state;
  if (status === undefined || event.state === 'fault') return state;
  const before = status.services.find(({ service }) => service === event.service);
  const { service, state: now, at, code, detail } = event;
  const after: ServiceStatus = { service, state: now, since: at, code, detail, faults: before?.faults ?? 0 };
  const others = status.services.filter((known) => known !== before);
  return { ...state, status: { ...status, services: [...others, after] } };
}

function raceOf(proofs: readonly PeerProof[]): Race {
  return new Map(proofs.map((proof) => [proof.peer, proof]));
}

function withRace(state: PageState, hash: string, race: Race): ReadonlyMap<string, Race> {
  const races = new Map(state.races);
  races.delete(hash);
  races.set(hash, race);
  let proofs = 0;
  for (const { size } of races.values()) proofs += size;
  for (const [oldest, { size }] of races) {
    if (races.size <= MAX_RACES && proofs <= MAX_PROOFS) break;
    if (oldest === state.selected || oldest === hash) continue;
    races.delete(oldest);
    proofs -= size;
  }
  return races;
}

/** The block that is shown: the selected one, or the newest. */
export function shownHash({ selected, blocks }: PageState): string | undefined {
  return selected ?? blocks[0]?.hash;
}

export function findBlock({ blocks, linked }: PageState, hash: string | undefined): BlockSummary | undefined {
  return hash === undefined ? undefined : (blocks.find((block) => block.hash === hash) ?? linked.get(hash));
}

/** A verdict comes within three seconds; a block without one that is older than this was interrupted by a stop of the relay. */
const UNDER_WAY_MS = 10_000;

/** @param now of the relay, ms since the epoch */
export function isUnderWay({ verdict, receivedAt }: BlockSummary, now: number): boolean {
  return verdict === undefined && now - receivedAt < UNDER_WAY_MS;
}

/** The replies to fetch again after an event, because they hold more than the event. */
export function staleAfter({ type }: RelayEvent): readonly ('status' | 'peers')[] {
  switch (type) {
    case 'verdict':
    case 'peer-connected':
    case 'peer-lost':
      return ['status', 'peers'];
    case 'finality':
    case 'service':
    case 'tip':
    case 'received':
    case 'propagation':
    case 'witness':
    case 'lock-forecast':
      return ['status'];
    case 'plan':
      return ['peers'];
    default:
      return [];
  }
}

const GATHER_MS = 120;
const GATHER_MS_PER_PEER = 4;

/** How long changes of the peers are gathered before the list is fetched again, ms: 1,350 peers are half a megabyte. */
export function gatherPeersMs(peers: number): number {
  return Math.max(GATHER_MS, peers * GATHER_MS_PER_PEER);
}

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;

/** Delay before the next attempt to connect, ms. @param failures consecutive failed attempts, at least 1 */
export function retryDelayMs(failures: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
}
