import { COMMAND_AT } from '../wire/frame.js';

export type Guess = 'undecided' | 'plain' | 'encrypted' | 'other-network';

const VERSION = Buffer.from('version\0\0\0\0\0');

/**
 * Determines the transport from the first bytes of an incoming connection. A node with BIP 324 reads anything but its magic and
 * `version` as the key of an encrypted connection, unless `version` follows another magic. Source: Dash Core
 * `net.cpp`, `V2Transport::ProcessReceivedMaybeV1Bytes` and `ProcessReceivedKeyBytes`.
 */
export function guessTransport(magic: Buffer, first: Buffer): Guess {
  const prefix = Buffer.concat([magic, VERSION]);
  const known = first.subarray(0, prefix.length);
  if (known.equals(prefix.subarray(0, known.length))) return known.length < prefix.length ? 'undecided' : 'plain';
  return known.subarray(COMMAND_AT).equals(VERSION) ? 'other-network' : 'encrypted';
}
