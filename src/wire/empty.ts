import { type Codec, ROOM_TO_GROW } from './codec.js';

/** A message that says everything by its command. */
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

/** Ends the handshake: your `version` is fine by me. */
export const verack = empty('verack');
/** BIP 130: announce new blocks to me by `headers` rather than by `inv`. */
export const sendheaders = empty('sendheaders');
/** Asks for addresses of other nodes; Dash Core answers it once a connection, and to inbound peers only. */
export const getaddr = empty('getaddr');
/** BIP 155: send me `addrv2` rather than `addr`. Must come before `verack`. */
export const sendaddrv2 = empty('sendaddrv2');
