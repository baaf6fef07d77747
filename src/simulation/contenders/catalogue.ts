/** The contenders by name, those that blockcast can be today first. A later strategy is an entry more. */

import { LEARNED_WEIGHTS } from '../../peers/score.js';
import { MINUTE_MS } from '../../time.js';
import type { BlockForm } from '../network/block.js';
import type { NodeId } from '../network/plan.js';
import type { BlockSize, Contender, PushPlan, RelayKnowledge } from './contender.js';
import * as pick from './picks.js';
import { plannedConnections, plannedPushes } from './planned.js';
import { type Choice, scoredPeers } from './scored.js';

/** A first flight of TCP, 10 segments: a full block that fits it is as fast as a compact one, and needs nothing of the peer's mempool. */
const FIRST_FLIGHT_BYTES = 14_000;
const PEERS = 20;
/** Four quorums of 400 have at most so many members. */
const MAX_MEMBERS = 1_600;
const LEARNED_NEW: Choice = { weights: LEARNED_WEIGHTS };
/** As the relay is after days: one peer a minute is tried, so all of them in two. Of blocks it has seen the ones before this, no more. */
const LEARNED: Choice = { ...LEARNED_NEW, leadMs: 30 * MINUTE_MS, hasMeasured: true };

/** All in one turn of the event loop, dashd first: its connection is the oldest. */
function atOnce(to: readonly NodeId[], form: BlockForm): PushPlan {
  return { pushes: to.map((id) => ({ to: id, form })), pace: 'at-once', dashd: 'first' };
}

function compactIfLarger({ bytes }: BlockSize): BlockForm {
  return bytes <= FIRST_FLIGHT_BYTES ? 'full' : 'compact';
}

function fullTo(name: string, summary: string, connections: Contender['connections'], studyOnly = false): Contender {
  return { name, summary, studyOnly, connections, plan: (connected) => atOnce(connected, 'full') };
}

/** The relay by its own plans. @param max quorum connections */
function planned(name: string, summary: string, max: number, choice?: Choice, studyOnly = false): Contender {
  const connections = (known: RelayKnowledge): readonly NodeId[] => plannedConnections(known, PEERS, max, choice);
  return { name, summary, studyOnly, connections, plan: plannedPushes };
}

/** Signers of the height are written first. */
function compactTo(name: string, summary: string, connections: Contender['connections']): Contender {
  const plan = (connected: readonly NodeId[], block: BlockSize, knowledge: RelayKnowledge): PushPlan => {
    const members = new Set(knowledge.plan.quorums[knowledge.signing]?.members);
    const ordered = [...connected.filter((id) => members.has(id)), ...connected.filter((id) => !members.has(id))];
    return atOnce(ordered, compactIfLarger(block));
  };
  return { name, summary, studyOnly: true, connections, plan };
}

const ALL: readonly Contender[] = [
  fullTo('dashd', 'the pool’s dashd alone, by submitblock', () => []),
  fullTo('random-20', '20 random nodes, full blocks', (known) => pick.randomNodes(known, PEERS)),
  fullTo('masternodes-20', '20 random masternodes, full blocks', (known) => pick.randomMasternodes(known, PEERS)),
  fullTo('spread-20', '20 nodes spread over the regions, full blocks', (known) => pick.spreadOverRegions(known, PEERS)),
  fullTo(
    'scored-20',
    'the relay without quorum connections: 20 peers by its own scores and selection, full blocks',
    (known) => scoredPeers(known, PEERS),
  ),
  planned('relay-125', 'the relay with 20 scored peers and 125 quorum connections', 125),
  planned('relay-400', 'the relay with 20 scored peers and 400 quorum connections, before anything is learned', 400),
  planned(
    'learned-400',
    'the relay as it is set by default, after days: what was learned counts, and of members that are equal otherwise the near ones',
    400,
    LEARNED,
  ),
  planned(
    'learned-20-planned',
    'study only: learned-20 by the relay’s own plan, which sends compact blocks where they are faster',
    0,
    LEARNED,
    true,
  ),
  planned('scored-20-planned', 'study only: scored-20 by the relay’s own plan', 0, undefined, true),
  {
    ...planned(
      'cluster-400',
      'three relays far from each other with the connections of relay-400: each peer at the nearest',
      400,
    ),
    relays: 3,
  },
  planned(
    'relay-all',
    'the relay with 20 scored peers and a connection to each member of the active quorums',
    MAX_MEMBERS,
  ),
  {
    name: 'sequential-20',
    summary: '20 random nodes, full blocks, one after the other: each is waited for',
    studyOnly: false,
    connections: (known) => pick.randomNodes(known, PEERS),
    plan: (connected) => ({ ...atOnce(connected, 'full'), pace: 'one-by-one' }),
  },
  fullTo(
    'learned-20',
    'the same with what was learned (broadcast.learned), after days: it has been connected to each node once, full blocks',
    (known) => scoredPeers(known, PEERS, LEARNED),
  ),
  fullTo(
    'learned-20-new',
    'study only: the same from a relay that started five minutes before the blocks of others',
    (known) => scoredPeers(known, PEERS, LEARNED_NEW),
    true,
  ),
  compactTo('quorum-125', 'study only: 125 members of the signing quorum, compact blocks', (known) =>
    pick.signers(known).slice(0, 125),
  ),
  compactTo('masternodes-400', 'study only: 400 random masternodes, compact blocks', (known) =>
    pick.randomMasternodes(known, 400),
  ),
  compactTo('quorum-400', 'study only: the 400 members of the signing quorum, compact blocks', pick.signers),
  fullTo('quorum-400-full', 'study only: the 400 members of the signing quorum, full blocks', pick.signers, true),
  compactTo(
    'members-400',
    'study only: 400 members of the active quorums, those of several first, compact blocks',
    (known) => pick.quorumMembers(known).slice(0, 400),
  ),
  compactTo('members-all', 'study only: all members of the active quorums, compact blocks', pick.quorumMembers),
];

export const CONTENDERS: ReadonlyMap<string, Contender> = new Map(ALL.map((contender) => [contender.name, contender]));

/** @throws RangeError when there is none of that name */
export function contenderNamed(name: string): Contender {
  const contender = CONTENDERS.get(name);
  if (contender === undefined) throw new RangeError(`there is no contender ${name}`);
  return contender;
}
