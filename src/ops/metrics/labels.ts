/**
 * The values that labels may take: closed lists, since each value is a time series that Prometheus keeps. What comes in as open text
 * (codes of other modules and of dashd) is looked up here, and is {@link OTHER} when it is not found.
 *
 * Codes are in the words of the events, so that a graph, a log line and an API answer name the same thing alike.
 */

import type { ServiceCode } from '../../contracts/services.js';
import { REFUSALS } from '../../messages/blocks.js';
import { CONNECT, DISCONNECT, SESSION } from '../../messages/peers.js';
import { SERVICE_MESSAGES } from '../../messages/services.js';

export {
  ADDRESS_REFUSALS,
  BLOCK_SOURCES as SOURCES,
  FINALITY_STATES,
  FORMS,
  LOCK_COMMANDS,
  LOCK_KINDS,
  OUTCOMES,
  PROOF_STATUSES,
  RPC_OUTCOMES,
  SIGHTS,
  TIP_SOURCES,
  WITNESS_LOSSES,
} from '../../contracts/codes.js';
export { SERVICES } from '../../contracts/services.js';

export const OTHER = 'other';

/** `code` if the list has it, {@link OTHER} if not. */
export function fold<Code extends string>(list: readonly Code[], code: string): Code | typeof OTHER {
  return list.find((known) => known === code) ?? OTHER;
}

/** `dashd` is the pool's own, `member` a member of a quorum beside the peers of the book; all others are the network's. */
export const ROLES = ['dashd', 'network', 'member'] as const;
/** How far a connection had come when it ended; `connected` is past the handshake. */
export const STAGES = ['connecting', 'connected'] as const;
export const DIRECTIONS = ['in', 'out'] as const;
/** Answers of a peer to a push that made us send more. */
export const MORE_ROUND_TRIPS = '2+';
export const ROUND_TRIPS = ['0', '1', MORE_ROUND_TRIPS] as const;
export const POINTS = ['first', 'median', 'last'] as const;

/** Why a session ended. */
export const FAULT_CODES = codesOf(SESSION);

/** Why the gate refused a frame. */
export const REFUSAL_CODES = codesOf(REFUSALS);

/** Why a peer is connected to, or left. */
export const PLAN_CODES = { connect: codesOf(CONNECT), disconnect: codesOf(DISCONNECT) };

function codesOf<Code extends string>(texts: Readonly<Record<Code, string>>): readonly Code[] {
  return Object.keys(texts) as Code[];
}

export const SERVICE_STATES = ['up', 'down', 'unknown'] as const;

/** What a service may report with `down` or `fault`; for those that pass on a system error's code, the rest is {@link OTHER}. */
export function serviceCodes(service: ServiceCode): readonly string[] {
  return Object.keys(SERVICE_MESSAGES[service]);
}

export const ALERT_CHANNELS = ['webhook', 'telegram'] as const;
/** `failed` is one attempt, of which there may be more; `dropped` was given up. */
export const ALERT_OUTCOMES = ['sent', 'failed', 'dropped', 'suppressed'] as const;
