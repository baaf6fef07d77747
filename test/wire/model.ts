import { createHash } from 'node:crypto';
import type { Inbound, WireFault } from '../../src/wire/decoder.js';
import { Malformed, Reader } from '../../src/wire/reader.js';
import { codecFor } from '../../src/wire/registry.js';

/** An {@link Inbound} without the wording of its fault. */
export type Outcome = Exclude<Inbound, { kind: 'fault' }> | { kind: 'fault'; code: WireFault['code']; fatal: boolean };

export function outcomeOf(inbound: Inbound): Outcome {
  return inbound.kind === 'fault' ? { kind: 'fault', code: inbound.fault.code, fatal: inbound.fault.fatal } : inbound;
}

export interface Reading {
  readonly outcomes: Outcome[];
  /** Bytes up to the end of the last thing reported. */
  readonly consumed: number;
}

/**
 * What a decoder must make of a stream, for a decoder that has all of it in hand: as plain as can be, to be compared with the
 * incremental one.
 */
export function readAll(magic: Buffer, stream: Buffer): Reading {
  const outcomes: Outcome[] = [];
  let at = 0;
  while (stream.length - at >= 24) {
    const code = faultOfHeader(magic, stream.subarray(at, at + 24));
    if (code !== undefined) {
      outcomes.push({ kind: 'fault', code, fatal: true });
      return { outcomes, consumed: at + 24 };
    }
    const size = 24 + stream.readUInt32LE(at + 16);
    if (stream.length - at < size) break;
    outcomes.push(outcomeOfFrame(stream.subarray(at, at + size)));
    at += size;
  }
  return { outcomes, consumed: at };
}

function faultOfHeader(magic: Buffer, header: Buffer): WireFault['code'] | undefined {
  if (header.readUInt32BE(0) !== magic.readUInt32BE(0)) return 'wrong-magic';
  const name = header.subarray(4, 16);
  const end = name.includes(0) ? name.indexOf(0) : 12;
  if (name.some((c, i) => (i < end ? c < 0x20 || c > 0x7e : c !== 0))) return 'bad-command';
  const length = header.readUInt32LE(16);
  const codec = codecFor(commandOf(header));
  if (length > 3 * 1024 * 1024 || (codec && length > codec.maxPayload)) return 'oversized';
  return undefined;
}

function commandOf(frame: Buffer): string {
  return frame.toString('latin1', 4, 16).replaceAll('\0', '');
}

function outcomeOfFrame(frame: Buffer): Outcome {
  const command = commandOf(frame);
  const codec = codecFor(command);
  if (codec === undefined) return { kind: 'unknown', command, size: frame.length };
  const payload = frame.subarray(24);
  if (sha256(sha256(payload)).readUInt32BE(0) !== frame.readUInt32BE(20)) {
    return { kind: 'fault', code: 'bad-checksum', fatal: false };
  }
  try {
    return { kind: 'message', message: codec.decode(new Reader(payload)), size: frame.length };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'fault', code: 'malformed', fatal: false };
    throw error;
  }
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
