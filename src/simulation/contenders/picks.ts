/** Choices of peers that contenders share. */
import type { NodeId } from '../network/plan.js';
import type { RelayKnowledge } from './contender.js';

export function randomNodes({ reachable, random }: RelayKnowledge, count: number): NodeId[] {
  return random.sample(reachable, count);
}

export function randomMasternodes(knowledge: RelayKnowledge, count: number): NodeId[] {
  const { plan, reachable, random } = knowledge;
  const masternodes = reachable.filter((id) => plan.nodes[id]?.kind === 'masternode');
  return random.sample(masternodes, count);
}

/** As many of each region as there can be. */
export function spreadOverRegions({ plan, reachable, random }: RelayKnowledge, count: number): NodeId[] {
  const regions = new Map<number, NodeId[]>();
  for (const id of random.sample(reachable)) {
    const region = plan.nodes[id]?.region ?? 0;
    regions.set(region, [...(regions.get(region) ?? []), id]);
  }
  const picked: NodeId[] = [];
  const queues = [...regions.entries()].sort(([a], [b]) => a - b).map(([, ids]) => ids);
  while (picked.length < count && queues.some((ids) => ids.length > 0)) {
    for (const ids of queues) {
      const id = ids.pop();
      if (id !== undefined && picked.length < count) picked.push(id);
    }
  }
  return picked;
}

/** Reachable members of the quorum that signs the next height, in random order. */
export function signers({ plan, signing, reachable, random }: RelayKnowledge): NodeId[] {
  const members = new Set(plan.quorums[signing]?.members);
  return random.sample(reachable.filter((id) => members.has(id)));
}

/** Reachable members of the active quorums: those of several first, otherwise in random order. */
export function quorumMembers({ plan, reachable, random }: RelayKnowledge): NodeId[] {
  const quorums = plan.quorums.map(({ members }) => new Set(members));
  const count = new Map(reachable.map((id) => [id, quorums.filter((members) => members.has(id)).length]));
  const members = random.sample(reachable.filter((id) => (count.get(id) ?? 0) > 0));
  return members.sort((a, b) => (count.get(b) ?? 0) - (count.get(a) ?? 0));
}
