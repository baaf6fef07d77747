/**
 * Parses block events from the events socket and the lines of the history file. Both come from another process, so they are validated
 * (docs/events.md).
 */

import { z } from 'zod';
import {
  BLOCK_SOURCES,
  currentCode,
  FINALITY_STATES,
  LATE_CODES,
  OUTCOMES,
  PROOF_STATUSES,
  RPC_OUTCOMES,
} from '../contracts/codes.js';
import type { BlockEvent } from '../contracts/events.js';
import { HashText } from '../contracts/hash.js';

const source = z.enum(BLOCK_SOURCES);
/** History files of before 0.1.0 have codes with spaces. */
const code = z.string().transform(currentCode);
const count = z.int().nonnegative();
const ms = z.number();
const late = z.enum(LATE_CODES).exactOptional();

const proof = {
  peer: z.string(),
  protected: z.boolean(),
  status: code.pipe(z.enum(PROOF_STATUSES)),
  reason: code.exactOptional(),
  late: z.literal(true).exactOptional(),
  rival: HashText.exactOptional(),
  writtenMs: ms.exactOptional(),
  acknowledgedMs: ms.exactOptional(),
  acceptedMs: ms.exactOptional(),
};

/** Unknown fields are kept: a newer relay may have more. */
const Schema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('received'),
    at: z.number(),
    hash: HashText,
    source,
    size: count,
    transactions: count.exactOptional(),
    height: count.exactOptional(),
    gateMs: ms.exactOptional(),
    held: z.array(z.string()).exactOptional(),
    note: z.string().exactOptional(),
    unspooled: z.string().exactOptional(),
    late,
    firstAt: z.number().exactOptional(),
  }),
  z.looseObject({
    type: z.literal('refused'),
    at: z.number(),
    source,
    hash: HashText.exactOptional(),
    size: count,
    code,
    reason: z.string(),
    sha256: HashText,
  }),
  z.looseObject({
    type: z.literal('repeated'),
    at: z.number(),
    hash: HashText,
    source,
    stored: z.literal(true).exactOptional(),
    unspooled: z.string().exactOptional(),
  }),
  z.looseObject({ type: z.literal('stored'), at: z.number(), hash: HashText }),
  z.looseObject({ type: z.literal('proof'), at: z.number(), hash: HashText, ...proof }),
  z.looseObject({
    type: z.literal('verdict'),
    at: z.number(),
    hash: HashText,
    source,
    size: count,
    height: count.exactOptional(),
    outcome: code.pipe(z.enum(OUTCOMES)),
    success: z.boolean(),
    reason: z.string().exactOptional(),
    late,
    rpc: z
      .looseObject({
        outcome: z.enum(RPC_OUTCOMES),
        reason: z.string().exactOptional(),
        ms,
      })
      .exactOptional(),
    peersReached: count,
    peersTried: count,
    accepted: count,
    alreadyHad: count,
    failed: count,
    firstMs: ms.exactOptional(),
    medianMs: ms.exactOptional(),
    lastMs: ms.exactOptional(),
    peers: z.array(z.looseObject(proof)),
  }),
  z.looseObject({
    type: z.literal('finality'),
    at: z.number(),
    hash: HashText,
    height: count.exactOptional(),
    state: z.enum(FINALITY_STATES),
    confirmations: count.exactOptional(),
    by: HashText.exactOptional(),
  }),
]);

/** @returns undefined for text that is not a block event, or one of an unknown type */
export function parseBlockEvent(message: Buffer | string): BlockEvent | undefined {
  try {
    const parsed = Schema.safeParse(JSON.parse(message.toString()));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
