/** What a peer is to the ChainLock quorums, and why it is connected to as a member, or not. Pure. */
import type { QuorumStanding } from '../contracts/explained.js';
import type { QuorumView } from './active-quorums.js';
import type { ConnectPlan } from './connect-plan.js';
import { membershipsOf } from './roles.js';

export interface ExplainInput {
  /** `host:port` */
  readonly peer: string;
  readonly view: QuorumView;
  /** The last plan of quorum connections; absent before the first. */
  readonly plan: ConnectPlan | undefined;
  readonly connection: QuorumStanding['connection'];
}

export function explainMember({ peer, view, plan, connection }: ExplainInput): QuorumStanding {
  const masternode = view.masternodeOf(peer);
  const role = view.roleOf(peer);
  const code = plan && codeOf(plan, peer);
  return {
    ...(masternode !== undefined && { masternode }),
    ...(role !== undefined && { role }),
    active: view.quorums.length,
    memberOf: masternode === undefined ? 0 : (membershipsOf(view).get(masternode) ?? 0),
    height: view.height + 1,
    connection,
    ...(code !== undefined && { code }),
  };
}

function codeOf(plan: ConnectPlan, peer: string): string | undefined {
  const change = [...plan.connect, ...plan.disconnect].find((one) => one.peer === peer);
  return change?.code ?? plan.whyNot(peer);
}
