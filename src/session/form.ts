/**
 * In which form a peer is sent a block, and whether the whole block follows at once (the hedge). The rules, for each peer:
 *
 * | What is known of the peer                                        | Form    | The whole block follows                      |
 * | ---------------------------------------------------------------- | ------- | -------------------------------------------- |
 * | it is the pool's own dashd                                       | full    |                                              |
 * | it did not send `sendcmpct` of version 1                         | full    |                                              |
 * | it has not answered for the block before                         | full    |                                              |
 * | its last two compact blocks were of no use                       | full    | until it chooses us                          |
 * | it has chosen us for high bandwidth, or has taken one from us,   | compact | if its pong shows that it needs it: one      |
 * | or its protocol is one that takes them from anybody              |         | round trip later                             |
 * | nothing of that, or its last compact block was of no use         | compact | at once, unless it is large                  |
 *
 * A block has no compact form where it would not help (`streams/broadcast/compact-form.ts`). The hedge at once is for peers of which it
 * is not known whether they process a compact block that they did not ask for: Bitcoin Core drops it since bitcoin#32606, and Dash Core
 * may. It costs the bytes of the whole block and no time: the peers' compact blocks are all written before the first hedge.
 */
import type { BlockForm } from '../contracts/events.js';
import { isInFlight } from './pushes.js';
import type { CompactUse, PushBlock, SessionState } from './types.js';

/** The newest protocol of which it was seen that compact blocks are taken from anybody: that of Dash Core 23. */
const LAST_UNASKED_PROTOCOL = 70_240;
/** After so many compact blocks in a row that were of no use, a peer gets whole ones, until it chooses us. */
export const MAX_WASTED = 2;
/** Hedges to 400 peers are 40 MB then: a third of a second at 1 Gbit/s, in which little else can be sent. */
const MAX_HEDGED_BYTES = 100_000;

export const NO_COMPACT_USE: CompactUse = { known: false, chosen: false, taken: false, wasted: 0 };

/** How a peer takes our compact blocks: it asked for them, or is sent them all the same; or it is sent whole blocks alone. */
export function takeOf({ known, chosen, wasted }: CompactUse): 'chosen' | 'taken' | 'refused' {
  if (!known || wasted >= MAX_WASTED) return 'refused';
  return chosen ? 'chosen' : 'taken';
}

/** The form in which a peer is sent a block. */
export function formFor({ phase, compact, near, pushes }: SessionState, block: PushBlock): BlockForm {
  if (block.compact === undefined || phase.name !== 'ready' || near) return 'full';
  // It was sent once, and the peer, which had the parent, did not get the block from it.
  if (pushes.some(({ hash, answer }) => hash === block.hash && answer !== 'no-parent')) return 'full';
  // In a burst: what comes far above the tip is dropped, and what was sent is bounded by its bytes (MAX_IN_FLIGHT_BYTES).
  if (pushes.some(isInFlight)) return 'full';
  return takeOf(compact) === 'refused' ? 'full' : 'compact';
}

/** Whether the whole block follows the compact one at once. */
export function isHedged({ phase, compact: use }: SessionState, { frame, compact }: PushBlock): boolean {
  if (phase.name !== 'ready' || compact?.hedge === false || frame.length > MAX_HEDGED_BYTES) return false;
  const { chosen, taken, wasted } = use;
  return wasted > 0 || !(chosen || taken || phase.remote.protocolVersion <= LAST_UNASKED_PROTOCOL);
}

export function bytesOf(block: PushBlock, form: BlockForm): Buffer {
  return form === 'compact' ? (block.compact?.frame ?? block.frame) : block.frame;
}
