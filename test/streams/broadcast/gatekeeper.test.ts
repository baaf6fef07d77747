import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { sha256d } from '../../../src/block/merkle.js';
import { hashHeader, loadX11 } from '../../../src/block/x11.js';
import { type Arrival, Gatekeeper, type GateResult } from '../../../src/streams/broadcast/gatekeeper.js';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';
import { encodeFrame } from '../../../src/wire/frame.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { buildBlock, buildCoinbase, grind, mineBlock } from '../../block/support.js';
import { clockAt } from '../../support/clock.js';
import { leastCpuMs } from '../../support/cpu.js';

const AT = 1_794_000_000_123;
const PARENT = '11'.repeat(32);

function gatekeeper(tip = new ChainTip()): Gatekeeper {
  return new Gatekeeper(NETWORKS.regtest, tip, clockAt(AT));
}

const hashOf = (raw: Buffer) => hashHeader(raw.subarray(0, 80));
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** The same header with a body that does not belong to it. */
function changed(raw: Buffer, byte = 1): Buffer {
  const copy = Buffer.from(raw);
  copy.writeUInt8(copy.readUInt8(copy.length - 5) ^ byte, copy.length - 5);
  return copy;
}

function arrival(admission: GateResult | undefined): Arrival {
  assert.ok(admission?.type === 'block', `not a block: ${JSON.stringify(admission)}`);
  return admission;
}

const codes = (admission: GateResult | undefined) => arrival(admission).doubts.map(({ code }) => code);

