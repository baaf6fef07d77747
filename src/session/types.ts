/**
 * The inputs, state and outputs of a session.
 *
 * A session is one peer's protocol without a socket: `step(context, state, input, now)` returns the next state and the
 * outputs to carry out. `now` is monotonic, milliseconds from an arbitrary origin, and only used for durations. The owner of the socket
 * (`streams/connections/connection.ts`) passes the inputs and carries out the outputs; a test does both directly.
 */

import type { Bucket } from '../common/token-bucket.js';
import type { BlockForm, BlockWay } from '../contracts/events.js';
import type { SessionFaultCode } from '../messages/peers.js';
import type { Random } from '../time.js';
import type { PeerAddress } from '../wire/addr.js';
import type { Announced, Inbound } from '../wire/decoder.js';
import type { Network } from '../wire/network.js';
import type { Hash } from '../wire/reader.js';
import type { Message } from '../wire/registry.js';
import type { KnownBlocks } from './known-blocks.js';

/** A block as a session uses it. */
export interface PushBlock {
  readonly hash: Hash;
  readonly header: Buffer;
  readonly previous: Hash;
  /** The complete `block` message, header and payload; one buffer for all sessions. */
  readonly frame: Buffer;
  /** Absent for a block that is always sent whole. */
  readonly compact?: CompactForm;
}

/** A block as a `cmpctblock`, and its transactions for those who lack some. */
export interface CompactForm {
  /** The complete message. */
  readonly frame: Buffer;
  /** Of transactions. */
  readonly count: number;
  /** False where the uplink is too slow for hedges (form.ts). */
  readonly hedge?: boolean;
  /** The bytes of a transaction; empty for a position that the block does not have. */
  transaction(index: number): Buffer;
}

/** The blocks that can be served; `streams/broadcast/recent.ts` implements it. */
export interface RecentBlocks {
  get(hash: Hash): PushBlock | undefined;
  /** The block with this header, byte for byte. */
  byHeader(header: Buffer): PushBlock | undefined;
  /** The headers after the first known block of `locator`, up to and including `stop`, oldest first. */
  headersAfter(locator: readonly Hash[], stop: Hash): readonly Buffer[];
}

/** The dependencies of a session. */
export interface SessionContext {
  readonly network: Network;
  readonly userAgent: string;
  /** The time in our `version`, Unix ms. */
  readonly wallClock: () => number;
  /** The height in our `version`. */
  readonly height: () => number;
  readonly random: Random;
  /** The peer is a witness: it announces blocks to us, and gets none (witness.ts). */
  readonly witness?: {
    /** Of the chain; undefined until it is known. */
    tip(): Hash | undefined;
  };
  /** The first keep-alive ping follows the handshake, in place of a minute later: relays of a cluster share out peers by round trips. */
  readonly measuresAtOnce?: boolean;
  /** False: the peer is not asked for addresses. */
  readonly asksAddresses?: false;
  readonly recent: RecentBlocks;
  /** X11 hash of an 80-byte header. */
  readonly hashHeader: (header: Buffer) => Hash;
}

/** The peer's data from its `version`. The codec sanitises the user agent; it is never a metric's label. */
export interface Remote {
  /** Our nonce, which identifies this connection (`markOf`). */
  readonly nonce: bigint;
  readonly protocolVersion: number;
  readonly services: bigint;
  readonly userAgent: string;
  readonly height: number;
}

