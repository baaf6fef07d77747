/**
 * The fields of block events as schemas, declared once for the parser of events (delivery/block-event.ts), which keeps unknown fields, and
 * for the API (ops/http/schemas.ts), which has none. The types are in events.ts; the compiler compares the API's schemas with them.
 */
import { z } from 'zod';
import {
  BLOCK_SOURCES,
  FINALITY_STATES,
  FORMS,
  LATE_CODES,
  LOCK_KINDS,
  LOCKS_SEEN,
  LOCKS_UNKNOWN,
  OUTCOMES,
  PROOF_STATUSES,
  QUORUM_ROLES,
  RPC_OUTCOMES,
  SIGHTS,
  WITNESS_WAYS,
} from './codes.js';
import { HashText } from './hash.js';

export const hash = HashText.describe('As block explorers show it: 64 hexadecimal digits.');
export const at = z.number().describe('Milliseconds since the Unix epoch.');
export const ms = z.number().describe('Milliseconds.');
export const sinceArrival = z.number().describe("Milliseconds since the block's arrival.");
export const count = z.int().nonnegative();
export const text = z.string();
const source = z.enum(BLOCK_SOURCES);
export const peer = text.describe('`host:port` as it is dialled.');
export const role = z
  .enum(QUORUM_ROLES)
  .describe('In the quorum that signs the next ChainLock, or in another active one.');
export const isOwn = z.boolean().describe("The pool's own dashd.");
const late = z.enum(LATE_CODES).exactOptional().describe('Why it was sent later than it was found.');

export const receivedFields = {
  at,
  hash,
  source,
  size: count,
  transactions: count.exactOptional(),
  height: count.exactOptional(),
  gateMs: sinceArrival.exactOptional(),
  held: z.array(text).exactOptional(),
  note: text.exactOptional(),
  unspooled: text.exactOptional(),
  late,
  firstAt: at.exactOptional(),
};

export const refusedFields = {
  at,
  source,
  hash: hash.exactOptional(),
  size: count,
  code: text,
  reason: text,
  sha256: HashText,
};

export const repeatedFields = {
  at,
  hash,
  source,
  stored: z.literal(true).exactOptional(),
  unspooled: text.exactOptional(),
};

export const proofFields = {
  peer,
  protected: isOwn,
  role: role.exactOptional().describe('What the peer was for this block when it was sent it.'),
  status: z.enum(PROOF_STATUSES),
  reason: text.exactOptional().describe('Why it failed.'),
  late: z.literal(true).exactOptional().describe('The peer was sent it later than others could have been.'),
  rival: hash.exactOptional().describe("The block in the peer's chain at this height."),
  form: z.enum(FORMS).exactOptional().describe('How it was sent; `full` once the peer needed the whole block.'),
  bytes: count.exactOptional().describe('Sent of the block, transactions that the peer asked for included.'),
  roundTrips: count.exactOptional().describe('Answers of the peer that made blockcast send more.'),
  writtenMs: sinceArrival.exactOptional(),
  acknowledgedMs: sinceArrival.exactOptional(),
  acceptedMs: sinceArrival.exactOptional(),
};

export const rpcFields = { outcome: z.enum(RPC_OUTCOMES), reason: text.exactOptional(), ms };

/** Without `rpc` and `peers`. */
export const verdictFields = {
  hash,
  source,
  size: count.describe('Bytes.'),
  height: count.exactOptional(),
  outcome: z.enum(OUTCOMES),
  success: z.boolean(),
  reason: text.exactOptional(),
  late,
  peersReached: count,
  peersTried: count,
  accepted: count,
  alreadyHad: count,
  failed: count,
  firstMs: sinceArrival.exactOptional(),
  medianMs: sinceArrival.exactOptional(),
  lastMs: sinceArrival.exactOptional(),
  signers: z
    .object({
      tried: count,
      reached: count,
      majorityMs: sinceArrival.exactOptional().describe('When 60 % of the tried had it, as a ChainLock needs.'),
    })
    .exactOptional()
    .describe("Of the peers whose quorum signs the block's ChainLock."),
};

/** Without `hash` and `height`. */
export const finalityFields = {
  at,
  state: z.enum(FINALITY_STATES),
  confirmations: z.int().exactOptional(),
  by: hash.exactOptional().describe('The block that replaced it.'),
  chainLock: z
    .object({
      ms: sinceArrival,
      sinceTipMs: ms.exactOptional().describe('Milliseconds since dashd had the block as its tip.'),
      seen: z.enum(LOCKS_SEEN).describe('`asked`: the ChainLock was there by then; up to 15 s too late.'),
    })
    .exactOptional()
    .describe('When the block was ChainLocked, as dashd saw it.'),
};

/** Of a block (`locks`) and of the mempool (`lock-forecast`). */
export const lockCountFields = {
  at,
  transactions: count.describe('Those that need a lock: with inputs, and not the coinbase.'),
  locked: count,
  delaying: count.describe('Neither InstantSend-locked nor known to dashd for ten minutes: signers wait.'),
  aged: count.describe('Not locked, and known to dashd for ten minutes.'),
  unchecked: count.describe('dashd was not asked about them.'),
  named: z
    .array(z.object({ txid: hash, seenAt: at.exactOptional().describe('When dashd got it.') }))
    .describe('Of the delaying ones, the newest first, at most 20.'),
  clearAt: at.exactOptional().describe('When the last of the delaying ones will be ten minutes old.'),
  unknown: z.enum(LOCKS_UNKNOWN).exactOptional().describe('Why nothing could be counted.'),
};

/** Without `hash` and `height`. */
export const locksRelayedFields = {
  at,
  kind: z.enum(LOCK_KINDS),
  locks: count.describe('Messages for each peer.'),
  sent: count.describe('Peers that they were sent to.'),
  had: count.describe('Peers that had announced the ChainLock.'),
  unproven: count.describe('Peers that are not proven to have the block, and so were not sent them.'),
  afterMs: sinceArrival,
};

const sinceOrigin = z
  .number()
  .describe("Milliseconds since a block of the pool's came in, or since the second connection announced any other.");

export const sightFields = {
  peer,
  state: z.enum(SIGHTS),
  country: text.exactOptional().describe('ISO 3166-1 alpha-2.'),
  way: z.enum(WITNESS_WAYS).exactOptional(),
  announcedMs: sinceOrigin.exactOptional(),
  seenMs: sinceOrigin.exactOptional().describe('Half of the shortest round trip before that.'),
};

/** Without `sights`. */
export const propagationFields = {
  own: z.boolean().describe("A block of the pool's."),
  height: count.exactOptional(),
  witnesses: count.describe('Connected when the block came.'),
  seen: count.describe('Of them, those that announced it.'),
  firstMs: sinceOrigin.exactOptional(),
  medianMs: sinceOrigin.exactOptional().describe('Half of the witnesses had it: the network propagation time.'),
  lastMs: sinceOrigin.exactOptional(),
};
