/** Faults of a simulated node. All are off by default and can be combined. */
export interface Behaviour {
  /** Resets the connection when half of a `block` payload has arrived, each time. */
  readonly diesMidBlock?: boolean;
  /** Accepts no more blocks, but answers: its chain does not grow. */
  readonly stuck?: boolean;
  /** Accepts no more blocks, and says that it has each that it was sent: it answers `getheaders` with their headers. */
  readonly lies?: boolean;
  /** Reads but sends nothing: from the start, or after the handshake. */
  readonly silent?: 'from-the-start' | 'after-the-handshake';
  /** Stops reading after the handshake, so that the sender's buffer fills. */
  readonly neverReads?: boolean;
  /** Sends its messages with this magic. */
  readonly magic?: Buffer;
  /** Sends this protocol version. */
  readonly version?: number;
  /** Returns the nonce of the peer's `version`, as a connection to itself would. */
  readonly echoesNonce?: boolean;
  /** After the handshake, sends messages of this kind as fast as the connection takes them. */
  readonly floods?:
    | 'unknown-commands'
    | 'pings'
    | 'addresses'
    | 'announcements'
    | 'requests'
    | 'headers'
    | 'blocks'
    | 'questions'
    | 'compact-preferences'
    | 'transaction-requests';
  /** How it handles the compact blocks of its peers, where that is not as Dash Core 23 does. */
  readonly compactBlocks?: CompactFault;
  /** Sends one byte at a time, this many milliseconds apart. */
  readonly dripMs?: number;
  /** Corrupts the checksum of every message after `verack`. */
  readonly badChecksums?: boolean;
  /** After the handshake, sends the header of a `block` of this many bytes, without the payload. */
  readonly claimsPayload?: number;
}

/**
 * - `ignored`: it takes none.
 * - `only-when-chosen`: none from a peer that it did not choose for high bandwidth (bitcoin#32606)
 * - `all-requested`: it requests all transactions, also those that it was sent
 * - `out-of-range`: it requests a transaction that the block does not have
 * - `requested-again`: it requests the same again for each answer, and takes the block from none
 */
export type CompactFault = 'ignored' | 'only-when-chosen' | 'all-requested' | 'out-of-range' | 'requested-again';

/** The network link between a node and its peers. */
export interface LinkQuality {
  /** One-way delay, milliseconds. */
  readonly latencyMs: number;
  /** Throughput towards the node, bytes per second; unlimited by default. */
  readonly bytesPerSecond?: number;
}