/** A block that was sent to this peer. */
export interface Push {
  readonly hash: Hash;
  readonly previous: Hash;
  readonly nonce: bigint;
  readonly form: BlockForm;
  /** As in {@link BlockWay}. */
  readonly bytes: number;
  readonly roundTrips: number;
  readonly since: number;
  /**
   * `asked`: the block was not sent yet, the peer is asked whether it has it. `acknowledged`: the pong arrived, and the block is not yet known
   * to be in the peer's chain.
   */
  readonly stage: 'asked' | 'sent' | 'written' | 'acknowledged';
  /** The peer requested the block while it was asked whether it has it. */
  readonly wanted?: true;
  /** The answer to the `getheaders` after the block; absent until it arrives. */
  readonly answer?: Answer;
  /** The block that the peer's chain has at the height of ours. */
  readonly rival?: Hash;
  /** The nonce of the ping behind the whole block that follows a compact one at once. */
  readonly hedge?: bigint;
  /** The peer asked for transactions of a compact block. */
  readonly asking?: boolean;
  /** It asked for most of the block. */
  readonly costly?: boolean;
  /** How often the block was sent, and how often its header was requested again. */
  readonly times: number;
  readonly asked: number;
}

/**
 * `shown`: the block is in the peer's chain. `rival`: another on the same parent is its tip. `passed`: another on the same parent is in
 * it, and more on that. `absent`: the peer's chain ends at the parent. `no-parent`: it does not have the parent, so that the answer begins
 * elsewhere.
 */
export type Answer = 'shown' | 'rival' | 'passed' | 'absent' | 'no-parent';

/** A block that waits until fewer are in flight. Only its hashes: the block is kept once for all peers. */
export interface Queued {
  readonly hash: Hash;
  readonly previous: Hash;
  /** The peer asked for it by `getdata`, so that it must not come in compact form. */
  readonly whole?: boolean;
  /** The peer may have it: it is asked first, and sent it if it does not. */
  readonly ask?: boolean;
}

export type Phase =
  | { readonly name: 'connecting' }
  | { readonly name: 'awaiting-version'; readonly since: number; readonly nonce: bigint }
  | { readonly name: 'awaiting-verack'; readonly since: number; readonly remote: Remote }
  | { readonly name: 'ready'; readonly since: number; readonly remote: Remote }
  | { readonly name: 'closed'; readonly fault: SessionFault };

/** The quantities with a rate limit (limits.ts). */
export type Counted =
  | 'messages'
  | 'bytes'
  | 'inv'
  | 'getdata'
  | 'headers'
  | 'getheaders'
  | 'getblocktxn'
  | 'sendcmpct'
  | 'addresses';

export type Budget = Readonly<Record<Counted, Bucket>>;

/** A ping built in advance: building twenty while a block waits would delay the twentieth peer. */
export interface Spare {
  readonly nonce: bigint;
  /** The complete message. */
  readonly frame: Buffer;
}

/** A peer's use of compact blocks, on this connection. */
export interface CompactUse {
  /** The peer understands them. */
  readonly known: boolean;
  /** It has chosen us as a high-bandwidth peer: it wants ours without asking. */
  readonly chosen: boolean;
  /** It took one from us. */
  readonly taken: boolean;
  /** Of the last ones in a row, those that were of no use: they had to be sent whole, or the peer asked for most of the block. */
  readonly wasted: number;
}

export interface SessionState {
  readonly phase: Phase;
  /** Which masternode the peer says it is (proRegTxHash); undefined until it does. */
  readonly masternode?: Hash;
  /** For the next push; built after the handshake, and when a pong has come. */
  readonly spare: Spare | undefined;
  /** The keep-alive ping in flight, or the time of the next one. */
  readonly ping: { readonly nonce: bigint; readonly since: number } | { readonly due: number };
  readonly pushes: readonly Push[];
  /** Blocks to be pushed, in order. */
  readonly queue: readonly Queued[];
  /** True when the block answered last is in the peer's chain. */
  readonly proven: boolean;
  readonly compact: CompactUse;
  /** The pool's own dashd: bytes to it cost nothing, so it is sent whole blocks. */
  readonly near: boolean;
  /** When the pushes last made progress: one started with none in flight, was written completely, or was answered. */
  readonly progressAt: number;
  /** Blocks that the peer is known to have, oldest first, bounded. */
  readonly knows: KnownBlocks;
  /** ChainLocks that the peer announced last, oldest first, by the hash of their `inv` (locks.ts). */
  readonly chainLocks: readonly Hash[];
  /** What the peer may still send within its limits. */
  readonly budget: Budget;
  /** Blocks served to the peer, oldest first, bounded. */
  readonly served: ReadonlySet<Hash>;
  /** Bytes of blocks that may be served again. */
  readonly serveAgain: Bucket;
  /** Number of malformed messages. */
  readonly malformed: number;
  /** When a witness was last asked for headers. */
  readonly askedAt?: number;
}

