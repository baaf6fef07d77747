import { COMMAND_AT } from '../wire/frame.js';

export type Guess = 'undecided' | 'plain' | 'encrypted' | 'other network';

const VERSION = Buffer.from('version\0\0\0\0\0');

/**
 * Which transport the first bytes of an incoming connection open. A node that speaks BIP 324 takes everything but its magic
 * and `version` for the key that opens an encrypted one, unless `version` follows some other magic. Source: Dash Core
 * `net.cpp`, `V2Transport::ProcessReceivedMaybeV1Bytes` and `ProcessReceivedKeyBytes`.
 */
export function guessTransport(magic: Buffer, first: Buffer): Guess {
  const prefix = Buffer.concat([magic, VERSION]);
  const known = first.subarray(0, prefix.length);
  if (known.equals(prefix.subarray(0, known.length))) return known.length < prefix.length ? 'undecided' : 'plain';
  return known.subarray(COMMAND_AT).equals(VERSION) ? 'other network' : 'encrypted';
}
