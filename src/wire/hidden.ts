/** Host names of Tor v3 and I2P nodes: both are base 32 of 32 bytes. */
import { hash } from 'node:crypto';
import { fromBase32, toBase32 } from './base32.js';

const ONION = '.onion';
const I2P = '.b32.i2p';
const TOR_VERSION = Buffer.of(3);

/** The onion name of an ed25519 key: key, checksum, version (Tor's rend-spec-v3, section 6). */
export function onionName(key: Buffer): string {
  return toBase32(Buffer.concat([key, onionChecksum(key), TOR_VERSION])) + ONION;
}

/** The key of a Tor v3 name; `undefined` when the name or its checksum is invalid. */
export function onionKey(host: string): Buffer | undefined {
  // A name is valid when it equals the name of its key; this includes the checksum.
  const key = bytesBefore(ONION, host)?.subarray(0, 32);
  return key?.length === 32 && onionName(key) === host ? key : undefined;
}

/** The name of an I2P destination, from its SHA-256. */
export function i2pName(destination: Buffer): string {
  return toBase32(destination) + I2P;
}

export function i2pDestination(host: string): Buffer | undefined {
  const destination = bytesBefore(I2P, host);
  return destination?.length === 32 && i2pName(destination) === host ? destination : undefined;
}

function onionChecksum(key: Buffer): Buffer {
  return hash('sha3-256', Buffer.concat([Buffer.from('.onion checksum'), key, TOR_VERSION]), 'buffer').subarray(0, 2);
}

function bytesBefore(suffix: string, host: string): Buffer | undefined {
  return host.endsWith(suffix) ? fromBase32(host.slice(0, -suffix.length)) : undefined;
}
