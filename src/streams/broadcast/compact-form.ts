/**
 * The compact form of a block that is about to be sent. It is worth its making where the whole block would not fit into TCP's first
 * flight: beyond that it costs a round trip more, and each peer's share of our uplink.
 */
import { compactOf, transactionAt } from '../../block/compact.js';
import type { Block } from '../../block/gate.js';
import type { CompactForm } from '../../session/types.js';
import { encodeFrame } from '../../wire/frame.js';
import type { Network } from '../../wire/network.js';

/** Ten segments of 1,448 bytes (RFC 6928), less what goes along with a block: `getheaders` and `ping`. */
const FIRST_FLIGHT_BYTES = 14_000;

/**
 * Takes about a microsecond for each transaction.
 * @param block its bytes are kept: those of the frame, so that the buffer in which it came is released
 * @param nonce of the short ids
 * @returns undefined for a block that is sent whole: a small one, or one whose transactions could not be told apart
 */
export function compactFormOf(
  { raw, layout }: Pick<Block, 'raw' | 'layout'>,
  { magic }: Network,
  nonce: bigint,
): CompactForm | undefined {
  if (raw.length <= FIRST_FLIGHT_BYTES || layout === undefined) return undefined;
  const message = compactOf(raw, layout, nonce);
  if (message === undefined) return undefined;
  const places = { starts: layout.starts, end: layout.end };
  return {
    frame: encodeFrame(magic, message),
    count: places.starts.length,
    transaction: (index) => transactionAt(raw, places, index),
  };
}
