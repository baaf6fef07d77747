/** What dashd's answer to `submitblock` means. Source: BIP 22, BIP 23 and Core `rpc/mining.cpp` (BIP22ValidationResult). */

import type { RpcResult } from '../contracts/events.js';
import type { RpcAnswer } from '../contracts/rpc.js';
import { VERDICT } from '../messages/blocks.js';
import { fill } from '../messages/fill.js';

export type Reading = Omit<RpcResult, 'ms'>;

/**
 * Core `rpc/protocol.h`: the block cannot be decoded; it breaks a rule; it is in the chain already. -25 is not among them: with it
 * `submitblock` reports internal errors such as a full disk, which say nothing about the block.
 */
const DESERIALIZATION_ERROR = -22;
const VERIFY_REJECTED = -26;
const ALREADY_IN_CHAIN = -27;

export function readSubmission(answer: RpcAnswer): Reading {
  if (answer.ok) return readWord(answer.result);
  switch (answer.rpcCode) {
    case ALREADY_IN_CHAIN:
      return { outcome: 'duplicate' };
    case DESERIALIZATION_ERROR:
    case VERIFY_REJECTED:
      return { outcome: 'rejected', reason: answer.detail };
    default:
      return { outcome: 'unavailable', reason: `${answer.code}: ${answer.detail}` };
  }
}

/** Of dashd's words for its reasons; the longest of Core has 40. They are logged, published and recorded with each block. */
const MAX_REASON_CHARS = 200;

function readWord(word: unknown): Reading {
  if (word === null) return { outcome: 'accepted' };
  if (typeof word !== 'string') {
    return {
      outcome: 'unavailable',
      reason: fill(VERDICT['unexpected-answer'], { answer: String(JSON.stringify(word)).slice(0, 80) }),
    };
  }
  switch (word) {
    case 'duplicate':
      return { outcome: 'duplicate' };
    // Stored, but not (yet) in the active chain: a later question may have another answer.
    case 'inconclusive':
    case 'duplicate-inconclusive':
      return { outcome: 'inconclusive', reason: word };
    default:
      return { outcome: 'rejected', reason: word.slice(0, MAX_REASON_CHARS) };
  }
}

/**
 * True when dashd rejected a block only for now: it lacks the parent, or the block's time is over two hours ahead of its clock, which may
 * be wrong. Neither makes the block invalid there. Source: Core `validation.cpp`, BLOCK_MISSING_PREV and BLOCK_TIME_FUTURE.
 */
export function isPremature({ outcome, reason }: Reading): boolean {
  return outcome === 'rejected' && (reason === 'prev-blk-not-found' || reason === 'time-too-new');
}

/**
 * Reads the answer to `getblockheader` for a block whose submission was inconclusive.
 * @returns `active`: in dashd's active chain; `side-branch`: stored beside it; `unknown`: dashd does not have it, or did not say
 */
export function readLookup(answer: RpcAnswer): 'active' | 'side-branch' | 'unknown' {
  if (!answer.ok || typeof answer.result !== 'object' || answer.result === null) return 'unknown';
  const confirmations = 'confirmations' in answer.result ? answer.result.confirmations : undefined;
  if (typeof confirmations !== 'number') return 'unknown';
  return confirmations > 0 ? 'active' : 'side-branch';
}
