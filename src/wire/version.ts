import { type NetAddress, readNetAddress, writeNetAddress } from './address.js';
import { COUNT_BYTES, type Codec, ROOM_TO_GROW } from './codec.js';
import type { Reader } from './reader.js';

/** The first message of a connection, sent once by each side. Source: Dash Core `net_processing.cpp`, `PushNodeVersion` and `ProcessMessage`. */
export interface Version {
  readonly command: 'version';
  /** The highest protocol version that the sender supports. */
  readonly version: number;
  readonly services: bigint;
  /** The sender's clock: seconds since the Unix epoch. */
  readonly time: bigint;
  readonly receiver: NetAddress;
  readonly sender: NetAddress;
  /** Random per connection: a node that receives its own nonce is connected to itself. */
  readonly nonce: bigint;
  /** When decoded, sanitised: letters, digits and some punctuation, safe for a log line. */
  readonly userAgent: string;
  /** The sender's block height; -1 when absent. */
  readonly height: number;
  /** Whether the sender wants transaction announcements. */
  readonly relay: boolean;
  /** 32 bytes that a masternode signs to prove its identity. */
  readonly mnauthChallenge: Buffer;
  /** Marks a connection between masternodes; a regular node disconnects a peer that sets it. */
  readonly masternode: boolean;
}

const MAX_USER_AGENT = 256;

/** Mandatory fields 4 + 8 + 8 + 26 bytes, optional fields 26 + 8 + 4 + 1 + 32 + 1 bytes. */
const FIXED = 118;

/** The characters that Dash Core's `SanitizeString` removes from a user agent. */
const UNSAFE = /[^A-Za-z0-9 .,;\-_/:?@()]/g;

/** Reads an optional field: absent when the payload ends before it. */
function optional<T>(reader: Reader, missing: T, read: () => T): T {
  return reader.remaining === 0 ? missing : read();
}

export const version: Codec<Version> = {
  command: 'version',
  maxPayload: FIXED + COUNT_BYTES + MAX_USER_AGENT + ROOM_TO_GROW,

  /** The payload may end after `receiver`, after `nonce`, or after any later field; the rest has Dash Core's defaults. */
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
