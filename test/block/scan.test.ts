import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import dashcore from '@dashevo/dashcore-lib';
import fc from 'fast-check';
import { type Scan, scanTransactions } from '../../src/block/scan.js';
import { hashFromWire } from '../../src/wire/reader.js';
import { Writer } from '../../src/wire/writer.js';
import { REGTEST_BLOCKS } from '../vectors/block/regtest.js';
import { SPECIAL_TRANSACTIONS } from '../vectors/block/special.js';
import { genesisBlocks } from './genesis.js';
import {
  buildBlock,
  buildCoinbase,
  buildPayment,
  buildTx,
  NULL_OUTPOINT,
  naiveSha256d,
  type TxInput,
} from './support.js';

function scanned(raw: Buffer): Extract<Scan, { ok: true }> {
  const scan = scanTransactions(raw);
  assert.ok(scan.ok, scan.ok ? '' : scan.reason);
  return scan;
}

function refusal(raw: Buffer): string {
  const scan = scanTransactions(raw);
  assert.ok(!scan.ok, 'the scan went through');
  return scan.reason;
}

const blockOf = (...transactions: Buffer[]) => buildBlock({ transactions });
const input = (outpoint = Buffer.alloc(36, 7)): TxInput => ({ outpoint, script: Buffer.alloc(3, 1), sequence: 0 });
const output = { value: 1n, script: Buffer.of(0x51) };

describe('blocks and transactions as Dash Core wrote them', () => {
  for (const { height, hex, txids } of REGTEST_BLOCKS) {
    test(`regtest block ${height} of dashd`, () => {
      const scan = scanned(Buffer.from(hex, 'hex'));
      assert.deepEqual(scan.txids.map(hashFromWire), txids);
      assert.equal(scan.count, txids.length);
      assert.equal(scan.coinbaseFirst, true);
      assert.equal(scan.coinbases, 1);
      assert.equal(scan.height, height === 0 ? undefined : height, 'a genesis block states none');
    });
  }

  for (const { network, raw } of genesisBlocks) {
    test(`${network}'s genesis block`, () => {
      const scan = scanned(raw);
      assert.equal(scan.count, 1);
      assert.equal(scan.height, undefined, 'version 1 came before BIP 34; its script would read 486604799');
    });
  }

  test('the regtest genesis block built from chainparams is the one dashd has', () => {
    assert.equal(
      genesisBlocks.find(({ network }) => network === 'regtest')?.raw.toString('hex'),
      REGTEST_BLOCKS[0].hex,
    );
  });

  for (const { txid, type, hex } of SPECIAL_TRANSACTIONS) {
    test(`a real transaction of type ${type}, ${txid}`, () => {
      const [, found] = scanned(blockOf(buildCoinbase(), Buffer.from(hex, 'hex'))).txids;
      assert.equal(hashFromWire(found ?? Buffer.alloc(0)), txid);
    });
  }
});

