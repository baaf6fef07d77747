import { type Codec, ROOM_TO_GROW } from './codec.js';

/** A message without a payload. */
export interface Empty<Command extends string> {
  readonly command: Command;
}

function empty<Command extends string>(command: Command): Codec<Empty<Command>> {
  return {
    command,
    maxPayload: ROOM_TO_GROW,
    decode: () => ({ command }),
    encode: () => undefined,
  };
}

/** Accepts the receiver's `version` and completes the handshake. */
export const verack = empty('verack');
/** BIP 130: requests that new blocks be announced by `headers` instead of `inv`. */
export const sendheaders = empty('sendheaders');
/** Requests addresses of other nodes. Dash Core answers once per connection, and inbound peers only. */
export const getaddr = empty('getaddr');
/** BIP 155: requests `addrv2` instead of `addr`. Must be sent before `verack`. */
export const sendaddrv2 = empty('sendaddrv2');
