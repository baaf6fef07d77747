/** Why a peer is written a block when it is, and why in that form. The keys are the codes. */

/** What `blockcast peers explain` says of a connected peer, from the running relay. */
export const PUSH_PLACE = '{place} of {of}: {reason}';

/** Who is written first: in this order. */
export const PUSH_RANK = {
  dashd: "the pool's own dashd is always first",
  signer: 'it is a member of the quorum that signs the next block',
  member: 'it is a member of an active ChainLock quorum[: of {quorums}]',
  other: 'it is a member of no active ChainLock quorum',
} as const;

/** Why a block that has a compact form is sent to a peer in that form, or whole. */
export const PUSH_FORM = {
  chosen: 'compact: the peer asked for our blocks in this form',
  taken: 'compact: a node of its version takes them from any peer',
  refused: 'whole: it does not take compact blocks from us',
} as const;