describe('synthesised blocks', () => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
  const exactly = (length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
  /** Mostly short, now and then past the edge where a compact size grows from one byte to three. */
  const scripts = fc.oneof(
    { weight: 5, arbitrary: bytes(40) },
    { weight: 1, arbitrary: exactly(252) },
    { weight: 1, arbitrary: exactly(253) },
  );
  const inputs = fc.record({ outpoint: exactly(36), script: scripts, sequence: fc.nat(0xffff_ffff) });
  const outputs = fc.record({ value: fc.bigInt({ min: 0n, max: (1n << 53n) - 1n }), script: scripts });
  const plain = {
    inputs: fc.array(inputs, { maxLength: 4 }),
    outputs: fc.array(outputs, { maxLength: 4 }),
    lockTime: fc.nat(0xffff_ffff),
  };

  interface Sample {
    readonly raw: Buffer;
    /** Of the payload; 0 where there is none. */
    readonly type: number;
    /** Whether dashcore-lib can read it: it knows types up to 9 in their present form, and takes the version for unsigned. */
    readonly known: boolean;
  }

  /** As Core wrote them, because dashcore-lib rewrites their hash of the inputs where those are not theirs. */
  const masternode = fc.constantFrom(...SPECIAL_TRANSACTIONS).map(({ type, hex }): Sample => {
    return { raw: Buffer.from(hex, 'hex'), type, known: true };
  });

  const versioned = (version: number) => (rest: Buffer) => Buffer.concat([Buffer.of(version), rest]);
  const payloads: [type: number, payload: fc.Arbitrary<Buffer>][] = [
    [5, fc.tuple(fc.nat(0x7fff_ffff), exactly(64)).map(([height, roots]) => coinbasePayload(height, roots))],
    [6, fc.constantFrom(...commitmentPayloads())],
    [7, exactly(129).map(versioned(1))],
    [8, fc.nat(1_000_000).map(assetLockPayload)],
    [9, fc.tuple(fc.nat(0x7fff_ffff), exactly(136)).map(([index, rest]) => assetUnlockPayload(index, rest))],
  ];
  const special = fc.oneof(
    masternode,
    ...payloads.map(([type, payload]) =>
      fc.record({ ...plain, payload }).map((parts): Sample => {
        return { raw: buildTx({ ...parts, version: 3, type }), type, known: true };
      }),
    ),
  );

  function coinbasePayload(height: number, roots: Buffer): Buffer {
    return new Writer().bytes(Buffer.from('0200', 'hex')).u32(height).bytes(roots).finish();
  }

  function commitmentPayloads(): Buffer[] {
    const blocks = REGTEST_BLOCKS.map(({ hex }) => new dashcore.Block(Buffer.from(hex, 'hex')));
    const commitments = blocks.flatMap(({ transactions }) => transactions).filter(({ type }) => type === 6);
    return commitments.map(({ extraPayload }) => extraPayload?.toBuffer({ skipSignature: false }) ?? Buffer.alloc(0));
  }

  function assetLockPayload(value: number): Buffer {
    const p2pkh = Buffer.from(`76a914${'22'.repeat(20)}88ac`, 'hex');
    return new Writer().u8(1).u8(1).u64(BigInt(value)).varBytes(p2pkh).finish();
  }

  function assetUnlockPayload(index: number, rest: Buffer): Buffer {
    return new Writer().u8(1).u64(BigInt(index)).bytes(rest).finish();
  }

  /** Of a type, a version or with a payload nobody has heard of. */
  const future = fc
    .record({
      ...plain,
      version: fc.integer({ min: 3, max: 0x7fff }),
      type: fc.integer({ min: 10, max: 0xffff }),
      payload: bytes(400),
    })
    .map((parts): Sample => ({ raw: buildTx(parts), type: parts.type, known: false }));
  const classical = fc
    .record({ ...plain, version: fc.nat(0x7fff), type: fc.constant(0) })
    .map((parts): Sample => ({ raw: buildTx(parts), type: 0, known: true }));
  /** What has a type but, being of an old or negative version, no payload. */
  const old = fc
    .record({ ...plain, version: fc.integer({ min: -0x8000, max: 2 }), type: fc.nat(0xffff) })
    .map((parts): Sample => ({ raw: buildTx(parts), type: 0, known: parts.version >= 0 }));
  const blocks = fc.array(fc.oneof({ weight: 4, arbitrary: special }, future, classical, old), { maxLength: 12 });

  test('boundaries and ids are those of the transactions put in, and dashcore-lib agrees on all it can read', () => {
    const agreed = new Set<number>();
    fc.assert(
      fc.property(blocks, (samples) => {
        const scan = scanned(blockOf(...samples.map(({ raw }) => raw)));
        assert.equal(scan.count, samples.length);
        assert.deepEqual(
          scan.txids,
          samples.map(({ raw }) => naiveSha256d(raw)),
        );
        for (const [i, { raw, type, known }] of samples.entries()) {
          if (!known) continue;
          assert.equal(hashFromWire(scan.txids[i] ?? Buffer.alloc(0)), new dashcore.Transaction(Buffer.from(raw)).hash);
          agreed.add(type);
        }
      }),
      { numRuns: 300 },
    );
    assert.deepEqual([...agreed].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("the whole of a block matches dashcore-lib's reading of it", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(special, classical), { maxLength: 6 }), (samples) => {
        const raw = blockOf(buildCoinbase(), ...samples.map((sample) => sample.raw));
        // A copy: dashcore-lib reverses hashes of masternode transactions in the very buffer it reads.
        const theirs = new dashcore.Block(Buffer.from(raw)).transactions.map(({ hash }) => hash);
        assert.deepEqual(scanned(raw).txids.map(hashFromWire), theirs);
      }),
    );
  });

  const sample = blockOf(
    buildTx({ version: 3, type: 5, inputs: [input(NULL_OUTPOINT)], outputs: [output], payload: Buffer.alloc(70, 1) }),
    buildPayment(120, 1),
    buildTx({ version: 3, type: 6, payload: Buffer.alloc(20, 2) }),
    buildTx({ version: 3, type: 9, outputs: [output, output], payload: Buffer.alloc(145, 2) }),
  );

  test('cut off at any byte, a block is not ok; what follows it is found by where it ends', () => {
    assert.equal(scanned(sample).count, 4);
    for (let length = 0; length < sample.length; length++) {
      assert.equal(scanTransactions(sample.subarray(0, length)).ok, false, `${length} bytes of ${sample.length}`);
    }
    assert.equal(scanned(Buffer.concat([sample, Buffer.alloc(3)])).end, sample.length);
  });

  test('any bytes changed: never throws, and every byte is accounted for when it is ok', () => {
    const flips = fc.array(fc.record({ at: fc.nat(sample.length - 1), byte: fc.nat(255) }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(flips, (changes) => {
        const raw = Buffer.from(sample);
        for (const { at, byte } of changes) raw[at] = byte;
        const scan = scanTransactions(raw);
        if (scan.ok) assert.equal(scan.txids.length, scan.count);
        else assert.notEqual(scan.reason, '');
      }),
      { numRuns: 2_000 },
    );
  });

  test('any bytes at all behind a header: never throws', () => {
    fc.assert(
      fc.property(bytes(400), (noise) => {
        assert.equal(typeof scanTransactions(Buffer.concat([sample.subarray(0, 80), noise])).ok, 'boolean');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('lengths', () => {
  const head = buildBlock().subarray(0, 80);
  const behind = (hex: string) => Buffer.concat([head, Buffer.from(hex.replaceAll(' ', ''), 'hex')]);
  const faults: [what: string, raw: Buffer, reason: RegExp][] = [
    ['no header', Buffer.alloc(10), /block\.transactions/],
    [
      'more transactions than bytes',
      behind('fe00000100'),
      /block\.transactions: 65536 do not fit into the 0 bytes left/,
    ],
    ['one transaction more than fits', behind(`02${'00'.repeat(19)}`), /block\.transactions: 2 do not fit/],
    [
      'the largest count there is',
      behind('ffffffffffffffffff'),
      /block\.transactions: 18446744073709551615 is too large/,
    ],
    [
      'the largest count a number holds',
      behind('ffffffffffffff1f00'),
      /block\.transactions: 9007199254740991 do not fit/,
    ],
    ['a count in more bytes than it needs', behind(`fd0100${'00'.repeat(10)}`), /non-canonical/],
    ['more inputs than bytes', behind(`01 02000000 02 ${'00'.repeat(81)}`), /tx\.inputs: 2 do not fit/],
    ['more outputs than bytes', behind(`01 02000000 00 02 ${'00'.repeat(17)}`), /tx\.outputs: 2 do not fit/],
    [
      'an input script past the end',
      behind(`01 02000000 01 ${'00'.repeat(36)} 7f ${'00'.repeat(10)}`),
      /input\.script/,
    ],
    [
      'an output script past the end',
      behind(`01 02000000 00 01 ${'00'.repeat(8)} 7f ${'00'.repeat(10)}`),
      /output\.script/,
    ],
    ['a payload past the end', behind('01 03000500 00 00 00000000 01'), /tx\.extraPayload/],
    ['no payload where one must be', behind('01 03000500 00 00 00000000'), /tx\.extraPayload/],
  ];
  for (const [what, raw, reason] of faults) {
    test(what, () => assert.match(refusal(raw), reason));
  }

  test('no transactions at all is a reading, if a strange one', () => {
    const expected = { ok: true, txids: [], starts: [], count: 0, coinbaseFirst: false, coinbases: 0, end: 81 };
    assert.deepEqual(scanTransactions(behind('00')), expected);
  });

  test('neither inputs nor outputs, as in a quorum commitment', () => {
    assert.equal(scanned(blockOf(buildTx({ version: 3, type: 6, payload: Buffer.alloc(0) }))).count, 1);
  });

  for (const type of [10, 11, 12, 13, 255, 0xffff]) {
    test(`type ${type}, unknown so far, is passed over by its length`, () => {
      const txs = [
        buildTx({ version: 3, type, inputs: [input()], payload: Buffer.alloc(300, 9) }),
        buildPayment(100, 1),
      ];
      assert.deepEqual(scanned(blockOf(...txs)).txids, txs.map(naiveSha256d));
    });
  }

  test('only versions from 3 up have a payload, and the version is signed', () => {
    for (const version of [0, 1, 2, -1, -0x8000]) {
      const txs = [buildTx({ version, type: 9, outputs: [output] }), buildPayment(100, 1)];
      assert.deepEqual(scanned(blockOf(...txs)).txids, txs.map(naiveSha256d), `version ${version}`);
    }
    for (const version of [3, 4, 0x7fff]) {
      const txs = [buildTx({ version, type: 5, payload: Buffer.alloc(9, 1) }), buildPayment(100, 1)];
      assert.deepEqual(scanned(blockOf(...txs)).txids, txs.map(naiveSha256d), `version ${version}`);
    }
  });
});

describe('coinbases', () => {
  const second = buildCoinbase(Buffer.from('03e90300', 'hex'));
  const cases: [what: string, transactions: Buffer[], first: boolean, coinbases: number][] = [
    ['first and only', [buildCoinbase(), buildPayment(100, 1)], true, 1],
    ['missing', [buildPayment(100, 1), buildPayment(100, 2)], false, 0],
    ['not first', [buildPayment(100, 1), buildCoinbase()], false, 1],
    ['two', [buildCoinbase(), second], true, 2],
    ['a hash of zeros but an index', [buildTx({ inputs: [input(Buffer.alloc(36))] })], false, 0],
    ['an index of ones but a hash', [buildTx({ inputs: [input(Buffer.alloc(36, 0xff))] })], false, 0],
    ['two inputs, the first null', [buildTx({ inputs: [input(NULL_OUTPOINT), input()] })], false, 0],
    ['no inputs', [buildTx({ outputs: [output] })], false, 0],
  ];
  for (const [what, transactions, coinbaseFirst, coinbases] of cases) {
    test(what, () => {
      const scan = scanned(blockOf(...transactions));
      assert.equal(scan.coinbaseFirst, coinbaseFirst);
      assert.equal(scan.coinbases, coinbases);
    });
  }
});

describe('the height a coinbase states before DIP 3, in its script (BIP 34)', () => {
  const cases: [script: string, height: number | undefined][] = [
    ['5100', 1],
    ['60', 16],
    ['0111', 17],
    ['017f', 127],
    ['028000', 128],
    ['02ff7f', 32_767],
    ['03008000', 32_768],
    ['03e80300aabb', 1_000],
    ['0378c927', 2_607_480],
    ['04ffffff7f', 0x7fff_ffff],
    ['', undefined],
    ['00', undefined],
    ['50', undefined],
    ['61', undefined],
    ['0180', undefined],
    ['0281', undefined],
    ['03ffffff', undefined],
    ['050000000001', undefined],
    ['03e803', undefined],
  ];
  for (const [script, height] of cases) {
    test(`${script || 'an empty script'} → ${height}`, () => {
      assert.equal(scanned(blockOf(buildCoinbase(Buffer.from(script, 'hex')))).height, height);
    });
  }

  test('is read from a first coinbase only, and from version 2 up', () => {
    assert.equal(scanned(blockOf(buildPayment(100, 1), buildCoinbase())).height, undefined);
    assert.equal(scanned(buildBlock({ version: 2 })).height, 1_000);
    assert.equal(scanned(buildBlock({ version: 1 })).height, undefined);
    assert.equal(scanned(buildBlock({ version: -1 })).height, undefined);
  });
});

describe('the height a coinbase states since DIP 3, in its payload (DIP 4)', () => {
  const coinbase = (payload: string, type = 5) =>
    buildTx({
      version: 3,
      type,
      inputs: [{ outpoint: NULL_OUTPOINT, script: Buffer.from('03e80300', 'hex'), sequence: 0 }],
      payload: Buffer.from(payload, 'hex'),
    });
  const cases: [what: string, tx: Buffer, height: number | undefined][] = [
    ['version 1', coinbase(`010078c92700${'00'.repeat(32)}`), 2_607_480],
    ['a version to come', coinbase(`040078c92700${'00'.repeat(300)}`), 2_607_480],
    ['the height and no more', coinbase('0200ffffff7f'), 0x7fff_ffff],
    ['a payload that ends before it', coinbase('0200ffffff'), undefined],
    ['a negative height', coinbase('0200ffffffff'), undefined],
    ['another type of payload', coinbase('020078c92700', 6), undefined],
  ];
  for (const [what, tx, height] of cases) {
    test(`${what}: ${height}, whatever the script says`, () => assert.equal(scanned(blockOf(tx)).height, height));
  }
});

describe('version-2 asset unlocks (Dash Core 24)', () => {
  /** Ids from the amendment of DIP 27 (dashpay/dips pull request 189): a fee of 70,000, one output of 1 DASH. */
  const VECTORS: [index: bigint, txid: string][] = [
    [101n, '3c4db73c8356407a5d7c78df5045bd280f2dc4fd644b06c4bfbdead3d5ae41cf'],
    [123_456_789n, 'a67e1107ae6e04b813bc8e81348266f5206d1ca93d305dc4323940e18cdbaf34'],
  ];
  const unlock = (index: bigint, signing: Uint8Array, payloadVersion = 2) =>
    buildTx({
      version: 3,
      type: 9,
      outputs: [{ value: 100_000_000n, script: Buffer.from(`76a914${'11'.repeat(20)}88ac`, 'hex') }],
      payload: new Writer().u8(payloadVersion).u64(index).u32(70_000).bytes(signing).finish(),
    });
  const txidOf = (tx: Buffer) => hashFromWire(scanned(blockOf(buildCoinbase(), tx)).txids[1] ?? Buffer.alloc(0));

  for (const [index, txid] of VECTORS) {
    test(`DIP 27's vector for index ${index}, whatever the quorum signs`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 132, maxLength: 132 }), (signing) => {
          assert.equal(txidOf(unlock(index, signing)), txid);
        }),
      );
    });
  }

  test('the block keeps its bytes', () => {
    const raw = blockOf(buildCoinbase(), unlock(101n, Buffer.alloc(132, 0xee)));
    const before = Buffer.from(raw);
    scanned(raw);
    assert.deepEqual(raw, before);
  });

  const whole: [what: string, tx: Buffer][] = [
    ['payload version 1', unlock(101n, Buffer.alloc(132, 0xee), 1)],
    ['payload version 3', unlock(101n, Buffer.alloc(132, 0xee), 3)],
    ['another type', buildTx({ version: 3, type: 8, payload: Buffer.alloc(145, 2) })],
    ['a payload too short to be signed', buildTx({ version: 3, type: 9, payload: Buffer.alloc(132, 2) })],
    ['no payload', buildTx({ version: 3, type: 9, payload: Buffer.alloc(0) })],
    [
      'a version without payloads',
      buildTx({ version: 2, type: 9, outputs: [{ value: 0n, script: Buffer.alloc(200, 2) }] }),
    ],
  ];
  for (const [what, tx] of whole) {
    test(`${what}: hashed whole`, () => assert.equal(txidOf(tx), hashFromWire(naiveSha256d(tx))));
  }
});
