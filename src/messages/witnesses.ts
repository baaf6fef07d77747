/** What is said about the witnesses (docs/witnesses.md). */
import type { WitnessLoss } from '../contracts/propagation.js';

/** Why a peer was chosen as a witness: `{reason}` of `witness-connected`. */
export const WITNESS_CHOSEN = 'network {group}[; {region}: {inRegion} of the witnesses][; {country}: {inCountry}]';

/** What `blockcast peers explain` says of a witness, from the running relay. */
export const WITNESS_EXPLAINED = 'never sent a block, to tell how fast the network is: {reason}';

/** Why a witness is no longer one: `{code}: {reason}`. The keys are the codes. */
export const WITNESS_LOST = {
  disconnected: '{detail}',
  'unknown-blocks': 'it announced {count} blocks that neither dashd nor another peer knows',
  early: 'it announced {count} blocks in a row before they can have been there, and most of the others did not',
  silent: 'it did not announce {count} blocks in a row that half of the witnesses had',
  slow: 'it announced {count} blocks in a row {seconds} s or more after half of the witnesses had them',
  'quorum-member': 'it is a member of an active quorum, and blocks are pushed to those',
  broadcast: 'the broadcast has free slots and no other peers for them',
} as const satisfies Record<WitnessLoss, string>;
