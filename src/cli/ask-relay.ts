/** What the running relay knows of a peer (contracts/explained.ts), as text. */
import { connectControl, controlPath } from '../adapters/control.js';
import { type Explained, explainedSchema, type PushPlace, type QuorumStanding } from '../contracts/explained.js';
import { fill } from '../messages/fill.js';
import { PUSH_PLACE } from '../messages/push-plan.js';
import { QUORUM_CONNECT, QUORUM_DISCONNECT, QUORUM_SKIP, QUORUM_STANDING } from '../messages/quorums.js';
import { WITNESS_EXPLAINED } from '../messages/witnesses.js';
import type { Rows } from './peers-report.js';

/** @param peerFile its path @returns undefined when no relay runs on this file */
export async function askRelay(peerFile: string, peer: string): Promise<Explained | undefined> {
  const relay = await connectControl(controlPath(peerFile));
  if (!relay.ok) return undefined;
  try {
    const answer = explainedSchema.safeParse(await relay.connection.ask({ explain: peer }));
    return answer.success ? answer.data : undefined;
  } finally {
    relay.connection.close();
  }
}

/** Rows of `peers explain`: a label, and what is to be said. */
export function describeAnswer({ standing, push, witness }: Explained): Rows {
  return [
    ...(standing === undefined ? [] : describeStanding(standing)),
    ...(push === undefined ? [] : describePlace(push)),
    ...(witness === undefined ? [] : [['witness', fill(WITNESS_EXPLAINED, { reason: witness })] as const]),
  ];
}

function describePlace({ place, of, order, form }: PushPlace): Rows {
  return [
    ['order', fill(PUSH_PLACE, { place, of, reason: order.text })],
    ['sent', form.text],
  ];
}

function describeStanding(standing: QuorumStanding): Rows {
  const { masternode, role, active, memberOf, height, connection, code } = standing;
  const signs = role === 'signer' ? fill(QUORUM_STANDING.signs, { height }) : undefined;
  const membership =
    role === undefined
      ? fill(QUORUM_STANDING['not-a-member'], { active })
      : fill(QUORUM_STANDING.member, { memberOf, active, signs });
  return [
    ...(masternode === undefined ? [] : [['masternode', masternode] as const]),
    ['quorums', membership],
    ['connection', fill(QUORUM_STANDING[connection], { reason: code === undefined ? undefined : reasonOf(code) })],
  ];
}

const REASONS: Readonly<Record<string, string>> = { ...QUORUM_CONNECT, ...QUORUM_DISCONNECT, ...QUORUM_SKIP };

/** A relay of another version may have a code of its own. */
function reasonOf(code: string): string {
  return REASONS[code] ?? code;
}
