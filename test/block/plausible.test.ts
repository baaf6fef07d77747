import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Block } from '../../src/block/gate.js';
import { expandTarget } from '../../src/block/header.js';
import { type ChainContext, headerDoubts, heightDoubts } from '../../src/block/plausible.js';
import { loadX11 } from '../../src/block/x11.js';
import { NETWORKS, type Network } from '../../src/wire/network.js';

const { mainnet, testnet, devnet, regtest } = NETWORKS;
const TIME = 1_790_000_000;
const USUAL = 0x1932_0000;

function block(bits: number, time = TIME, version = 0x2000_0000): Block {
  const header = Buffer.alloc(80);
  header.writeInt32LE(version);
  return { hash: '', header, previous: '', time, bits, raw: header, size: 80 };
}

const codes = (one: Block, around: ChainContext, network: Network = mainnet) =>
  headerDoubts(one, around, network).map(({ code }) => code);

/** Compact form as Dash Core's GetCompact makes it. */
function compact(target: bigint): number {
  let size = Math.ceil(target.toString(16).length / 2);
  let mantissa = Number(size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3)));
  if (mantissa & 0x80_0000) {
    mantissa >>= 8;
    size += 1;
  }
  return ((size << 24) | mantissa) >>> 0;
}

/** The next target by Dark Gravity Wave, step by step as Dash Core computes it. */
function darkGravityWave(targets: readonly bigint[], timespan: number, powLimit: bigint): bigint {
  let average = targets[0] ?? 0n;
  for (const [i, target] of targets.slice(1).entries()) average = (average * BigInt(i + 2) + target) / BigInt(i + 3);
  const wanted = 24 * 150;
  const actual = Math.min(Math.max(timespan, Math.trunc(wanted / 3)), wanted * 3);
  const next = (average * BigInt(actual)) / BigInt(wanted);
  return next < powLimit ? next : powLimit;
}

describe("a header's fit", () => {
  before(() => loadX11());

  test('three times the easiest of the last targets is allowed, more is a doubt that says how much', () => {
    const around = { easiestTarget: expandTarget(USUAL) };
    assert.deepEqual(codes(block(0x1900_0001), around), [], 'more work is no fault');
    assert.deepEqual(codes(block(0x1900_0000 + 3 * 0x32_0000), around), []);
    assert.deepEqual(codes(block(compact(expandTarget(USUAL) * 3n + (1n << 184n))), around), ['target']);
    const [doubt] = headerDoubts(block(0x1e0f_ffff), around, mainnet);
    assert.match(doubt?.reason ?? '', /claimed target 1e0fffff is \d{6,} times easier than any that fits/);
  });

  test('no target that Dark Gravity Wave gives is doubted', () => {
    const bits = fc.integer({ min: 0x1900_8000, max: 0x197f_ffff });
    fc.assert(
      fc.property(fc.array(bits, { minLength: 24, maxLength: 24 }), fc.nat(20_000), (recent, timespan) => {
        const targets = recent.map(expandTarget);
        const [easiestTarget] = [...targets].sort((a, b) => (a < b ? 1 : -1));
        const next = block(compact(darkGravityWave(targets, timespan, mainnet.powLimit)));
        assert.deepEqual(codes(next, { easiestTarget }), []);
      }),
    );
  });

  test('with no target known, mainnet asks for 2^52 hashes, the other networks for nothing', () => {
    assert.deepEqual(codes(block(0x1a10_0000), {}), []);
    assert.deepEqual(codes(block(0x1a10_0001), {}), ['target']);
    assert.deepEqual(codes(block(0x1e0f_ffff), {}, testnet), []);
    assert.deepEqual(codes(block(0x207f_ffff), {}, regtest), []);
    const ancient = { easiestTarget: expandTarget(0x1e00_ffff) };
    assert.deepEqual(codes(block(0x1e00_ffff), ancient), ['target'], 'nor of a dashd that is still at the beginning');
  });

  for (const network of [testnet, devnet]) {
    test(`${network.name} lets a late block be ten times easier, a very late one as easy as can be`, () => {
      const around = { easiestTarget: expandTarget(0x1b00_ffff), parentTime: TIME };
      const at = (bits: number, seconds: number) => codes(block(bits, TIME + seconds), around, network);
      assert.deepEqual(at(0x1b03_0000, 600), ['target']);
      assert.deepEqual(at(0x1b09_fff6, 601), []);
      assert.deepEqual(at(0x1b0a_0000, 601), ['target']);
      assert.deepEqual(at(0x1e0f_ffff, 7_200), ['target']);
      assert.deepEqual(at(0x1e0f_ffff, 7_201), []);
      assert.deepEqual(codes(block(0x1e0f_ffff, TIME + 7_201), around, mainnet), ['target']);
    });
  }

  test('its time must be above the median of the last eleven', () => {
    const usual = { easiestTarget: expandTarget(USUAL) };
    assert.deepEqual(codes(block(USUAL), { ...usual, medianTime: TIME }), ['time']);
    assert.deepEqual(codes(block(USUAL), { ...usual, medianTime: TIME - 1 }), []);
  });

  test('a version that was retired is a doubt, except on regtest', () => {
    for (const version of [3, 1, 0, -1]) assert.deepEqual(codes(block(USUAL, TIME, version), {}), ['version']);
    assert.deepEqual(codes(block(0x207f_ffff, TIME, 1), {}, regtest), []);
    assert.deepEqual(codes(block(USUAL, TIME, 4), {}), []);
  });

  test('a claimed height is compared with the parent’s, where both are known', () => {
    const claims = (height: number | undefined, parentHeight: number | undefined) =>
      heightDoubts({ ...block(USUAL), ...(height !== undefined && { height }) }, { parentHeight }).length;
    assert.deepEqual([claims(8, 7), claims(7, 7), claims(9, 7)], [0, 1, 1]);
    assert.deepEqual([claims(undefined, 7), claims(7, undefined)], [0, 0]);
  });
});
