/**
 * Parses block events from the events socket and the lines of the history file. Both come from another process, so they are validated
 * (docs/events.md).
 */

import { z } from 'zod';
import { currentCode, OUTCOMES, PROOF_STATUSES } from '../contracts/codes.js';
import {
  at,
  count,
  finalityFields,
  hash,
  lockCountFields,
  locksRelayedFields,
  proofFields,
  propagationFields,
  receivedFields,
  refusedFields,
  repeatedFields,
  rpcFields,
  sightFields,
  verdictFields,
} from '../contracts/event-fields.js';
import type { BlockEvent } from '../contracts/events.js';

/** History files of before 0.1.0 have codes with spaces. */
const code = z.string().transform(currentCode);
const proof = { ...proofFields, status: code.pipe(z.enum(PROOF_STATUSES)), reason: code.exactOptional() };

/** Unknown fields are kept: a newer relay may have more. */
const Schema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('received'), ...receivedFields }),
  z.looseObject({ type: z.literal('refused'), ...refusedFields, code }),
  z.looseObject({ type: z.literal('repeated'), ...repeatedFields }),
  z.looseObject({ type: z.literal('stored'), at, hash }),
  z.looseObject({ type: z.literal('proof'), at, hash, ...proof }),
  z.looseObject({
    type: z.literal('verdict'),
    at,
    ...verdictFields,
    outcome: code.pipe(z.enum(OUTCOMES)),
    rpc: z.looseObject(rpcFields).exactOptional(),
    peers: z.array(z.looseObject(proof)),
  }),
  z.looseObject({ type: z.literal('locks'), ...lockCountFields, hash, height: count.exactOptional() }),
  z.looseObject({ type: z.literal('locks-relayed'), ...locksRelayedFields, hash, height: count.exactOptional() }),
  z.looseObject({ type: z.literal('finality'), ...finalityFields, hash, height: count.exactOptional() }),
  z.looseObject({
    type: z.literal('propagation'),
    at,
    hash,
    ...propagationFields,
    sights: z.array(z.looseObject(sightFields)),
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
