/**
 * The relay with quorum connections, by its own plans: the peers that its scores choose, members of the active quorums beside them
 * (quorum/connect-plan.ts), and the order, form and time of each write (quorum/push-plan.ts). All members accept the connection, and take
 * compact blocks unasked, as Dash Core 23.1 does; the set of connections has settled.
 */
import { learnedLot } from '../../peers/learned.js';
import { planConnections, type Reachable } from '../../quorum/connect-plan.js';
import { maxPerGroup } from '../../quorum/politeness.js';
import { type PushPeer, planPush, writesOf } from '../../quorum/push-plan.js';
import { MICROS_PER_MS } from '../engine.js';
import type { NodeId } from '../network/plan.js';
import type { BlockSize, PushPlan, RelayKnowledge } from './contender.js';
import { PeerAddresses } from './peer-addresses.js';
import { type Choice, scoredPeers } from './scored.js';

/** @param scored peers by score @param max quorum connections @param choice of the peers by score; where round trips are known, of members, too */
export function plannedConnections(knowledge: RelayKnowledge, scored: number, max: number, choice?: Choice): NodeId[] {
  const { plan, random, roundTrip } = knowledge;
  const addresses = new PeerAddresses(plan.nodes);
  const others = scoredPeers(knowledge, scored, choice);
  const lots = random.keyed('lots');
  const idOf = (peer: string): NodeId => addresses.idOf(peer) ?? 0;
  const drawn = (peer: string): number => lots.float(idOf(peer), 0, 0);
  const measured = (peer: string) => ({ ping: { minMs: roundTrip(idOf(peer)) / MICROS_PER_MS }, broadcasts: {} });
  const { connect } = planConnections({
    members: membersOf(knowledge, addresses),
    connected: new Set(),
    elsewhere: new Set(others.map((id) => addresses.keyOf(id))),
    waiting: new Set(),
    max,
    maxPerGroup: maxPerGroup(max, false),
    maxNew: max,
    maxSwaps: 0,
    ...(choice?.hasMeasured === true
      ? { lot: learnedLot(measured, drawn), roundTripMs: (peer) => roundTrip(idOf(peer)) / MICROS_PER_MS }
      : { lot: drawn }),
  });
  return [...others, ...connect.flatMap(({ peer }) => addresses.idOf(peer) ?? [])];
}

export function plannedPushes(
  connected: readonly NodeId[],
  { bytes, compactBytes }: BlockSize,
  { plan, signing, uplink, roundTrip }: RelayKnowledge,
): PushPlan {
  const addresses = new PeerAddresses(plan.nodes);
  const quorums = plan.quorums.map(({ members }) => new Set(members));
  const peers = connected.map((id): PushPeer => {
    const count = quorums.filter((members) => members.has(id)).length;
    const role = quorums[signing]?.has(id) ? 'signer' : count > 0 ? 'member' : 'other';
    const roundTripMs = roundTrip(id) / MICROS_PER_MS;
    return { peer: addresses.keyOf(id), role, protected: false, quorums: count, compact: 'taken', roundTripMs };
  });
  const signers = plan.quorums[signing]?.members.length;
  const pushPlan = planPush({ peers, uplinkBytesPerSecond: uplink, signers });
  const writes = writesOf(pushPlan, { full: bytes, compact: compactBytes });
  const pushes = writes.flatMap(({ peer, form, afterMs }) => {
    const to = addresses.idOf(peer);
    return to === undefined ? [] : [{ to, form, afterMs }];
  });
  return { pushes, pace: 'at-once', dashd: 'first' };
}

function membersOf({ plan, reachable }: RelayKnowledge, addresses: PeerAddresses): Reachable[] {
  const quorums = plan.quorums.map(({ hash, members }) => ({
    hash: Buffer.from(hash).toString('hex'),
    of: new Set(members),
  }));
  return reachable.flatMap((id) => {
    const active = quorums.filter(({ of }) => of.has(id)).map(({ hash }) => hash);
    const peer = addresses.keyOf(id);
    const group = addresses.addressOf(id).host.split('.', 2).join('.');
    return active.length === 0 ? [] : [{ masternode: `${id}`.padStart(64, '0'), peer, group, quorums: active }];
  });
}
