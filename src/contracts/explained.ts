/** What a running relay answers at its control socket about a peer, for `blockcast peers explain`. */
import { z } from 'zod';
import { QUORUM_ROLES } from './codes.js';
import { HashText } from './hash.js';

/** The request: about one peer, `host:port`. */
export const explainSchema = z.strictObject({ explain: z.string().max(300) });

const standingSchema = z.object({
  /** The proRegTxHash of the masternode that it is, as it says itself or by its address; absent when it is not known to be one. */
  masternode: HashText.exactOptional(),
  /** Absent for a member of no active quorum. */
  role: z.enum(QUORUM_ROLES).exactOptional(),
  /** The active quorums, and those of them that it is a member of. */
  active: z.number(),
  memberOf: z.number(),
  /** The next block's. */
  height: z.number(),
  /** `quorum`: it has one of the connections of `quorum.maxPeers`. `peer`: it is connected as one of the other peers. */
  connection: z.enum(['quorum', 'peer', 'connecting', 'none']),
  /** Why a connection is begun, or given up, or not made: a code of messages/quorums.ts. Absent where there is nothing to say. */
  code: z.string().exactOptional(),
});
export type QuorumStanding = z.infer<typeof standingSchema>;

const reasonSchema = z.object({ code: z.string(), text: z.string() });

/** Where a connected peer is in the plan of the next push, and in which form it gets a block that has a compact one. */
const placeSchema = z.object({ place: z.number(), of: z.number(), order: reasonSchema, form: reasonSchema });
export type PushPlace = z.infer<typeof placeSchema>;

/**
 * The answer; without a standing where quorum connections are off, or dashd has not reported the quorums, without a place for a peer that
 * is not connected, and without `witness` for one that is none: why it was chosen, in words.
 */
export const explainedSchema = z.object({
  ok: z.literal(true),
  standing: standingSchema.exactOptional(),
  push: placeSchema.exactOptional(),
  witness: z.string().exactOptional(),
});
export type Explained = z.infer<typeof explainedSchema>;
