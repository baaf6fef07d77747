/**
 * The bounds a peer must keep. Each constant's unit is in its name.
 *
 * What a peer may send unasked is limited by token buckets, in items and in bytes ({@link RATES}). A message is charged by its header, from
 * the length that it declares, before a byte of its payload is kept ({@link charge}): nothing is decoded that goes beyond a limit.
 * What we send raises the buckets by what it may be answered with ({@link GRANTS}): answers to our questions are never a flood, however
 * many blocks leave in a burst.
 */
import { type Bucket, fullBucket, type Rate, take } from '../common/token-bucket.js';
import { MINUTE_MS, SECOND_MS } from '../time.js';
import type { Message } from '../wire/registry.js';
import type { Budget, Counted, SessionFault, SessionFaultCode } from './types.js';

/** Core gives an inbound peer 60 s; we have nineteen others to talk to. */
export const HANDSHAKE_TIMEOUT_MS = 10 * SECOND_MS;
export const PING_INTERVAL_MS = MINUTE_MS;
/** Also what ends a peer that drips bytes: a pong cannot overtake the message it is stuck in. */
export const PONG_TIMEOUT_MS = 30 * SECOND_MS;
/**
 * So long without a sign that blocks get through: none was taken by the kernel to its end, none was answered. A 2 MB block over a thin
 * line takes its time; after this the peer is of no use in a race.
 */
export const ACKNOWLEDGE_TIMEOUT_MS = 30 * SECOND_MS;

/** Dash Core's MIN_PEER_PROTO_VERSION (version.h). */
export const MIN_PROTOCOL_VERSION = 70221;
/** The version whose rules we follow. */
export const PROTOCOL_VERSION = 70240;

const MIB = 1024 * 1024;

/** What a well-behaved node sends unasked is far below each of these. */
export const RATES: Readonly<Record<Counted, Rate>> = {
  /** A node sends a handful a second. */
  messages: { burst: 2_000, perSecond: 200 },
  /** Headers included. We ask for no blocks and no transactions, so what comes is inventories and addresses. */
  bytes: { burst: 8 * MIB, perSecond: 256 * 1024 },
  /** One message of the largest size (Dash Core `net_processing.h`: `MAX_INV_SZ`), and then what transactions and votes come to. */
  inv: { burst: 50_000, perSecond: 500 },
  /** Dash Core asks for at most 1,000 things at once (`net_processing.cpp`: `MAX_GETDATA_SZ`), of which 16 may be blocks. */
  getdata: { burst: 1_000, perSecond: 20 },
  /** We did not ask for headers as announcements (BIP 130). */
  headers: { burst: 4_000, perSecond: 20 },
  /** Hashes in the locators of `getheaders`: ten of the largest. */
  getheaders: { burst: 1_010, perSecond: 20 },
  /** A node passes on a few addresses a minute. What the peer book takes of them is its own affair: to read a thousand takes 5 ms. */
  addresses: { burst: 2_000, perSecond: 10 },
};

/** What a peer may send beyond {@link RATES} for each message that we sent. */
type Grant = Partial<Readonly<Record<Counted, number>>>;

/** The largest `headers` message: 2,000 of 81 bytes, and their count. A peer that lacks our locator begins at its first block. */
const HEADERS_ANSWER: Grant = { messages: 1, headers: 2_000, bytes: 2_000 * 81 + 64 };

export const GRANTS: Readonly<Partial<Record<Message['command'], Grant>>> = {
  ping: { messages: 1, bytes: 64 },
  getheaders: HEADERS_ANSWER,
  /** Dash Core `net_processing.cpp`: `MAX_ADDR_TO_SEND`. */
  getaddr: { messages: 1, addresses: 1_000, bytes: 64 * 1024 },
  /** It may be announced back, asked for again, and its parents asked for. */
  block: { messages: 3, inv: 8, getdata: 16, getheaders: 101, bytes: 8 * 1024 },
};

/** However much was granted and not used, no bucket holds more than this many times its burst. */
const MAX_SAVED_BURSTS = 128;

/** Bytes of blocks that a peer is sent again after it was sent them once. What it asks for the first time is not counted. */
export const SERVE_AGAIN_RATE: Rate = { burst: 4 * MIB, perSecond: 64 * 1024 };
/** Blocks of which it is remembered that they were served. */
export const MAX_SERVED_BLOCKS = 1_024;