/** How a witness announced a block. */
export type AnnouncedBy = 'cmpctblock' | 'headers' | 'inv';

/** A block that was written to the socket, with the encoded `getheaders` and a ping behind it. */
export interface Sent {
  readonly form: BlockForm;
  readonly question: Buffer;
  /** Absent when question and ping are still to be written. */
  readonly ping?: Spare;
}

export type Input =
  | { readonly type: 'connected' }
  | { readonly type: 'received'; readonly inbound: Inbound | Announced }
  /** A block for the peer. With `sent`, the caller has just written it to the socket, in this form (push.ts). */
  | { readonly type: 'push'; readonly block: PushBlock; readonly sent?: Sent | undefined }
  /** A block for the peer unless, once asked, it turns out to have it. */
  | { readonly type: 'offer'; readonly block: PushBlock }
  /** The kernel has accepted the last byte of the block's frame. */
  | { readonly type: 'written'; readonly hash: Hash }
  | { readonly type: 'closed'; readonly fault: SessionFault }
  | { readonly type: 'tick' };

export type Output =
  | { readonly type: 'send'; readonly message: Message }
  /** An encoded message. */
  | { readonly type: 'write'; readonly bytes: Buffer }
  /** A block to write; the input `written` follows when the kernel has accepted its last byte. */
  | { readonly type: 'block'; readonly block: PushBlock; readonly form: BlockForm }
  | { readonly type: 'close'; readonly fault: SessionFault }
  | { readonly type: 'event'; readonly event: SessionEvent };

export type ProofStage = 'written' | 'acknowledged' | 'accepted' | 'already-had' | 'failed';

export type LockCommand = 'clsig' | 'isdlock';

export type SessionEvent =
  | { readonly type: 'ready'; readonly remote: Remote }
  | {
      readonly type: 'proof';
      readonly hash: Hash;
      readonly stage: ProofStage;
      readonly reason?: string;
      /** Of `acknowledged`: the block that the peer's chain has at the height of ours. */
      readonly rival?: Hash;
      /** What was sent of the block so far; absent in `already-had` and `failed`. */
      readonly way?: BlockWay;
    }
  /** The peer says which masternode it is (proRegTxHash). It is not verified. */
  | { readonly type: 'masternode'; readonly masternode: Hash }
  /** The peer announced a block or sent its header; of a witness, how. */
  | { readonly type: 'announced'; readonly hash: Hash; readonly by?: AnnouncedBy }
  /** Time from a ping to its pong; after a block it includes the time that the peer took to process the block. */
  | { readonly type: 'round-trip'; readonly ms: number }
  | { readonly type: 'addresses'; readonly addresses: readonly PeerAddress[] }
  | { readonly type: 'served'; readonly what: 'headers' }
  | { readonly type: 'served'; readonly what: 'block'; readonly hash: Hash }
  /** It asked for a block that is not in memory. */
  | { readonly type: 'wanted'; readonly hash: Hash }
  /** What is known of the peer's use of compact blocks has changed. */
  | { readonly type: 'compact-blocks'; readonly compact: CompactUse }
  /** A ChainLock or an InstantSend lock came, and was not read. */
  | { readonly type: 'ignored-lock'; readonly command: LockCommand }
  | { readonly type: 'unknown-command'; readonly command: string }
  | { readonly type: 'malformed'; readonly detail: string };

/** Why a session ended: a code from a closed list, also a metric's label, and a description. */
export interface SessionFault {
  readonly code: SessionFaultCode;
  readonly detail: string;
}

export type { SessionFaultCode };
