/** An invented cluster of three relays: the relay of fixture.ts, which the pool pushes to, and two others with peers of their own. */
import { newsOf } from '../../src/cluster/messages.js';
import { Pictures } from '../../src/cluster/picture.js';
import type { ClusterReply } from '../../src/contracts/api.js';
import type { BlockNews } from '../../src/contracts/cluster.js';
import type { BlockVerdict, PeerProof } from '../../src/contracts/events.js';
import type { BlockRecord } from '../../src/contracts/view.js';
import { busy, micro, type RelayData, seeded } from './fixture.js';

const PEERS = 14;
const OTHERS = [
  { relay: 'ap', network: '198.18', afterMs: 112, wayMs: 40 },
  { relay: 'us', network: '198.19', afterMs: 47, wayMs: 25 },
] as const;

/** The last blocks have records, as after a start of the servers. */
const RECORDED = 12;

export function clustered(now: number): RelayData {
  const data = withForms(busy(now));
  const pictures = new Pictures();
  for (const block of data.blocks.slice(0, RECORDED)) {
    const { verdict } = block;
    if (verdict === undefined) continue;
    const event: BlockVerdict = { type: 'verdict', at: block.receivedAt, ...verdict };
    pictures.note('eu', newsOf(event, block.receivedAt, 'main'));
    for (const other of OTHERS) pictures.note(other.relay, newsFrom(other, block));
  }
  const relays = ['eu', ...OTHERS.map(({ relay }) => relay)].map((relay) => {
    const self = relay === 'eu';
    return { relay, self, version: '0.2.0', heardAt: now - (self ? 0 : 4_000), peers: self ? 19 : PEERS };
  });
  const reply: ClusterReply = {
    ...{ name: 'blockcast', relay: 'eu', connected: true, relays, left: 2 * PEERS, unstored: 0, dropped: 0 },
    blocks: pictures.latest(20),
  };
  const since = { since: now - 3_600_000, faults: 0 };
  const service = { service: 'cluster', state: 'up', code: 'connected', detail: 'nats-eu:4222', ...since } as const;
  return {
    ...data,
    status: { ...data.status, services: [...data.status.services, service] },
    cluster: { reply, race: (hash) => pictures.race(hash) },
  };
}

/** The newest block went out in compact form, but to one peer, which had it and is drawn without a form and a time. */
function withForms(data: RelayData): RelayData {
  const [newest, ...older] = data.blocks;
  if (newest?.verdict === undefined) return data;
  const peers = newest.verdict.peers.map((proof, i): PeerProof => {
    const { peer, protected: isOwn } = proof;
    if (i === 2) return { peer, protected: isOwn, status: 'already-had' };
    return { ...proof, form: isOwn ? 'full' : 'compact', bytes: 5_500, roundTrips: 0 };
  });
  return { ...data, blocks: [{ ...newest, verdict: { ...newest.verdict, peers } }, ...older] };
}

function newsFrom({ relay, network, afterMs, wayMs }: (typeof OTHERS)[number], block: BlockRecord): BlockNews {
  const random = seeded(block.size + relay.length);
  const times = Array.from({ length: PEERS }, () => micro(wayMs * (0.4 + random() * 2))).sort((a, b) => a - b);
  return {
    type: 'block',
    network: 'main',
    hash: block.hash,
    ...(block.height !== undefined && { height: block.height }),
    size: block.size,
    source: 'cluster',
    at: block.receivedAt + afterMs,
    outcome: 'delivered',
    reached: PEERS,
    tried: PEERS,
    firstMs: times[0] ?? 0,
    medianMs: times[PEERS / 2] ?? 0,
    lastMs: times.at(-1) ?? 0,
    peers: times.map((ms, i) => [`${network}.${i}.1:9999`, 'accepted', ms, i % 3 === 0 ? 'signer' : null]),
  };
}