describe('the gatekeeper', () => {
  before(() => loadX11());

  it("lets the pool's block through as it is, with what is known of it", () => {
    const raw = mineBlock();
    assert.deepEqual(gatekeeper().fromPool([raw]), {
      type: 'block',
      at: AT,
      monotonicAt: AT,
      source: 'pool',
      doubts: [],
      gateMs: 0,
      block: {
        hash: hashOf(raw),
        header: raw.subarray(0, 80),
        previous: PARENT,
        time: 1_790_000_000,
        bits: 0x207f_ffff,
        raw,
        size: raw.length,
        transactions: 1,
        height: 1_000,
        layout: { txids: [sha256d(raw.subarray(81))], starts: [81], end: raw.length },
      },
    });
  });

  it('says how long it took to judge', () => {
    let now = AT;
    const slow = clockAt(() => (now += 0.25));
    const { at, gateMs } = arrival(new Gatekeeper(NETWORKS.regtest, new ChainTip(), slow).fromPool([mineBlock()]));
    assert.deepEqual([at, gateMs], [AT + 0.25, 0.25]);
  });

  it('takes hex, and a topic in front, with whatever comes behind', () => {
    const frames = (...rest: string[]) => rest.map((frame) => Buffer.from(frame));
    const raw = mineBlock();
    const hex = raw.toString('hex');
    for (const message of [
      frames(hex),
      frames(`${hex.toUpperCase()}\r\n`),
      [Buffer.from('block'), raw],
      frames('rawblock', hex),
      [Buffer.from('rawblock'), raw, Buffer.from('0'), Buffer.alloc(0)],
    ]) {
      assert.equal(arrival(gatekeeper().fromPool(message)).block.hash, hashOf(raw));
    }
  });

  it('refuses what is no block, says why, and identifies the frame for its sender', () => {
    const lazy = grind(buildBlock(), false);
    const cases: readonly (readonly [Buffer[], string, Buffer])[] = [
      [[], 'empty', Buffer.alloc(0)],
      [[Buffer.alloc(0)], 'empty', Buffer.alloc(0)],
      [[Buffer.from('block'), Buffer.alloc(0)], 'empty', Buffer.alloc(0)],
      [[Buffer.from('xyz')], 'bad-hex', Buffer.from('xyz')],
      [[Buffer.from('block')], 'bad-hex', Buffer.from('block')],
      [[Buffer.alloc(80)], 'too-small', Buffer.alloc(80)],
      [[Buffer.alloc(2_000_017)], 'too-large', Buffer.alloc(2_000_017)],
      [[lazy], 'bad-proof-of-work', lazy],
      [[Buffer.from(lazy.toString('hex'))], 'bad-proof-of-work', Buffer.from(lazy.toString('hex'))],
      [[Buffer.from('rawtx'), lazy], 'unknown-topic', lazy],
      [[Buffer.alloc(0), lazy], 'unknown-topic', lazy],
      [[Buffer.from(`block${' '.repeat(40)}`), lazy], 'unknown-topic', lazy],
    ];
    for (const [frames, code, payload] of cases) {
      const gate = gatekeeper();
      const refused = gate.fromPool(frames);
      assert.ok(refused.type === 'refused', code);
      assert.match(
        refused.reason,
        code === 'unknown-topic' ? /use "block"/ : /; send the serialised block, as bytes or as hex digits$/,
      );
      assert.deepEqual([refused.code, refused.sha256, refused.source, refused.at], [code, sha256(payload), 'pool', AT]);
      assert.match(refused.reason, /\w/);
      assert.equal(refused.hash, code === 'bad-proof-of-work' ? hashOf(lazy) : undefined);
      if (refused.hash !== undefined) {
        assert.equal(refused.size, lazy.length, 'the size is the block’s, however it came');
        assert.equal(gate.has(refused.hash), false, 'what was refused has not been here');
      }
    }
  });

  const VARIANTS: readonly (readonly [what: string, message: (raw: Buffer) => (Buffer | string)[]])[] = [
    ['hex with its C terminator', (raw) => [`${raw.toString('hex')}\0`]],
    ['hex behind a newline', (raw) => [`\n${raw.toString('hex')}`]],
    ['hex behind 0x', (raw) => [`0x${raw.toString('hex')}`]],
    ['hex behind a byte-order mark', (raw) => [`\ufeff${raw.toString('hex')}`]],
    ['hex as a JSON string', (raw) => [JSON.stringify(raw.toString('hex'))]],
    [
      'hex in a JSON-RPC request',
      (raw) => [JSON.stringify({ id: 1, method: 'submitblock', params: [raw.toString('hex')] })],
    ],
    ['hex as Python shows bytes', (raw) => [`b'${raw.toString('hex')}'`]],
    ['hex in lines', (raw) => [raw.toString('hex').replace(/.{64}/g, '$&\r\n')]],
    ['base64', (raw) => [Buffer.from(raw.toString('base64'))]],
    ['base64 in lines', (raw) => [Buffer.from(raw.toString('base64').replace(/.{76}/g, '$&\r\n'))]],
    ['base64 for URLs, in JSON', (raw) => [Buffer.from(JSON.stringify({ block: raw.toString('base64url') }))]],
    ['hex in two-byte characters', (raw) => [Buffer.from(raw.toString('hex'), 'utf16le')]],
    ['hex with a digit too many', (raw) => [`${raw.toString('hex')}0`]],
    ['a sequence number behind', (raw) => [raw, '\x01\0\0\0']],
    ['an empty frame in front', (raw) => ['', raw]],
    ['an empty frame behind', (raw) => [raw, '']],
    ['a topic of its own', (raw) => ['newblock', raw]],
    ['a topic with a terminator', (raw) => ['rawblock\0', raw]],
    ['a topic in capitals, and hex', (raw) => ['BLOCK', raw.toString('hex')]],
    ['an identity and an empty frame in front', (raw) => ['pool-1', '', raw]],
    ['the block last of eight', (raw) => ['1', '2', '3', '4', '5', '6', '7', raw]],
    ['a known topic, then something else, then the block', (raw) => ['rawblock', 'dash', raw]],
    ['bytes behind a newline', (raw) => [Buffer.concat([Buffer.from('\n'), raw])]],
    ['bytes behind their length', (raw) => [Buffer.concat([Buffer.of(raw.length, 0, 0, 0), raw])]],
    ['a P2P message', (raw) => [encodeFrame(NETWORKS.regtest.magic, { command: 'block', raw })]],
    ['bytes before a terminator', (raw) => [Buffer.concat([raw, Buffer.of(0)])]],
  ];
  for (const [what, message] of VARIANTS) {
    it(`finds a block in ${what}`, () => {
      const raw = mineBlock();
      const frames = message(raw).map((frame) => Buffer.from(frame));
      const { block, doubts, note } = arrival(gatekeeper().fromPool(frames));
      assert.deepEqual([block.hash, block.size, block.raw], [hashOf(raw), raw.length, raw]);
      assert.deepEqual(doubts, []);
      assert.equal(note === undefined, what === 'hex with its C terminator');
    });
  }

  it('lets a block with other bytes behind it wait for dashd, which passes over them', () => {
    const raw = mineBlock();
    assert.deepEqual(codes(gatekeeper().fromPool([Buffer.concat([raw, Buffer.of(1)])])), ['transactions']);
  });

  it('searches eight frames of a message', () => {
    const raw = mineBlock();
    const ninth = [...Array.from({ length: 8 }, () => Buffer.from('x')), raw];
    assert.equal(gatekeeper().fromPool(ninth).type, 'refused');
  });

  it('finds a block wherever it is put, and none where there is none', () => {
    const raw = mineBlock();
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).fill(0xff, 40));
    const shape = fc.constantFrom<(bytes: Buffer) => Buffer>(
      (bytes) => bytes,
      (bytes) => Buffer.from(bytes.toString('hex')),
      (bytes) => Buffer.from(`  "0x${bytes.toString('hex').toUpperCase()}"\n`),
    );
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 4 }), fc.array(noise, { maxLength: 3 }), shape, (before, behind, as) => {
        assert.equal(gatekeeper().fromPool([...before, ...behind]).type, 'refused');
        assert.equal(arrival(gatekeeper().fromPool([...before, as(raw), ...behind])).block.hash, hashOf(raw));
      }),
    );
  });

  it('looks at the worst of frames within 20 ms', () => {
    const size = 8 * 1024 * 1024;
    const worst: readonly (readonly [string, Buffer])[] = [
      ['zeros', Buffer.alloc(size)],
      ['blanks', Buffer.alloc(size, ' ')],
      ['digits', Buffer.alloc(size, '0')],
      ['digits and blanks', Buffer.alloc(size, '0 ')],
      ['digits and letters', Buffer.alloc(size, '0x')],
      ['a target at each place', Buffer.alloc(size, 0x1d)],
    ];
    for (const [what, frame] of worst) {
      const ms = leastCpuMs(5, () => assert.equal(gatekeeper().fromPool([frame]).type, 'refused'));
      assert.ok(ms < 20, `${what}: ${ms} ms`);
    }
  });

  it('names an unknown topic without what could upset a terminal, and what to use', () => {
    const refused = gatekeeper().fromPool([Buffer.from('\x1b[31mraw'), Buffer.from('00')]);
    assert.ok(refused.type === 'refused');
    assert.equal(refused.reason, '"\\u001b[31mraw"; use "block" or "rawblock"');
  });

  it('knows a block that has been here, from either side', () => {
    const raw = mineBlock();
    const gate = gatekeeper();
    assert.equal(gate.has(hashOf(raw)), false);
    gate.fromPool([raw]);
    assert.equal(gate.has(hashOf(raw)), true);
    const repeated = { type: 'repeated', at: AT, hash: hashOf(raw), source: 'pool' };
    assert.deepEqual(gate.fromPool([raw]), repeated);
    assert.deepEqual(gate.fromPool([changed(raw)]), repeated, 'nor may another body come after a good one');
    assert.equal(gate.fromFeed(raw), undefined);

    const other = mineBlock({ time: 1_790_000_001 });
    assert.equal(arrival(gate.fromFeed(other)).source, 'dashd');
    assert.equal(gate.fromPool([other]).type, 'repeated');
  });

  it('doubts a body that does not fit its header, and takes a better one after it', () => {
    const raw = mineBlock();
    const gate = gatekeeper();
    assert.deepEqual(codes(gate.fromPool([changed(raw)])), ['merkle-root']);
    assert.equal(gate.fromPool([changed(raw)]).type, 'repeated', 'the same doubtful one once');
    assert.deepEqual(codes(gate.fromPool([changed(raw, 2)])), ['merkle-root']);
    assert.deepEqual(codes(gate.fromPool([raw])), []);
    assert.equal(gate.fromPool([changed(raw)]).type, 'repeated', 'and then no worse one');
  });

  it('doubts what it cannot account for', () => {
    const cut = mineBlock().subarray(0, -1);
    assert.deepEqual(codes(gatekeeper().fromPool([cut])), ['transactions']);
    const twice = grind(buildBlock({ transactions: [buildCoinbase(), buildCoinbase()] }));
    assert.deepEqual(codes(gatekeeper().fromPool([twice])).slice(0, 1), ['coinbase']);
  });

  it('doubts a parent that is neither the tip nor a recent block, once there is a tip', () => {
    const raw = mineBlock();
    const tip = new ChainTip();
    assert.deepEqual(codes(gatekeeper(tip).fromPool([raw])), []);
    tip.move('22'.repeat(32));
    const doubted = arrival(gatekeeper(tip).fromPool([raw]));
    assert.deepEqual(
      doubted.doubts.map(({ code }) => code),
      ['parent'],
    );
    assert.match(doubted.doubts[0]?.reason ?? '', new RegExp(PARENT));
    assert.deepEqual(codes(gatekeeper(tip).fromPool([changed(raw)])), ['merkle-root', 'parent']);
    tip.see(PARENT);
    assert.deepEqual(codes(gatekeeper(tip).fromPool([raw])), []);
  });

  it('doubts nothing that dashd published, but does refuse what is no block', () => {
    const tip = new ChainTip();
    tip.move('22'.repeat(32));
    const gate = gatekeeper(tip);
    assert.deepEqual(codes(gate.fromFeed(changed(mineBlock()))), []);
    const refused = gate.fromFeed(Buffer.from('not a block at all'));
    assert.ok(refused?.type === 'refused');
    assert.equal(refused.source, 'dashd');
  });

  it("takes dashd's body for a header whose own body it doubted", () => {
    const raw = mineBlock();
    const gate = gatekeeper();
    gate.fromPool([changed(raw)]);
    assert.deepEqual(arrival(gate.fromFeed(raw)).block.raw, raw);
    assert.equal(gate.fromFeed(raw), undefined);
  });

  it('does not hear its own doubtful block back from the feed', () => {
    const cut = mineBlock().subarray(0, -1);
    const gate = gatekeeper();
    gate.fromPool([cut]);
    assert.equal(gate.fromFeed(cut), undefined);
  });

  it('remembers 4,096 blocks', () => {
    const gate = gatekeeper();
    const hashes = Array.from({ length: 4_097 }, (_, number) => {
      const raw = mineBlock({ time: 1_790_000_000 + number });
      gate.fromPool([raw]);
      return hashOf(raw);
    });
    assert.deepEqual(
      [hashes.at(0), hashes.at(1), hashes.at(-1)].map((hash) => gate.has(hash ?? '')),
      [false, true, true],
    );
  });
});
