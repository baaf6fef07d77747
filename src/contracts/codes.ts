/**
 * Codes name what happened, for programs: in events, metrics, the API and files. They are kebab-case, and come from closed lists.
 */

/** What codes looked like before 0.1.0. */
const WORDS = /^[a-z-]+(?: [a-z-]+)+$/;

/** @param code as it may have been written before 0.1.0, with spaces @returns the code of today; what never was a code comes back as it is */
export function currentCode(code: string): string {
  return WORDS.test(code) ? code.replaceAll(' ', '-') : code;
}

/** `cluster`: the pool pushed it to another relay of the cluster. What is no `dashd` is a block of the pool's. */
export const BLOCK_SOURCES = ['pool', 'dashd', 'cluster'] as const;

/** How far delivery to one peer was proven, each step stronger than the one before; the last two are the other ends. */
export const PROOF_STATUSES = ['pending', 'written', 'acknowledged', 'accepted', 'already-had', 'failed'] as const;

/** What a masternode does for the next block: it is in the quorum that signs its ChainLock, or in another active ChainLock quorum. */
export const QUORUM_ROLES = ['signer', 'member'] as const;

/** How a block goes to a peer: as a `block` message, or as a `cmpctblock` (BIP 152). */
export const FORMS = ['full', 'compact'] as const;

export const OUTCOMES = ['delivered', 'local-only', 'rejected', 'failed'] as const;

export const RPC_OUTCOMES = ['accepted', 'duplicate', 'inconclusive', 'rejected', 'unavailable'] as const;

export const FINALITY_STATES = ['pending', 'chainlocked', 'buried', 'orphaned'] as const;

/** What the relay sends of a block's locks: `clsig` and `isdlock` (Dash Core `chainlock/clsig.h`, `instantsend/lock.h`). */
export const LOCK_KINDS = ['chainlock', 'instantsend'] as const;

/** The messages that bring locks; from peers they are counted and not read. */
export const LOCK_COMMANDS = ['clsig', 'isdlock'] as const;

/** How the relay knew of a ChainLock. */
export const LOCKS_SEEN = ['feed', 'asked'] as const;

/**
 * Why the locks of transactions could not be counted. `instantsend-off`: by the network's sporks no signer waits for locks; `too-many`: the
 * mempool has more transactions than are asked about.
 */
export const LOCKS_UNKNOWN = ['no-answer', 'not-supported', 'not-understood', 'instantsend-off', 'too-many'] as const;

export const LATE_CODES = ['recovered', 'no-peers'] as const;

/** What came of a witness and a block (docs/witnesses.md). */
export const SIGHTS = ['counted', 'early', 'unseen'] as const;

/** How a witness announces a block: the BIP 152, BIP 130 and first form. */
export const WITNESS_WAYS = ['cmpctblock', 'headers', 'inv'] as const;

/**
 * Why a peer is a witness no more. `unknown-blocks`, `early`, `silent`, `slow`: what it announces is of no use. `quorum-member`: blocks are pushed to it
 * from now on. `broadcast`: the broadcast has too few peers without it. `disconnected`: the connection failed, or was lost.
 */
export const WITNESS_LOSSES = [
  'disconnected',
  'unknown-blocks',
  'early',
  'silent',
  'slow',
  'quorum-member',
  'broadcast',
] as const;

export const TIP_SOURCES = ['feed', 'rpc'] as const;

/** Why an address that a peer announced did not get into the peer book. */
export const ADDRESS_REFUSALS = [
  'malformed',
  'unroutable',
  'non-standard-port',
  'no-network-service',
  'stale',
  'duplicate',
  'excluded',
  'peer-rate',
  'group-rate',
  'network-quota',
  'book-full',
] as const;
