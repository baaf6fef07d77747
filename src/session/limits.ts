/**
 * The limits of a session. Each constant's unit is in its name.
 *
 * Token buckets limit what a peer may send unsolicited, in items and in bytes ({@link RATES}). A message is charged by the length that
 * its header declares, before any of its payload is kept ({@link charge}): messages beyond a limit are never decoded. Each message that
 * we send adds the size of the expected answer to the buckets ({@link GRANTS}), so that answers to a burst of blocks are not a flood.
 */

import { type Bucket, fullBucket, type Rate, take } from '../common/token-bucket.js';
import { SESSION } from '../messages/peers.js';
import { MINUTE_MS, SECOND_MS } from '../time.js';
import type { Message } from '../wire/registry.js';
import type { Budget, Counted, SessionFault, SessionFaultCode } from './types.js';

/** Core allows 60 s; a relay has other peers to replace a slow one. */
export const HANDSHAKE_TIMEOUT_MS = 10 * SECOND_MS;
export const PING_INTERVAL_MS = MINUTE_MS;
/** Also ends a peer that sends a message byte by byte: its pong cannot overtake that message. */
export const PONG_TIMEOUT_MS = 30 * SECOND_MS;
/**
 * The time without progress on the blocks in flight: none was written completely, none was answered. A 2 MB block over a slow link
 * takes a while; a peer that is slower than this is of no use for propagation.
 */
export const ACKNOWLEDGE_TIMEOUT_MS = 30 * SECOND_MS;

/** Dash Core `version.h`: MIN_PEER_PROTO_VERSION. Dash Core 24 (70242) uses our version, the lower one. */
export const MIN_PROTOCOL_VERSION = 70221;
/** The protocol version that we send: that of Dash Core 23. */
export const PROTOCOL_VERSION = 70240;

const MIB = 1024 * 1024;

/** Limits of unsolicited messages. A well-behaved node stays far below each of them. */
export const RATES: Readonly<Record<Counted, Rate>> = {
  /** A node sends a few per second. */
  messages: { burst: 2_000, perSecond: 200 },
  /** Message headers included. We request no blocks and no transactions, so these are inventories and addresses. */
  bytes: { burst: 8 * MIB, perSecond: 256 * 1024 },
  /** One message of the largest size (Dash Core `net_processing.h`: `MAX_INV_SZ`), then the rate of transactions and votes. */
  inv: { burst: 50_000, perSecond: 500 },
  /** Dash Core requests at most 1,000 objects at once (`net_processing.cpp`: `MAX_GETDATA_SZ`), of which 16 may be blocks. */
  getdata: { burst: 1_000, perSecond: 20 },
  /** We do not request announcements by headers (BIP 130). */
  headers: { burst: 4_000, perSecond: 20 },
  /** Locator hashes of `getheaders`: ten of the largest messages. */
  getheaders: { burst: 1_010, perSecond: 20 },
  /** A node asks once for each compact block that it was sent. */
  getblocktxn: { burst: 32, perSecond: 1 },
  /** A node chooses, or drops, one of its high-bandwidth peers after a block that another peer was the first to give it. */
  sendcmpct: { burst: 100, perSecond: 1 },
  /** A node relays a few addresses per minute. Decoding a thousand takes 5 ms; the peer book has limits of its own. */
  addresses: { burst: 2_000, perSecond: 10 },
};

/** What a peer may send beyond {@link RATES} for each message that we send. */
type Grant = Partial<Readonly<Record<Counted, number>>>;

/** The largest `headers` message: 2,000 headers of 81 bytes, and the count. A peer that lacks our locator starts at its first block. */
const HEADERS_ANSWER: Grant = { messages: 1, headers: 2_000, bytes: 2_000 * 81 + 64 };

export const GRANTS: Readonly<Partial<Record<Message['command'], Grant>>> = {
  ping: { messages: 1, bytes: 64 },
  getheaders: HEADERS_ANSWER,
  /** Dash Core `net_processing.cpp`: `MAX_ADDR_TO_SEND`. */
  getaddr: { messages: 1, addresses: 1_000, bytes: 64 * 1024 },
  /** The peer may announce the block, request it again, request its ancestors, and choose us for high bandwidth. */
  block: { messages: 4, inv: 8, getdata: 16, getheaders: 101, sendcmpct: 1, bytes: 8 * 1024 },
  /** As for a block, and it may ask for each of 6,000 transactions, by 3 bytes each at most. */
  cmpctblock: { messages: 5, inv: 8, getdata: 16, getheaders: 101, getblocktxn: 1, sendcmpct: 1, bytes: 32 * 1024 },
};

/** The same as lists: they are gone through once for each peer and block. */
const GRANTED: ReadonlyMap<string, readonly (readonly [Counted, number])[]> = new Map(
  Object.entries(GRANTS).map(([command, grant]) => [command, Object.entries(grant) as [Counted, number][]]),
);

/** The maximum of a bucket, grants included, as a multiple of its burst. */
const MAX_SAVED_BURSTS = 128;

/** Bytes of blocks that a peer is served again; the first time is not counted. */
export const SERVE_AGAIN_RATE: Rate = { burst: 4 * MIB, perSecond: 64 * 1024 };
/** Remembered served blocks per peer. */
export const MAX_SERVED_BLOCKS = 1_024;

/** Malformed messages before disconnection: a newer protocol may have some that we cannot decode. */
export const MAX_MALFORMED = 20;
/** Per message; Dash Core announces at most 8 (`net_processing.cpp`: `MAX_BLOCKS_TO_ANNOUNCE`). */
export const MAX_ANNOUNCED_BLOCKS = 32;

