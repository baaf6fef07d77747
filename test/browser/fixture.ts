/** An invented relay's data, the same each time: 20 peers in 12 countries, 40 blocks, some of them with a story. */

import type { BlockReply, BlockSummary, ClusterReply, ServiceStatus, StatusReply } from '../../src/contracts/api.js';
import type { ClusterProof } from '../../src/contracts/cluster.js';
import type {
  BlockProof,
  BlockReceived,
  BlockVerdict,
  PeerProof,
  RelayEvent,
  Verdict,
} from '../../src/contracts/events.js';
import type { BlockRecord, Kpis, PeerView } from '../../src/contracts/view.js';
import { lockCount, propagationOf, witnessReport } from './insight.js';

export interface ClusterData {
  readonly reply: ClusterReply;
  race(hash: string): readonly ClusterProof[] | undefined;
}

export interface RelayData {
  readonly status: StatusReply;
  readonly peers: readonly PeerView[];
  /** Newest first. */
  readonly blocks: readonly BlockRecord[];
  /** What stands in the coinbase of each block. */
  readonly coinbaseText?: string;
  /** Absent where the relay works alone. */
  readonly cluster?: ClusterData;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const HEIGHT = 2_389_417;

/** Repeats itself, as a fixture should. Source: Mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Seat {
  readonly peer: string;
  readonly country?: string;
  readonly pingMs: number;
  readonly agent: string;
}

export const CORE = '/Dash Core:23.1.2/';
const OLDER = '/Dash Core:23.0.2/';

/** Addresses from the ranges that are for documentation. */
const SEATS: readonly Seat[] = [
  { peer: '203.0.113.14:9999', country: 'DE', pingMs: 9.4, agent: CORE },
  { peer: '198.51.100.61:9999', country: 'DE', pingMs: 11.8, agent: CORE },
  { peer: '203.0.113.87:9999', country: 'DE', pingMs: 12.6, agent: OLDER },
  { peer: '198.51.100.7:9999', country: 'NL', pingMs: 14.1, agent: CORE },
  { peer: '203.0.113.102:9999', country: 'NL', pingMs: 15.9, agent: CORE },
  { peer: '198.51.100.140:9999', country: 'FR', pingMs: 18.2, agent: CORE },
  { peer: '203.0.113.33:9999', country: 'FR', pingMs: 19.7, agent: CORE },
  { peer: '198.51.100.19:9999', country: 'CH', pingMs: 21.3, agent: CORE },
  { peer: '203.0.113.201:9999', country: 'FI', pingMs: 31.5, agent: CORE },
  { peer: '198.51.100.230:9999', country: 'GB', pingMs: 24.9, agent: OLDER },
  { peer: '[2001:db8:4:11::8]:9999', country: 'PL', pingMs: 27.2, agent: CORE },
  { peer: '198.51.100.88:9999', country: 'US', pingMs: 96.4, agent: CORE },
  { peer: '203.0.113.150:9999', country: 'US', pingMs: 104.8, agent: CORE },
  { peer: '198.51.100.173:9999', country: 'US', pingMs: 148.3, agent: CORE },
  { peer: '203.0.113.9:9999', country: 'CA', pingMs: 101.2, agent: CORE },
  { peer: '198.51.100.212:9999', country: 'SG', pingMs: 171.6, agent: CORE },
  { peer: '203.0.113.66:9999', country: 'JP', pingMs: 238.0, agent: CORE },
  { peer: '198.51.100.45:9999', country: 'BR', pingMs: 203.4, agent: OLDER },
  { peer: '203.0.113.178:9999', country: 'AU', pingMs: 287.1, agent: CORE },
];

export const DASHD = '127.0.0.1:9999';

export function hashOf(n: number): string {
  const random = seeded(n + 77);
  const tail = Array.from({ length: 48 }, () => Math.floor(random() * 16).toString(16)).join('');
  return `${'0'.repeat(16)}${tail}`;
}

export const micro = (ms: number) => Math.round(ms * 1_000) / 1_000;

/** @param nth the block; some of them meet with something */
function raceOf(nth: number): PeerProof[] {
  const random = seeded(nth * 31 + 5);
  const dashd: PeerProof = {
    peer: DASHD,
    protected: true,
    status: 'accepted',
    writtenMs: micro(0.3 + random() * 0.2),
    acknowledgedMs: micro(22 + random() * 14),
    acceptedMs: micro(38 + random() * 18),
  };
  return [dashd, ...SEATS.map((seat, i) => proofOf(seat, i, nth, random))];
}

function proofOf({ peer, pingMs }: Seat, i: number, nth: number, random: () => number): PeerProof {
  const writtenMs = micro(0.4 + i * 0.05 + random() * 0.4);
  const acknowledgedMs = micro(writtenMs + pingMs * (1.05 + random() * 0.25) + 18 + random() * 22);
  const chance = random();
  const base = { peer, protected: false };
  if (nth % 9 === 0 && i === 17) {
    return { ...base, status: 'failed', reason: 'no proof within 3 s', writtenMs };
  }
  if (nth % 7 === 2 && i === 9) return { ...base, status: 'failed', reason: 'connection reset', writtenMs };
  if (chance < 0.08) return { ...base, status: 'already-had' };
  if (chance < 0.55) return { ...base, status: 'acknowledged', writtenMs, acknowledgedMs };
  const late = nth % 11 === 6 && i === 13 ? 2_900 : 0;
  const acceptedMs = micro(acknowledgedMs + 4 + random() * pingMs * 0.5 + late);
  return { ...base, status: 'accepted', writtenMs, acknowledgedMs, acceptedMs };
}

function verdictOf(nth: number, block: Pick<Verdict, 'hash' | 'size' | 'height'>): Verdict {
  const peers = raceOf(nth);
  const reached = peers.filter(({ status }) => ['acknowledged', 'accepted', 'already-had'].includes(status));
  const times = reached.flatMap((p) => p.acknowledgedMs ?? []).sort((a, b) => a - b);
  return {
    ...block,
    source: 'pool',
    ...judgementOf(nth),
    peersReached: reached.length,
    peersTried: peers.length,
    accepted: peers.filter(({ status }) => status === 'accepted').length,
    alreadyHad: peers.filter(({ status }) => status === 'already-had').length,
    failed: peers.filter(({ status }) => status === 'failed').length,
    firstMs: times[0] ?? 0,
    medianMs: times[Math.floor((times.length - 1) / 2)] ?? 0,
    lastMs: times.at(-1) ?? 0,
    peers,
  };
}

function judgementOf(nth: number): Pick<Verdict, 'outcome' | 'success' | 'reason' | 'rpc'> {
  const ms = micro(41 + (nth % 5) * 6.3);
  if (nth === 5) {
    const reason = 'dashd gave no answer: timeout: none within 3 s';
    return {
      outcome: 'delivered',
      success: true,
      reason,
      rpc: { outcome: 'unavailable', reason: 'timeout', ms: 3_000 },
    };
  }
  if (nth === 21) {
    const reason = 'dashd rejected it: bad-txns-inputs-missingorspent';
    return {
      outcome: 'rejected',
      success: false,
      reason,
      rpc: { outcome: 'rejected', reason: 'bad-txns-inputs-missingorspent', ms },
    };
  }
  return { outcome: 'delivered', success: true, rpc: { outcome: nth % 3 === 1 ? 'duplicate' : 'accepted', ms } };
}

/** @param nth 0 for the newest */
function blockOf(nth: number, now: number): BlockRecord {
  const random = seeded(nth + 1_234);
  const hash = hashOf(nth);
  const height = HEIGHT - nth * 17 - Math.floor(random() * 9);
  const size = Math.floor(18_000 + random() ** 3 * 620_000);
  const receivedAt = now - 74_000 - nth * (37 + random() * 12) * MINUTE;
  const at = receivedAt + 4_000;
  const state = nth === 0 ? 'pending' : nth > 30 ? 'buried' : 'chainlocked';
  return {
    hash,
    height,
    size,
    transactions: Math.max(1, Math.floor(size / 390)),
    receivedAt,
    gateMs: micro(0.4 + size / 600_000),
    verdict: verdictOf(nth, { hash, size, height }),
    propagation: propagationOf(random),
    locks: { at, ...lockCount(Math.max(0, Math.floor(size / 390) - 3), nth % 5 === 0 ? 3 : 0, at, hashOf) },
    finality:
      nth === 7 || nth === 21
        ? { at, state: 'orphaned', by: hashOf(990) }
        : { at, state, ...(state !== 'pending' && { confirmations: 17 * nth + 4, chainLock: chainLockOf(nth) }) },
  };
}

/** Of a block with transactions that are not locked it takes longer. */
function chainLockOf(nth: number): NonNullable<BlockRecord['finality']['chainLock']> {
  const ms = nth % 5 === 0 ? 48_200 : micro(1_240 + nth * 11);
  return { ms, sinceTipMs: micro(ms - 36.4), seen: 'feed' };
}

export function peerOf({ peer, country, pingMs, agent }: Seat, i: number, now: number): PeerView {
  const random = seeded(i + 400);
  const pushed = Math.floor(12 + random() * 28);
  const failed: Record<string, number> = i === 17 ? { timeout: 4 } : i === 9 ? { reset: 2, timeout: 1 } : {};
  const missed = Object.values(failed).reduce((sum, count) => sum + count, 0);
  const accepted = Math.floor((pushed - missed) * (0.35 + random() * 0.2));
  const alreadyHad = Math.floor(pushed * 0.08);
  const acknowledged = pushed - missed - accepted - alreadyHad;
  const rate = Math.max(0, (pushed - missed - 3) / pushed);
  const terms = [
    { label: 'initial', value: i < 8 ? 100 : 50, why: `known from ${i < 8 ? 'dashd' : 'p2p_discovery'}` },
    {
      label: 'success',
      value: rate * 100,
      why: `at least ${Math.floor(rate * 100)} % of its recent blocks proven delivered (95 % sure)`,
    },
    { label: 'recency', value: 50, why: 'last seen 0.0 h ago' },
    ...(i < 8 ? [{ label: 'from-dashd', value: 30, why: 'dashd was connected to it' }] : []),
  ];
  return {
    peer,
    protected: false,
    state: 'connected',
    since: now - (3 + random() * 90) * HOUR,
    userAgent: agent,
    protocolVersion: 70_240,
    height: HEIGHT,
    ...(country !== undefined && { country }),
    pingMs,
    sources: i < 8 ? ['dashd'] : ['p2p_discovery'],
    lastSeen: now - 1_000,
    score: { total: terms.reduce((sum, { value }) => sum + value, 0), terms },
    blocks: {
      acknowledged,
      accepted,
      alreadyHad,
      failed,
      failuresInARow: i === 17 ? 1 : 0,
      proofMs: pingMs * 1.2 + 31,
    },
  };
}

export function dashdPeer(now: number): PeerView {
  return {
    peer: DASHD,
    protected: true,
    state: 'connected',
    since: now - 92 * HOUR,
    userAgent: CORE,
    protocolVersion: 70_240,
    height: HEIGHT,
    pingMs: 0.4,
    sources: ['local_dashd'],
    lastSeen: now - 400,
    score: { total: 999_999, terms: [{ label: 'protected', value: 999_999, why: 'the local dashd, never given up' }] },
    blocks: { acknowledged: 0, accepted: 40, alreadyHad: 0, failed: {}, failuresInARow: 0, proofMs: 29.4 },
  };
}

function services(now: number): ServiceStatus[] {
  const up = { state: 'up', since: now - 92 * HOUR, code: 'up', detail: '', faults: 0 } as const;
  return [
    { service: 'dashd-rpc', ...up },
    { service: 'dashd-feed', ...up },
    { service: 'pool-socket', ...up, detail: 'tcp://0.0.0.0:28500' },
    { service: 'history-file', ...up },
  ];
}

function kpisOf(blocks: readonly BlockRecord[]): Kpis {
  const finality = { pending: 0, chainlocked: 0, buried: 0, orphaned: 0 };
  for (const block of blocks) finality[block.finality.state] += 1;
  const verdicts = blocks.flatMap(({ verdict }) => verdict ?? []);
  if (verdicts.length === 0) return { blocks: blocks.length, finality };
  const mean = (of: (verdict: Verdict) => number) =>
    verdicts.reduce((sum, verdict) => sum + of(verdict), 0) / verdicts.length;
  return {
    blocks: blocks.length,
    successRate: mean(({ success }) => Number(success)),
    averageBroadcastMs: mean(({ medianMs }) => medianMs ?? 0),
    peerAvailability: mean(({ peersReached, peersTried }) => peersReached / peersTried),
    orphanRate: finality.orphaned / Math.max(1, blocks.length - finality.pending),
    propagationMs: mean(({ lastMs }) => (lastMs ?? 0) * 0.72),
    networkPropagationMs: 131.2,
    chainLockMs: 1_420,
    delayedRate: 0.2,
    finality,
  };
}

export function statusOf(peers: readonly PeerView[], blocks: readonly BlockRecord[], now: number): StatusReply {
  const isDashd = peers.some((peer) => peer.protected && peer.state === 'connected');
  const newest = blocks[0];
  return {
    version: '0.2.0',
    network: 'mainnet',
    startedAt: now - 92 * HOUR,
    now,
    ready: true,
    notReady: [],
    degraded: [],
    tip: { hash: newest?.hash ?? hashOf(1), height: HEIGHT },
    peers: {
      connected: peers.filter(({ state }) => state === 'connected').length,
      min: 8,
      max: 20,
      known: 1_284,
      dashd: isDashd,
    },
    witnesses: witnessReport(seeded(9), now, hashOf),
    lockForecast: { at: now - 4_000, ...lockCount(148, 2, now, hashOf) },
    services: services(now),
    ...(newest !== undefined && { lastBlock: summaryOf(newest) }),
    kpis: { all: kpisOf(blocks), day: kpisOf(blocks.filter(({ receivedAt }) => now - receivedAt < 24 * HOUR)) },
  };
}

export function summaryOf({ verdict, propagation, ...block }: BlockRecord): BlockSummary {
  const { peers: _race, ...outcome } = verdict ?? { peers: [] };
  const { sights: _sights, ...figures } = propagation ?? { sights: [] };
  return {
    ...block,
    ...('hash' in outcome && { verdict: outcome }),
    ...('own' in figures && { propagation: figures }),
  };
}

export function replyOf(block: BlockRecord): BlockReply {
  const sights = block.propagation?.sights;
  return { ...summaryOf(block), ...(sights !== undefined && { sights }), race: block.verdict?.peers ?? [] };
}

export function busy(now: number, found = 40): RelayData {
  const blocks = Array.from({ length: found }, (_, nth) => blockOf(nth, now));
  const peers = [dashdPeer(now), ...SEATS.map((seat, i) => peerOf(seat, i, now))];
  return { status: statusOf(peers, blocks, now), peers, blocks };
}

/** Just started: peers are there, and the pool has found nothing yet. */
export function empty(now: number): RelayData {
  const { peers } = busy(now);
  const fresh = peers.map((peer) => ({
    ...peer,
    since: now - 90_000,
    blocks: { acknowledged: 0, accepted: 0, alreadyHad: 0, failed: {}, failuresInARow: 0 },
  }));
  return { status: { ...statusOf(fresh, [], now), startedAt: now - 95_000 }, peers: fresh, blocks: [] };
}

export function dashdDown(now: number): RelayData {
  const { blocks, peers: all } = busy(now);
  const peers = all.filter((peer) => !peer.protected);
  const status = statusOf(peers, blocks, now);
  const down = { state: 'down', since: now - 4 * MINUTE, faults: 12 } as const;
  return {
    peers,
    blocks,
    status: {
      ...status,
      degraded: ["the pool's own dashd is unreachable: blocks go to the other peers only"],
      services: status.services.map((known) => {
        if (known.service === 'dashd-rpc')
          return { ...known, ...down, code: 'refused', detail: 'connection refused at 127.0.0.1:9998' };
        if (known.service === 'dashd-feed')
          return { ...known, ...down, code: 'silent', detail: 'no message for 4 min' };
        return known;
      }),
    },
  };
}

export function noPeers(now: number): RelayData {
  const { blocks } = busy(now);
  const peers: PeerView[] = [dashdPeer(now)];
  const status = statusOf(peers, blocks, now);
  return {
    peers,
    blocks,
    status: { ...status, degraded: ["no peer except the pool's own dashd is connected: blocks go to it only"] },
  };
}

/** What strangers might call themselves. */
export const HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>alert(1)</script>\u202egnp.exe\u0007';

export function hostile(now: number): RelayData {
  const { status, peers, blocks } = busy(now);
  const [newest, ...older] = blocks;
  const race = newest?.verdict?.peers.map(
    (proof, i): PeerProof => (i === 3 ? { ...proof, status: 'failed', reason: HOSTILE } : proof),
  );
  return {
    coinbaseText: HOSTILE,
    status: { ...status, network: HOSTILE.slice(0, 30) },
    peers: peers.map((peer, i) => (i === 3 ? { ...peer, userAgent: HOSTILE, country: '<b>' } : peer)),
    blocks:
      newest?.verdict === undefined || race === undefined
        ? blocks
        : [{ ...newest, verdict: { ...newest.verdict, peers: race, reason: HOSTILE } }, ...older],
  };
}

/** All that a relay reports about one block, in the order of its happening. */
export function storyOf(nth: number, at: number): readonly RelayEvent[] {
  const { hash, height, size, transactions } = blockOf(nth, at);
  const known = { hash, size, ...(height !== undefined && { height }) };
  const verdict = verdictOf(nth, known);
  const received: BlockReceived = {
    type: 'received',
    at,
    source: 'pool',
    ...known,
    ...(transactions !== undefined && { transactions }),
    gateMs: 0.6,
  };
  const end: BlockVerdict = { type: 'verdict', at: at + 400, ...verdict };
  return [received, ...verdict.peers.flatMap((proof) => stepsOf(hash, at, proof)), end];
}

export function stepsOf(hash: string, at: number, { acceptedMs, acknowledgedMs, ...proof }: PeerProof): BlockProof[] {
  const base = { type: 'proof', at, hash, ...proof } as const;
  const steps: BlockProof[] = [{ ...base, status: 'written' }];
  if (acknowledgedMs !== undefined) steps.push({ ...base, status: 'acknowledged', acknowledgedMs });
  if (acceptedMs !== undefined && acknowledgedMs !== undefined) {
    steps.push({ ...base, status: 'accepted', acknowledgedMs, acceptedMs });
  }
  if (acknowledgedMs === undefined) steps.push({ ...base, status: proof.status });
  return steps;
}
