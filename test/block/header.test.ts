import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import dashcore from '@dashevo/dashcore-lib';
import fc from 'fast-check';
import { parseHeader, proofOfWorkFault } from '../../src/block/header.js';
import { NETWORK_NAMES, NETWORKS, type Network } from '../../src/wire/network.js';
import { Malformed, ZERO_HASH } from '../../src/wire/reader.js';
import { GENESIS_MERKLE_ROOT } from '../vectors/block/genesis.js';
import { REGTEST_BLOCKS } from '../vectors/block/regtest.js';
import { genesisBlocks } from './genesis.js';

const { mainnet, regtest } = NETWORKS;
const hashOf = (value: bigint) => value.toString(16).padStart(64, '0');

describe('parseHeader', () => {
  for (const { network, raw, time, bits, nonce } of genesisBlocks) {
    test(`${network}'s genesis block`, () => {
      const expected = { version: 1, previous: ZERO_HASH, merkleRoot: GENESIS_MERKLE_ROOT, time, bits, nonce };
      assert.deepEqual(parseHeader(raw), expected);
    });
  }

  test('blocks that dashd mined', () => {
    for (const { hex, version, previous, merkleRoot, time, bits, nonce } of REGTEST_BLOCKS) {
      const expected = { version, previous, merkleRoot, time, bits, nonce };
      assert.deepEqual(parseHeader(Buffer.from(hex, 'hex')), expected);
    }
  });

  test('every field at its edge: version and nonce are signed and unsigned', () => {
    const parsed = parseHeader(Buffer.alloc(80, 0xff));
    assert.equal(parsed.version, -1);
    assert.equal(parsed.time, 0xffff_ffff);
    assert.equal(parsed.bits, 0xffff_ffff);
    assert.equal(parsed.nonce, 0xffff_ffff);
  });

  test('fewer than 80 bytes are malformed, whichever field they end in', () => {
    for (let length = 0; length < 80; length++) assert.throws(() => parseHeader(Buffer.alloc(length)), Malformed);
  });
});

