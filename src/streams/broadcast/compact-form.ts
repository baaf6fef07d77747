/**
 * The compact form of a block that is about to be sent. It is worth its making beyond the size that the plan of the push says
 * (quorum/push-plan.ts), if it is much smaller than the block.
 */
import { compactOf, hasCommitment, transactionAt } from '../../block/compact.js';
import type { Block } from '../../block/gate.js';
import { FIRST_FLIGHT_BYTES, type PushPlan } from '../../quorum/push-plan.js';
import type { CompactForm } from '../../session/types.js';
import { encodeFrame, FRAME_HEADER_BYTES } from '../../wire/frame.js';
import type { Network } from '../../wire/network.js';

/**
 * A block with quorum commitments costs each peer a round trip in compact form. In that time a second flight of twice the first arrives, so
 * the whole block is as fast up to three first flights, if the uplink carries it to all peers within such a time: ten times as much as it
 * carries in no time.
 */
const SECOND_FLIGHT_BYTES = 3 * FIRST_FLIGHT_BYTES;
const ROUND_TRIP_SHARES = 10;
/** Of the whole block: a larger compact one saves too little for the round trip that it may cost. */
const MAX_SHARE = 0.5;

/**
 * Takes about a microsecond for each transaction.
 * @param block its bytes are kept: those of the frame, so that the buffer in which it came is released
 * @param nonce of the short ids
 * @param plan beyond how many bytes a block has a compact form. So many bytes go to all peers in no time, so the compact form may have as
 * many, and they are used for transactions that peers may lack. With a limited uplink no peer is sent the whole block as a hedge
 * @returns undefined for a block that is sent whole: a small one, a medium one with quorum commitments, or one whose transactions could not be
 * told apart
 */
export function compactFormOf(
  { raw, layout }: Pick<Block, 'raw' | 'layout'>,
  { magic }: Network,
  nonce: bigint,
  { compactAbove, pace }: Pick<PushPlan, 'compactAbove' | 'pace'>,
): CompactForm | undefined {
  if (raw.length <= compactAbove || layout === undefined) return undefined;
  const withCommitments = Math.min(SECOND_FLIGHT_BYTES, ROUND_TRIP_SHARES * compactAbove);
  if (raw.length <= withCommitments && hasCommitment(raw, layout)) return undefined;
  const room = Math.min(compactAbove, MAX_SHARE * raw.length) - FRAME_HEADER_BYTES;
  const message = compactOf(raw, layout, nonce, room);
  if (message === undefined) return undefined;
  const places = { starts: layout.starts, end: layout.end };
  const frame = encodeFrame(magic, message);
  if (frame.length > MAX_SHARE * raw.length) return undefined;
  return {
    frame,
    hedge: pace === undefined,
    count: places.starts.length,
    transaction: (index) => transactionAt(raw, places, index),
  };
}