/** A new protocol version may send what we cannot read; a broken peer sends nothing else. */
export const MAX_MALFORMED = 20;
/** Enough for 100 blocks in rapid succession and what the network finds meanwhile. */
export const MAX_KNOWN_BLOCKS = 512;
/** Of one message; Dash Core announces 8 at most (`net_processing.cpp`: `MAX_BLOCKS_TO_ANNOUNCE`). */
export const MAX_ANNOUNCED_BLOCKS = 32;

/** Blocks on their way to a peer: more wait in its queue until one of these is answered. */
export const MAX_IN_FLIGHT = 64;
export const MAX_IN_FLIGHT_BYTES = 4 * 1024 * 1024;
/** The same, until the peer has proven one of them. A peer that lacks their parent counts 10 points each, and hangs up at 100. */
export const MAX_IN_FLIGHT_UNPROVEN = 4;
/** Each is a hash and its parent's: what it is of is in the memory of blocks, once for all peers. */
export const MAX_QUEUED_BLOCKS = 16_384;
/** Blocks that were answered and are not in the peer's chain. */
export const MAX_UNPROVEN = 512;
/** A block that the peer dropped for want of its parent is sent again once it has that; not for ever. */
export const MAX_PUSHES_OF_A_BLOCK = 3;
/** When a block that was not in the peer's chain is asked for again, from when it was sent: the chain may turn to it. */
export const ASK_AGAIN_AFTER_MS: readonly number[] = [SECOND_MS, 5 * SECOND_MS, 15 * SECOND_MS];

/** How many items a payload of so many bytes holds at most. */
interface Items {
  readonly counted: Exclude<Counted, 'messages' | 'bytes'>;
  /** Bytes of the smallest. */
  readonly size: number;
  readonly max: number;
}

const ITEMS: ReadonlyMap<string, Items> = new Map<Message['command'], Items>([
  ['inv', { counted: 'inv', size: 36, max: 50_000 }],
  ['getdata', { counted: 'getdata', size: 36, max: 50_000 }],
  ['headers', { counted: 'headers', size: 81, max: 2_000 }],
  ['getheaders', { counted: 'getheaders', size: 32, max: 101 }],
  ['addr', { counted: 'addresses', size: 30, max: 1_000 }],
  // An IPv4 address without services.
  ['addrv2', { counted: 'addresses', size: 13, max: 1_000 }],
]);

const FRAME_HEADER_BYTES = 24;

const FLOODS: Readonly<Record<Counted, SessionFault>> = {
  messages: { code: 'message-flood', detail: 'more messages than any node has reason to send' },
  bytes: { code: 'byte-flood', detail: 'more bytes than any node has reason to send' },
  inv: { code: 'inv-flood', detail: 'more announcements than any node has reason to send' },
  getdata: { code: 'getdata-flood', detail: 'asked for more objects than any node has reason to' },
  headers: { code: 'headers-flood', detail: 'more headers than were asked for' },
  getheaders: { code: 'getheaders-flood', detail: 'asked for headers more often than any node has reason to' },
  addresses: { code: 'address-flood', detail: 'more addresses than any node has reason to send' },
};

/** Ends of a session that are a peer's own doing, and no accident: it is not dialled again at once. */
export const MISCONDUCT: ReadonlySet<SessionFaultCode> = new Set([
  ...Object.values(FLOODS).map(({ code }) => code),
  'wrong-magic',
  'bad-command',
  'oversized',
  'bad-checksum',
  'malformed',
]);

/** Full buckets. */
export function fullBudget(now: number): Budget {
  const full = (counted: Counted): Bucket => fullBucket(RATES[counted], now);
  return {
    messages: full('messages'),
    bytes: full('bytes'),
    inv: full('inv'),
    getdata: full('getdata'),
    headers: full('headers'),
    getheaders: full('getheaders'),
    addresses: full('addresses'),
  };
}

/**
 * Takes a message from the buckets, by its header.
 * @param length of the payload, bytes, as declared
 * @returns the fault when it goes beyond a limit
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

/** Raises the buckets by what a message of ours may be answered with. */
export function grant(budget: Budget, command: Message['command']): Budget {
  const granted = GRANTS[command];
  if (granted === undefined) return budget;
  const raised = (counted: Counted): Bucket => raise(budget[counted], granted[counted] ?? 0, RATES[counted]);
  return {
    messages: raised('messages'),
    bytes: raised('bytes'),
    inv: raised('inv'),
    getdata: raised('getdata'),
    headers: raised('headers'),
    getheaders: raised('getheaders'),
    addresses: raised('addresses'),
  };
}

function raise({ left, at }: Bucket, by: number, { burst }: Rate): Bucket {
  return { left: Math.min(left + by, MAX_SAVED_BURSTS * burst), at };
}