describe('proofOfWorkFault', () => {
  const cases: [what: string, hash: bigint, bits: number, network: Network, fault: RegExp | undefined][] = [
    ['a hash equal to its target', 0x7fffffn << 232n, 0x207fffff, regtest, undefined],
    [
      'a hash one above its target',
      (0x7fffffn << 232n) + 1n,
      0x207fffff,
      regtest,
      /is above the claimed target 207fffff$/,
    ],
    ['the easiest target of mainnet', 0n, 0x1e0fffff, mainnet, undefined],
    ['one step easier than mainnet allows', 0n, 0x1e100000, mainnet, /1e100000 is easier than mainnet allows/],
    ['what regtest allows, on mainnet', 0n, 0x207fffff, mainnet, /easier than mainnet allows/],
    ['one step easier than regtest allows', 0n, 0x21008000, regtest, /easier than regtest allows/],
    ['no mantissa', 0n, 0x1e000000, mainnet, /is zero/],
    ['bits 0', 0n, 0, mainnet, /claimed target 00000000 is zero/],
    ['a mantissa shifted out by its size', 0n, 0x0200_00ff, mainnet, /is zero/],
    ['a sign and no mantissa is zero, not negative', 0n, 0x1e800000, mainnet, /is zero/],
    ['a negative target', 0n, 0x1e8fffff, mainnet, /is negative/],
    ['one mantissa byte in the last place', 0n, 0x220000ff, regtest, /easier than regtest allows/],
    ['one mantissa byte past 256 bits', 0n, 0x230000ff, regtest, /more than 256 bits/],
    ['two mantissa bytes in the last place', 0n, 0x2100ffff, regtest, /easier than regtest allows/],
    ['two mantissa bytes past 256 bits', 0n, 0x2200ffff, regtest, /more than 256 bits/],
    ['three mantissa bytes past 256 bits', 0n, 0x2101_0000, regtest, /more than 256 bits/],
    ['the largest size', 0n, 0xff000001, regtest, /more than 256 bits/],
    ['a target of size 3', 0x123456n, 0x03123456, mainnet, undefined],
    ['one above a target of size 3', 0x123457n, 0x03123456, mainnet, /is above/],
    ['a target of size 2 loses its last byte', 0x1234n, 0x02123456, mainnet, undefined],
    ['one above a target of size 2', 0x1235n, 0x02123456, mainnet, /is above/],
    ['a target of size 1 loses two bytes', 0x12n, 0x01123456, mainnet, undefined],
    ['one above a target of size 1', 0x13n, 0x01123456, mainnet, /is above/],
    ['a target of size 0 has none left', 0n, 0x00123456, mainnet, /is zero/],
  ];
  for (const [what, hash, bits, network, fault] of cases) {
    test(what, () => {
      const found = proofOfWorkFault(hashOf(hash), bits, network);
      if (fault === undefined) assert.equal(found, undefined);
      else assert.match(found ?? 'no fault', fault);
    });
  }

  test('a target equal to the limit is allowed', () => {
    assert.equal(proofOfWorkFault(hashOf(0n), 0x207fffff, { ...regtest, powLimit: 0x7fffffn << 232n }), undefined);
  });

  for (const { network, hash, bits } of genesisBlocks) {
    test(`${network}'s genesis block`, () => assert.equal(proofOfWorkFault(hash, bits, NETWORKS[network]), undefined));
  }

  const sizes = fc.oneof(fc.nat(4), fc.integer({ min: 26, max: 36 }), fc.nat(255));
  const mantissas = fc.oneof(fc.constantFrom(0, 1, 0xff, 0x100, 0xffff, 0x1_0000, 0x7f_ffff), fc.nat(0xff_ffff));
  const compacts = fc.tuple(sizes, mantissas).map(([size, mantissa]) => size * 0x100_0000 + mantissa);

  /** SetCompact and CheckProofOfWork as arithmetic on 256 bits, without a thought for speed. */
  function naive(hash: bigint, bits: number, network: Network): boolean {
    const size = BigInt(bits >>> 24);
    const mantissa = BigInt(bits & 0x7fffff);
    const exact = size <= 3n ? mantissa >> (8n * (3n - size)) : mantissa << (8n * (size - 3n));
    const negative = exact !== 0n && (bits & 0x800000) !== 0;
    return !negative && exact !== 0n && exact < 1n << 256n && exact <= network.powLimit && hash <= exact;
  }

  test('agrees with 256-bit arithmetic at and around every target', () => {
    const networks = fc.constantFrom(...NETWORK_NAMES).map((name) => NETWORKS[name]);
    let passed = 0;
    fc.assert(
      fc.property(compacts, networks, fc.integer({ min: -2, max: 2 }), (bits, network, offset) => {
        const size = BigInt(bits >>> 24);
        const target = (BigInt(bits & 0x7fffff) << (8n * size)) >> 24n;
        const hash = BigInt.asUintN(256, target + BigInt(offset));
        const good = proofOfWorkFault(hashOf(hash), bits, network) === undefined;
        if (good) passed++;
        assert.equal(good, naive(hash, bits, network), `${bits.toString(16)} ${hash.toString(16)}`);
      }),
      { numRuns: 3_000 },
    );
    assert.ok(passed > 100, `only ${passed} were good: the inputs miss the point`);
  });

  test("agrees with dashcore-lib's validProofOfWork where that is right", () => {
    const rightful = compacts.filter(
      (bits) => bits >>> 24 >= 3 && bits >>> 24 <= 29 && (bits & 0x800000) === 0 && (bits & 0x7fffff) !== 0,
    );
    fc.assert(
      fc.property(rightful, fc.integer({ min: -1, max: 1 }), (bits, offset) => {
        const hash = hashOf((BigInt(bits & 0x7fffff) << BigInt(8 * ((bits >>> 24) - 3))) + BigInt(offset));
        const theirs = dashcore.BlockHeader.prototype.validProofOfWork.call({
          id: hash,
          getTargetDifficulty: () => dashcore.BlockHeader.prototype.getTargetDifficulty(bits),
        });
        assert.equal(proofOfWorkFault(hash, bits, mainnet) === undefined, theirs);
      }),
    );
  });
});
