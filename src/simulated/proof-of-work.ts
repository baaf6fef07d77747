/** Expands a header's compact `bits` to the target: a floating-point number with base 256. Source: Core `arith_uint256.cpp`. */
function targetOf(bits: number): bigint {
  const exponent = bits >>> 24;
  const mantissa = BigInt(bits & 0x7f_ffff);
  return exponent <= 3 ? mantissa >> BigInt(8 * (3 - exponent)) : mantissa << BigInt(8 * (exponent - 3));
}

/** The expected number of hashes for a header; the work of a chain is their sum. Source: Core `chain.cpp`, `GetBlockProof`. */
export function workOf(bits: number): bigint {
  return (1n << 256n) / (targetOf(bits) + 1n);
}
