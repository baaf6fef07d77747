/**
 * The vocabulary of a session: what goes into the step function, what it keeps, what comes out.
 *
 * A session is one peer's protocol without a socket: `step(context, state, input, now)` returns the next state and the
 * outputs to carry out. `now` is monotonic, milliseconds from an arbitrary origin: all that a session does with it is to measure durations. Whoever owns the socket (streams/connection.ts) feeds it and obeys it; a test does both by hand.
 */

import type { Bucket } from '../common/token-bucket.js';
import type { Random } from '../time.js';
import type { PeerAddress } from '../wire/addr.js';
import type { Announced, Inbound, WireFault } from '../wire/decoder.js';
import type { Network } from '../wire/network.js';
import type { Hash } from '../wire/reader.js';
import type { Message } from '../wire/registry.js';

/** A block as a session needs it: its name, its header for recognition, its message as it goes over the wire. */
export interface PushBlock {
  readonly hash: Hash;
  readonly header: Buffer;
  readonly previous: Hash;
  /** The whole `block` message, header and payload; one buffer shared by all sessions. */
  readonly frame: Buffer;
}

/** The blocks we can serve, as streams/recent.ts keeps them. */
export interface RecentBlocks {
  get(hash: Hash): PushBlock | undefined;
  /** The block with this header, byte for byte. */
  byHeader(header: Buffer): PushBlock | undefined;
  /** Headers that follow the first block of `locator` that we know, up to and including `stop`; oldest first. */
  headersAfter(locator: readonly Hash[], stop: Hash): readonly Buffer[];
}

/** What a session may use but does not own. */
export interface SessionContext {
  readonly network: Network;
  readonly userAgent: string;
  /** The time we report in our `version`, Unix ms. */
  readonly wallClock: () => number;
  /** The height we report in our `version`. */
  readonly height: () => number;
  readonly random: Random;
  readonly recent: RecentBlocks;
  /** X11 hash of an 80-byte header. */
  readonly hashHeader: (header: Buffer) => Hash;
}

/** What the peer said of itself. The user agent is a remote's text: sanitised by the codec, never a metric's label. */
export interface Remote {
  /** Ours, which names this connection to the peer (`markOf`). */
  readonly nonce: bigint;
  readonly protocolVersion: number;
  readonly services: bigint;
  readonly userAgent: string;
  readonly height: number;
}

/** A block on its way to this peer. */
export interface Push {
  readonly hash: Hash;
  readonly previous: Hash;
  readonly nonce: bigint;
  readonly bytes: number;
  readonly since: number;
  /** `acknowledged`: the pong came, and the block is not known to be in the peer's chain. */
  readonly stage: 'sent' | 'written' | 'acknowledged';
  /** To the question behind the block; absent until there is one. */
  readonly answer?: Answer;
  /** The block that stands in the peer's chain in place of ours. */
  readonly rival?: Hash;
  /** How often the block was sent, and how often it was asked for again. */
  readonly times: number;
  readonly asked: number;
}

/** `shown`: the block is in the peer's chain. `rival`: another on the same parent is. `absent`: the peer's chain ends before it, or is another. */
export type Answer = 'shown' | 'rival' | 'absent';

/** A block that waits for room. Not the block itself: that is kept once, for all peers. */
export interface Queued {
  readonly hash: Hash;
  readonly previous: Hash;
}

export type Phase =
  | { readonly name: 'connecting' }
  | { readonly name: 'awaiting-version'; readonly since: number; readonly nonce: bigint }
  | { readonly name: 'awaiting-verack'; readonly since: number; readonly remote: Remote }
  | { readonly name: 'ready'; readonly since: number; readonly remote: Remote }
  | { readonly name: 'closed'; readonly fault: SessionFault };

/** What a peer may send, each with a limit of its own (limits.ts). */
export type Counted = 'messages' | 'bytes' | 'inv' | 'getdata' | 'headers' | 'getheaders' | 'addresses';

export type Budget = Readonly<Record<Counted, Bucket>>;

/** A ping made beforehand: twenty of them made while a block waits would be time that the twentieth peer waits. */
export interface Spare {
  readonly nonce: bigint;
  /** The whole message. */
  readonly frame: Buffer;
}