/** Blocks in flight to a peer; further ones wait in its queue until one of these is answered. */
export const MAX_IN_FLIGHT = 64;
export const MAX_IN_FLIGHT_BYTES = 4 * 1024 * 1024;
/** Blocks in flight until the peer has accepted one. A peer that lacks their parent gives 10 points for each and disconnects at 100. */
export const MAX_IN_FLIGHT_UNPROVEN = 4;
/** Each entry is two hashes; the blocks are kept once for all peers. */
export const MAX_QUEUED_BLOCKS = 16_384;
/** Answered blocks that are not in the peer's chain. */
export const MAX_UNPROVEN = 512;
/** A block that the peer dropped because its parent was missing is sent again once the peer has the parent, up to this many times. */
export const MAX_PUSHES_OF_A_BLOCK = 3;
/** When to ask again for a block that was not in the peer's chain, since it was sent: the chain may be reorganised to it. */
export const ASK_AGAIN_AFTER_MS: readonly number[] = [SECOND_MS, 5 * SECOND_MS, 15 * SECOND_MS];

/** How to derive the number of items from the length of a payload. */
interface Items {
  readonly counted: Exclude<Counted, 'messages' | 'bytes'>;
  /** Size of the smallest item, bytes. */
  readonly size: number;
  readonly max: number;
}

const ITEMS: ReadonlyMap<string, Items> = new Map<Message['command'], Items>([
  ['inv', { counted: 'inv', size: 36, max: 50_000 }],
  ['getdata', { counted: 'getdata', size: 36, max: 50_000 }],
  ['headers', { counted: 'headers', size: 81, max: 2_000 }],
  ['getheaders', { counted: 'getheaders', size: 32, max: 101 }],
  ['addr', { counted: 'addresses', size: 30, max: 1_000 }],
  // One for each message, whatever its length; a compact block announces one header.
  ['cmpctblock', { counted: 'headers', size: 81, max: 1 }],
  ['getblocktxn', { counted: 'getblocktxn', size: 33, max: 1 }],
  ['sendcmpct', { counted: 'sendcmpct', size: 9, max: 1 }],
  // An IPv4 address without services.
  ['addrv2', { counted: 'addresses', size: 13, max: 1_000 }],
]);

const FRAME_HEADER_BYTES = 24;

const FLOODS: Readonly<Record<Counted, SessionFault>> = {
  messages: { code: 'message-flood', detail: SESSION['message-flood'] },
  bytes: { code: 'byte-flood', detail: SESSION['byte-flood'] },
  inv: { code: 'inv-flood', detail: SESSION['inv-flood'] },
  getdata: { code: 'getdata-flood', detail: SESSION['getdata-flood'] },
  headers: { code: 'headers-flood', detail: SESSION['headers-flood'] },
  getheaders: { code: 'getheaders-flood', detail: SESSION['getheaders-flood'] },
  getblocktxn: { code: 'getblocktxn-flood', detail: SESSION['getblocktxn-flood'] },
  sendcmpct: { code: 'sendcmpct-flood', detail: SESSION['sendcmpct-flood'] },
  addresses: { code: 'address-flood', detail: SESSION['address-flood'] },
};

/** Faults that are misconduct of the peer: it is not dialled again at once. */
export const MISCONDUCT: ReadonlySet<SessionFaultCode> = new Set([
  ...Object.values(FLOODS).map(({ code }) => code),
  'wrong-magic',
  'bad-command',
  'oversized',
  'bad-checksum',
  'malformed',
]);

/** All buckets at their capacity. */
export function fullBudget(now: number): Budget {
  const full = (counted: Counted): Bucket => fullBucket(RATES[counted], now);
  return {
    messages: full('messages'),
    bytes: full('bytes'),
    inv: full('inv'),
    getdata: full('getdata'),
    headers: full('headers'),
    getheaders: full('getheaders'),
    getblocktxn: full('getblocktxn'),
    sendcmpct: full('sendcmpct'),
    addresses: full('addresses'),
  };
}

/**
 * Charges a message to the buckets, by its header.
 * @param length of the payload as declared, bytes
 * @returns the remaining budget, or the fault when the message exceeds a limit
 */
export function charge(budget: Budget, command: string, length: number, now: number): Budget | SessionFault {
  const messages = take(budget.messages, 1, RATES.messages, now);
  if (messages === undefined) return FLOODS.messages;
  const bytes = take(budget.bytes, FRAME_HEADER_BYTES + length, RATES.bytes, now);
  if (bytes === undefined) return FLOODS.bytes;
  const items = ITEMS.get(command);
  if (items === undefined) return { ...budget, messages, bytes };
  const { counted, size, max } = items;
  const left = take(budget[counted], Math.min(max, Math.floor(length / size)), RATES[counted], now);
  return left === undefined ? FLOODS[counted] : { ...budget, messages, bytes, [counted]: left };
}

/** Adds the expected answers to our messages to the buckets. */
export function grant(budget: Budget, ...commands: readonly Message['command'][]): Budget {
  const raised = { ...budget };
  for (const command of commands) {
    for (const [counted, by] of GRANTED.get(command) ?? [])
      raised[counted] = raise(raised[counted], by, RATES[counted]);
  }
  return raised;
}

function raise({ left, at }: Bucket, by: number, { burst }: Rate): Bucket {
  return { left: Math.min(left + by, MAX_SAVED_BURSTS * burst), at };
}
