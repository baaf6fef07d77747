import { REFUSAL_DETAILS, REFUSALS } from '../messages/blocks.js';
import { fill } from '../messages/fill.js';
import type { Network } from '../wire/network.js';
import { type Hash, hashFromWire, Malformed } from '../wire/reader.js';
import { HEADER_SIZE } from './x11.js';

/** Source: Dash Core `src/primitives/block.h`. */
export interface BlockHeader {
  readonly version: number;
  readonly previous: Hash;
  readonly merkleRoot: Hash;
  /** Seconds since the Unix epoch. */
  readonly time: number;
  /** The claimed target, in compact form. */
  readonly bits: number;
  readonly nonce: number;
}

/**
 * Decodes the header of a block.
 * @throws Malformed with fewer than 80 bytes
 */
export function parseHeader(raw: Buffer): BlockHeader {
  if (raw.length < HEADER_SIZE) throw new Malformed(`a header has ${HEADER_SIZE} bytes, not ${raw.length}`);
  return {
    version: raw.readInt32LE(0),
    previous: hashFromWire(raw.subarray(4, 36)),
    merkleRoot: hashFromWire(raw.subarray(36, 68)),
    time: raw.readUInt32LE(68),
    bits: raw.readUInt32LE(72),
    nonce: raw.readUInt32LE(76),
  };
}

const SIGN = 0x80_0000;
const TARGET_BYTES = 32;

/**
 * Why a hash is not a proof of work for the target in its header; undefined when it is one. Whether the chain requires that target at this
 * height is not checked here. dashcore-lib's `validProofOfWork` treats the sign as a part of the mantissa, does not shift sizes below 3 to
 * the right, and checks neither overflow nor the network's limit; a test compares the cases in which it is right.
 * Source: Dash Core `src/pow.cpp` CheckProofOfWork, `src/arith_uint256.cpp` SetCompact.
 */
export function proofOfWorkFault(hash: Hash, bits: number, network: Network): string | undefined {
  const fault = targetFault(bits, network);
  if (fault !== undefined) return fault;
  if (BigInt(`0x${hash}`) > expandTarget(bits)) return fill(REFUSALS['bad-proof-of-work'], { hash, bits: inHex(bits) });
  return undefined;
}

/** Why a target is impossible, so that no hash needs to be computed. */
export function targetFault(bits: number, network: Network): string | undefined {
  const { mantissa, size } = split(bits);
  if (mantissa === 0) return fill(REFUSAL_DETAILS['target-zero'], { bits: inHex(bits) });
  if (bits & SIGN) return fill(REFUSAL_DETAILS['target-negative'], { bits: inHex(bits) });
  if (size - 3 + significantBytes(mantissa) > TARGET_BYTES)
    return fill(REFUSAL_DETAILS['target-overflow'], { bits: inHex(bits) });
  if (expandTarget(bits) > network.powLimit)
    return fill(REFUSAL_DETAILS['target-too-easy'], { bits: inHex(bits), network: network.name });
  return undefined;
}

/** Expands compact bits in which {@link proofOfWorkFault} finds no fault. */
export function expandTarget(bits: number): bigint {
  const { mantissa, size } = split(bits);
  return BigInt(mantissa) << BigInt(8 * (size - 3));
}

/** @returns the significant digits, base 256, and the total number of bytes */
function split(bits: number): { readonly mantissa: number; readonly size: number } {
  const mantissa = (bits & (SIGN - 1)) >>> (8 * Math.max(0, 3 - (bits >>> 24)));
  return { mantissa, size: Math.max(3, bits >>> 24) };
}

function inHex(bits: number): string {
  return bits.toString(16).padStart(8, '0');
}

function significantBytes(mantissa: number): number {
  if (mantissa > 0xffff) return 3;
  return mantissa > 0xff ? 2 : 1;
}