export interface SessionState {
  readonly phase: Phase;
  /** For the next push; made once the handshake is done, and anew when a push has left. */
  readonly spare: Spare | undefined;
  /** The keep-alive ping in flight, or when the next one is due. */
  readonly ping: { readonly nonce: bigint; readonly since: number } | { readonly due: number };
  readonly pushes: readonly Push[];
  /** Blocks to be pushed, in the order in which they will be. */
  readonly queue: readonly Queued[];
  /** True when the last block that was answered for is in the peer's chain. */
  readonly proven: boolean;
  /** When last a block got through: was begun with none before it, taken by the kernel, or answered. */
  readonly progressAt: number;
  /** Blocks the peer has shown to know, oldest first, bounded. */
  readonly knows: ReadonlySet<Hash>;
  /** What the peer may still send. */
  readonly budget: Budget;
  /** Blocks that were served to the peer, oldest first, bounded. */
  readonly served: ReadonlySet<Hash>;
  /** Bytes of blocks that it may be served again. */
  readonly serveAgain: Bucket;
  /** Messages that could not be understood. */
  readonly malformed: number;
}

export type Input =
  | { readonly type: 'connected' }
  | { readonly type: 'received'; readonly inbound: Inbound | Announced }
  /** A block for the peer. With `question` its frame has just been handed to the socket (push.ts). */
  | { readonly type: 'push'; readonly block: PushBlock; readonly question?: Buffer | undefined }
  /** The kernel has the last byte of that frame. */
  | { readonly type: 'written'; readonly hash: Hash }
  | { readonly type: 'closed'; readonly fault: SessionFault }
  | { readonly type: 'tick' };

export type Output =
  | { readonly type: 'send'; readonly message: Message }
  /** Bytes that are a message already. */
  | { readonly type: 'write'; readonly bytes: Buffer }
  /** A block's frame; `written` is to be put in once the kernel has the last byte of it. */
  | { readonly type: 'block'; readonly block: PushBlock }
  | { readonly type: 'close'; readonly fault: SessionFault }
  | { readonly type: 'event'; readonly event: SessionEvent };

export type ProofStage = 'written' | 'acknowledged' | 'accepted' | 'already-had' | 'failed';

export type SessionEvent =
  | { readonly type: 'ready'; readonly remote: Remote }
  | {
      readonly type: 'proof';
      readonly hash: Hash;
      readonly stage: ProofStage;
      readonly reason?: string;
      /** Of `acknowledged`: the block that stands in the peer's chain in place of ours. */
      readonly rival?: Hash;
    }
  /** The peer told of a block by itself, or returned its header. */
  | { readonly type: 'announced'; readonly hash: Hash }
  /** To a ping and back; behind a block, the time the peer took for the block is part of it. */
  | { readonly type: 'round-trip'; readonly ms: number }
  | { readonly type: 'addresses'; readonly addresses: readonly PeerAddress[] }
  | { readonly type: 'served'; readonly what: 'headers' }
  | { readonly type: 'served'; readonly what: 'block'; readonly hash: Hash }
  | { readonly type: 'unknown-command'; readonly command: string }
  | { readonly type: 'malformed'; readonly detail: string };

/** Why a session ended: a closed list, fit for a metric's label, beside words for people. */
export interface SessionFault {
  readonly code: SessionFaultCode;
  readonly detail: string;
}

export type SessionFaultCode =
  // the network
  | 'unreachable'
  | 'dial-timeout'
  | 'closed-by-peer'
  | 'connection-error'
  // the handshake
  | 'handshake-timeout'
  | 'obsolete-version'
  | 'self-connection'
  | 'out-of-order'
  // conduct
  | WireFault['code']
  | 'no-pong'
  | 'block-not-acknowledged'
  | 'message-flood'
  | 'address-flood'
  | 'byte-flood'
  | 'inv-flood'
  | 'getdata-flood'
  | 'headers-flood'
  | 'getheaders-flood'
  | 'backlog'
  // our own doing
  | 'rotated-out';
