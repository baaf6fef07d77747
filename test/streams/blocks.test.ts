import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, it } from 'node:test';
import type { inspect } from '../../src/block/gate.js';
import { hashHeader, loadX11 } from '../../src/block/x11.js';
import { type Admission, type Arrival, Gatekeeper } from '../../src/streams/blocks.js';
import { ChainTip } from '../../src/streams/tip.js';
import { NETWORKS } from '../../src/wire/network.js';
import { buildBlock, buildCoinbase, grind, mineBlock } from '../block/support.js';
import { clockAt } from '../support/clock.js';

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

function arrival(admission: Admission | undefined): Arrival {
  assert.ok(admission?.type === 'block', `not a block: ${JSON.stringify(admission)}`);
  return admission;
}

const codes = (admission: Admission | undefined) => arrival(admission).doubts.map(({ code }) => code);

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
        raw,
        size: raw.length,
        transactions: 1,
        height: 1_000,
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

  it('refuses what is no block, says why, and tells the sender which of its frames is meant', () => {
    const lazy = grind(buildBlock(), false);
    const cases: readonly (readonly [Buffer[], string, Buffer])[] = [
      [[], 'empty', Buffer.alloc(0)],
      [[Buffer.alloc(0)], 'empty', Buffer.alloc(0)],
      [[Buffer.from('block'), Buffer.alloc(0)], 'empty', Buffer.alloc(0)],
      [[Buffer.from('xyz')], 'bad hex', Buffer.from('xyz')],
      [[Buffer.from('block')], 'bad hex', Buffer.from('block')],
      [[Buffer.alloc(80)], 'too small', Buffer.alloc(80)],
      [[Buffer.alloc(2_000_001)], 'too large', Buffer.alloc(2_000_001)],
      [[lazy], 'bad proof of work', lazy],
      [[Buffer.from(lazy.toString('hex'))], 'bad proof of work', Buffer.from(lazy.toString('hex'))],
      [[Buffer.from('rawtx'), lazy], 'unknown topic', lazy],
      [[Buffer.alloc(0), lazy], 'unknown topic', lazy],
      [[Buffer.from(`block${' '.repeat(40)}`), lazy], 'unknown topic', lazy],
    ];
    for (const [frames, code, payload] of cases) {
      const gate = gatekeeper();
      const refused = gate.fromPool(frames);
      assert.ok(refused.type === 'refused', code);
      assert.deepEqual([refused.code, refused.sha256, refused.source, refused.at], [code, sha256(payload), 'pool', AT]);
      assert.match(refused.reason, /\w/);
      assert.equal(refused.hash, code === 'bad proof of work' ? hashOf(lazy) : undefined);
      if (refused.hash !== undefined) {
        assert.equal(refused.size, lazy.length, 'the size is the block’s, however it came');
        assert.equal(gate.has(refused.hash), false, 'what was refused has not been here');
      }
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
    assert.deepEqual(codes(gate.fromPool([changed(raw)])), ['merkle root']);
    assert.equal(gate.fromPool([changed(raw)]).type, 'repeated', 'the same doubtful one once');
    assert.deepEqual(codes(gate.fromPool([changed(raw, 2)])), ['merkle root']);
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
    assert.deepEqual(codes(gatekeeper(tip).fromPool([changed(raw)])), ['merkle root', 'parent']);
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
    const numbered: typeof inspect = (raw) => {
      const hash = raw.toString('hex');
      const block = { hash, header: raw, previous: PARENT, raw, size: raw.length };
      return { kind: 'block', block, doubts: [] };
    };
    const gate = new Gatekeeper(NETWORKS.regtest, new ChainTip(), clockAt(AT), numbered);
    for (let number = 1; number <= 4_097; number += 1) gate.fromPool([Buffer.of(0xff, number >> 8, number & 0xff)]);
    assert.deepEqual(
      ['ff0001', 'ff0002', 'ff1001'].map((hash) => gate.has(hash)),
      [false, true, true],
    );
  });
});
