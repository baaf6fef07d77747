/** How a simulated node may misbehave. All are off unless named; several may be combined. */
export interface Behaviour {
  /** Breaks the connection off when half of a `block` payload has arrived, each time. */
  readonly diesMidBlock?: boolean;
  /** Takes no more blocks, though it answers: its chain stays where it is. */
  readonly stuck?: boolean;
  /** Reads and says nothing: from the start, or once the handshake is done. */
  readonly silent?: 'from the start' | 'after the handshake';
  /** Stops reading once the handshake is done: what is sent to it piles up at the sender. */
  readonly neverReads?: boolean;
  /** Opens its messages with another network's magic. */
  readonly magic?: Buffer;
  /** Claims this protocol version. */
  readonly version?: number;
  /** Returns the nonce it is sent, as a connection to oneself does. */
  readonly echoesNonce?: boolean;
  /** Sends as many of these as the connection takes, once the handshake is done. */
  readonly floods?:
    | 'unknown commands'
    | 'pings'
    | 'addresses'
    | 'announcements'
    | 'requests'
    | 'headers'
    | 'blocks'
    | 'questions';
  /** Sends one byte at a time, this many milliseconds apart. */
  readonly dripMs?: number;
  /** Falsifies the checksum of everything it sends after `verack`. */
  readonly badChecksums?: boolean;
  /** Once the handshake is done, sends the header of a `block` of this many bytes, and no payload. */
  readonly claimsPayload?: number;
}

/** What lies between a node and whoever dials it. */
export interface LinkQuality {
  /** Milliseconds each way. */
  readonly latencyMs: number;
  /** Bytes a second it reads; as fast as it can unless told. */
  readonly bytesPerSecond?: number;
}
