/** An invented relay with connections to the members of four quorums: some hundred peers, and blocks that go out in compact form. */
import type { BlockReceived, BlockVerdict, PeerProof, QuorumRole, RelayEvent } from '../../src/contracts/events.js';
import type { BlockRecord, PeerView, QuorumReport } from '../../src/contracts/view.js';
import {
  busy,
  CORE,
  DASHD,
  dashdPeer,
  HEIGHT,
  micro,
  peerOf,
  type RelayData,
  seeded,
  statusOf,
  stepsOf,
} from './fixture.js';

const COUNTRIES = ['DE', 'US', 'FR', 'NL', 'FI', 'GB', 'SG', 'LT', 'PL', 'CA', 'JP', 'AU', 'BR', 'IN', 'CH'] as const;
const PINGS: Readonly<Record<string, number>> = { US: 105, CA: 98, SG: 170, JP: 236, AU: 284, BR: 202, IN: 128 };
const MEMBERS = 400;
const OTHERS = 20;

interface Node {
  readonly peer: string;
  readonly country: string;
  readonly pingMs: number;
  readonly role?: QuorumRole;
  readonly quorums?: number;
  readonly highBandwidth?: true;
}

/** @param count of all but the pool's own dashd: the first are signers, the last of no quorum */
function nodesOf(count: number): readonly Node[] {
  const random = seeded(count);
  const signers = Math.round((count - OTHERS) * 0.3);
  return Array.from({ length: count }, (_, i): Node => {
    const country = COUNTRIES[Math.floor(random() ** 2 * COUNTRIES.length)] ?? 'DE';
    const peer = `${i % 2 === 0 ? '198.18' : '198.19'}.${Math.floor(i / 250)}.${(i % 250) + 1}:9999`;
    const pingMs = (PINGS[country] ?? 14) * (0.8 + random() * 0.5);
    if (i >= count - OTHERS) return { peer, country, pingMs };
    const role = i < signers ? 'signer' : 'member';
    const quorums = 1 + Math.floor(random() ** 3 * 4);
    return { peer, country, pingMs, role, quorums, ...(random() < 0.7 && { highBandwidth: true }) };
  });
}

function proofOf({ peer, role, pingMs }: Node, i: number, random: () => number): PeerProof {
  const writtenMs = micro(0.3 + i * 0.012 + random() * 0.05);
  const acknowledgedMs = micro(writtenMs + pingMs * (1 + random() * 0.2) + 6 + random() * 22);
  const [form, lacking] = [random() < 0.94 ? ('compact' as const) : ('full' as const), random() < 0.04];
  const base = { peer, protected: false, ...(role !== undefined && { role }), writtenMs };
  const way = { form, bytes: form === 'compact' ? 5_512 + (lacking ? 740 : 0) : 301_204, roundTrips: Number(lacking) };
  const chance = random();
  if (chance < 0.01) return { ...base, ...way, status: 'failed', reason: 'no proof within 3 s' };
  if (chance < 0.05) return { ...base, status: 'already-had' };
  const late = lacking ? pingMs : 0;
  if (chance < 0.3) return { ...base, ...way, status: 'acknowledged', acknowledgedMs };
  return { ...base, ...way, status: 'accepted', acknowledgedMs, acceptedMs: micro(acknowledgedMs + late + 2) };
}

function racers(nodes: readonly Node[], seed: number): readonly PeerProof[] {
  const random = seeded(seed);
  const way = { form: 'full', bytes: 301_204, roundTrips: 0 } as const;
  const times = { writtenMs: 0.2, acknowledgedMs: 24.1, acceptedMs: 31.4 };
  const dashd: PeerProof = { peer: DASHD, protected: true, status: 'accepted', ...way, ...times };
  return [dashd, ...nodes.map((node, i) => proofOf(node, i, random))];
}

function viewOf(node: Node, i: number, now: number): PeerView {
  const { peer, country, pingMs, role, quorums, highBandwidth } = node;
  return {
    ...peerOf({ peer, country, pingMs, agent: CORE }, i % 9, now),
    sources: [role === undefined ? 'p2p_discovery' : 'masternode'],
    ...(role !== undefined && { role, masternode: i.toString(16).padStart(64, 'a') }),
    ...(quorums !== undefined && { quorums }),
    ...(highBandwidth === true && { highBandwidth }),
  };
}

function reportOf(nodes: readonly Node[]): QuorumReport {
  const signers = nodes.filter(({ role }) => role === 'signer').length;
  const others = nodes.filter(({ role }) => role === 'member').length;
  return {
    height: HEIGHT,
    wanted: nodes.length - OTHERS,
    members: 1_352,
    connected: signers + others,
    quorums: [0, 1, 2, 3].map((n) => {
      const members = MEMBERS - n * 3;
      const connected = Math.min(members, n === 2 ? signers : Math.round(others * (0.42 - n * 0.05)));
      const highBandwidth = Math.round(connected * 0.7);
      const hash = (n * 977 + 131).toString(16).padStart(64, '0');
      return { hash, type: 2, signing: n === 2, members, connected, highBandwidth };
    }),
  };
}

/** @param count peers besides the pool's own dashd */
export function crowd(now: number, count: number): RelayData {
  const nodes = nodesOf(count);
  const { blocks } = busy(now);
  const [newest, ...older] = blocks;
  const peers = [dashdPeer(now), ...nodes.map((node, i) => viewOf(node, i, now))];
  const renewed = newest?.verdict === undefined ? blocks : [withRace(newest, racers(nodes, 1)), ...older];
  return { status: { ...statusOf(peers, renewed, now), quorums: reportOf(nodes) }, peers, blocks: renewed };
}

function withRace(block: BlockRecord, peers: readonly PeerProof[]): BlockRecord {
  return block.verdict === undefined ? block : { ...block, verdict: { ...block.verdict, ...judged(peers) } };
}

function judged(peers: readonly PeerProof[]) {
  const times = peers.flatMap(({ acknowledgedMs }) => acknowledgedMs ?? []).sort((a, b) => a - b);
  const failed = peers.filter(({ status }) => status === 'failed').length;
  return {
    peersTried: peers.length,
    peersReached: peers.length - failed,
    failed,
    firstMs: times[0] ?? 0,
    medianMs: times[Math.floor((times.length - 1) / 2)] ?? 0,
    lastMs: times.at(-1) ?? 0,
    peers,
  };
}

/** All that a relay reports about one block to so many peers, in the order of its happening. */
export function crowdStory(now: number, count: number, hash: string): readonly RelayEvent[] {
  const peers = racers(nodesOf(count), 2);
  const received: BlockReceived = {
    type: 'received',
    at: now,
    source: 'pool',
    hash,
    height: HEIGHT + 1,
    size: 301_123,
  };
  const outcome = { outcome: 'delivered', success: true, accepted: 0, alreadyHad: 0 } as const;
  const block = { hash, source: 'pool', size: 301_123, height: HEIGHT + 1 } as const;
  const end: BlockVerdict = { type: 'verdict', at: now + 400, ...block, ...outcome, ...judged(peers) };
  return [received, ...peers.flatMap((proof) => stepsOf(hash, now, proof)), end];
}
