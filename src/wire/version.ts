import { type NetAddress, readNetAddress, writeNetAddress } from './address.js';
import { COUNT_BYTES, type Codec, ROOM_TO_GROW } from './codec.js';
import type { Reader } from './reader.js';

/** Opens a connection, once each way. Source: Dash Core `net_processing.cpp`, `PushNodeVersion` and `ProcessMessage`. */
export interface Version {
  readonly command: 'version';
  /** The highest protocol version spoken. */
  readonly version: number;
  readonly services: bigint;
  /** The sender's clock: seconds since the Unix epoch. */
  readonly time: bigint;
  readonly receiver: NetAddress;
  readonly sender: NetAddress;
  /** Random per connection: who receives its own is connected to itself. */
  readonly nonce: bigint;
  /** Once decoded, letters, digits and a little punctuation only: fit for a log. */
  readonly userAgent: string;
  /** How many blocks the sender has; -1 when it does not say. */
  readonly height: number;
  /** Whether it wants transactions announced. */
  readonly relay: boolean;
  /** 32 bytes a masternode would sign to prove which one it is. */
  readonly mnauthChallenge: Buffer;
  /** Marks a connection between masternodes; a plain node drops who claims it. */
  readonly masternode: boolean;
}

const MAX_USER_AGENT = 256;

/** 4 + 8 + 8 + 26 for those that are always there, 26 + 8 + 4 + 1 + 32 + 1 for those that may be. */
const FIXED = 118;

/** What Dash Core's `SanitizeString` takes out of a user agent. */
const UNSAFE = /[^A-Za-z0-9 .,;\-_/:?@()]/g;

/** Reads a field that the sender may have left out, with all that follow it. */
function optional<T>(reader: Reader, missing: T, read: () => T): T {
  return reader.remaining === 0 ? missing : read();
}

export const version: Codec<Version> = {
  command: 'version',
  maxPayload: FIXED + COUNT_BYTES + MAX_USER_AGENT + ROOM_TO_GROW,

  /** As tolerant as Dash Core, with its defaults: the payload may end behind `receiver`, behind `nonce`, or behind any field after it. */
  decode: (reader) => {
    const version = reader.i32('version.version');
    const services = reader.u64('version.services');
    const time = reader.i64('version.time');
    const receiver = readNetAddress(reader, 'version.receiver');
    const none: Pick<Version, 'sender' | 'nonce'> = { sender: { services: 0n, host: '::', port: 0 }, nonce: 1n };
    return {
      command: 'version',
      version,
      services,
      time: time < 0n ? 0n : time,
      receiver,
      ...optional(reader, none, () => ({
        sender: readNetAddress(reader, 'version.sender'),
        nonce: reader.u64('version.nonce'),
      })),
      userAgent: optional(reader, '', () => readUserAgent(reader)),
      height: optional(reader, -1, () => reader.i32('version.height')),
      relay: optional(reader, true, () => reader.bool('version.relay')),
      mnauthChallenge: optional(reader, Buffer.alloc(32), () => reader.take(32, 'version.mnauthChallenge')),
      masternode: optional(reader, false, () => reader.bool('version.masternode')),
    };
  },

  encode: (writer, message) => {
    writer.i32(message.version).u64(message.services).i64(message.time);
    writeNetAddress(writer, message.receiver);
    writeNetAddress(writer, message.sender);
    writer
      .u64(message.nonce)
      .varBytes(Buffer.from(message.userAgent, 'latin1'))
      .i32(message.height)
      .bool(message.relay)
      .bytes(message.mnauthChallenge)
      .bool(message.masternode);
  },
};

function readUserAgent(reader: Reader): string {
  return reader.varBytes('version.userAgent', MAX_USER_AGENT).toString('latin1').replace(UNSAFE, '');
}
