import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { scanTransactions } from '../../src/block/scan.js';
import { loadX11 } from '../../src/block/x11.js';
import { Chain } from '../../src/simulated/chain.js';
import { assemble, mineBlock } from '../../src/simulated/miner.js';
import { clockAt } from '../support/clock.js';

const clock = clockAt(1_800_000_000_000);

function newChain(): Chain {
  return new Chain({ clock });
}

/** Mines and accepts `count` blocks, and returns their bytes. */
function grow(chain: Chain, count: number): Buffer[] {
  return Array.from({ length: count }, () => {
    const raw = mineBlock(chain.template());
    assert.equal(chain.accept(raw, false).accepted, true);
    return raw;
  });
}

function reasonOf(chain: Chain, raw: Buffer): string {
  const outcome = chain.accept(raw, true);
  return outcome.accepted ? 'accepted' : outcome.fault.reason;
}

describe('chain', () => {
  before(loadX11);

  it("begins with Core's regtest genesis block", () => {
    const { tip } = newChain();
    assert.equal(tip.hash, '000008ca1832a4baf228eb1553c03d3a2c8e02399550dd6ea8d65cec3ef23d2e');
    assert.equal(tip.header.merkleRoot, 'e0028eb9648db56b1ac77cf090b99048a8007e2bb64b68f092c03c7f56a662c7');
  });

  it('extends its tip and reports it', () => {
    const chain = newChain();
    const tips: number[] = [];
    const end = chain.onTip((tip) => tips.push(tip.height));
    const [first, second] = grow(chain, 2);
    end();
    grow(chain, 1);
    assert.deepEqual(tips, [1, 2]);
    assert.equal(chain.at(1)?.raw, first);
    assert.equal(chain.at(2)?.raw, second);
    assert.equal(chain.tip.height, 3);
  });

  it('is in its initial download until its tip is recent', () => {
    const chain = newChain();
    assert.equal(chain.initialDownload, true);
    grow(chain, 1);
    assert.equal(chain.initialDownload, false);
  });

  it('keeps the first of two equal blocks, and goes over to more work', () => {
    const chain = newChain();
    grow(chain, 1);
    const fork = chain.tip;
    grow(chain, 1);
    const first = chain.tip;
    const rival = mineBlock(chain.template(fork), { extraNonce: 7 });
    const outcome = chain.accept(rival, false);
    assert.ok(outcome.accepted && outcome.isNew);
    assert.deepEqual(outcome.connected, []);
    assert.equal(chain.tip, first);
    const better = chain.accept(mineBlock(chain.template(outcome.block)), false);
    assert.ok(better.accepted);
    assert.deepEqual(
      better.connected.map(({ height }) => height),
      [2, 3],
    );
    assert.equal(chain.isActive(first), false);
    assert.equal(chain.at(2), outcome.block);
    assert.equal(chain.fork([first.hash, fork.hash]), fork);
  });

  it('connects a block whose parent came later', () => {
    const source = newChain();
    const [a, b] = grow(source, 2);
    assert.ok(a !== undefined && b !== undefined);
    const chain = newChain();
    assert.equal(chain.acceptHeaders([a, b].map((raw) => raw.subarray(0, 80))).accepted, true);
    assert.equal(chain.bestHeader.height, 2);
    assert.equal(chain.accept(b, true).accepted, true);
    assert.equal(chain.tip.height, 0);
    const outcome = chain.accept(a, true);
    assert.ok(outcome.accepted);
    assert.equal(outcome.connected.length, 2);
    assert.equal(chain.tip.hash, source.tip.hash);
  });

  it('leaves aside what it did not ask for and does not help', () => {
    const chain = newChain();
    const genesis = chain.tip;
    grow(chain, 2);
    const less = chain.accept(mineBlock(chain.template(genesis), { extraNonce: 9 }), false);
    assert.ok(less.accepted);
    assert.equal(less.isNew, false);
    assert.equal(less.block.raw, undefined);
  });

  it('leaves its active chain locator from dense to sparse', () => {
    const chain = newChain();
    grow(chain, 40);
    const heights = chain.locator().map((hash) => chain.get(hash)?.height ?? -1);
    assert.deepEqual(heights.slice(0, 11), [40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30]);
    assert.equal(heights.at(-1), 0);
    assert.ok(heights.length < 20);
  });

  it('refuses what Core refuses, with its words', () => {
    const chain = newChain();
    grow(chain, 3);
    const template = chain.template();
    const good = mineBlock(template, { size: 3_000 });
    const mutated = Buffer.from(good);
    mutated.writeUInt8(mutated.readUInt8(mutated.length - 10) ^ 1, mutated.length - 10);
    assert.equal(reasonOf(chain, mutated), 'bad-txnmrklroot');
    const worthless = Buffer.from(good);
    for (let nonce = 0; reasonOf(chain, worthless) === 'accepted' || nonce === 0; nonce += 1) {
      worthless.writeUInt32LE(nonce + 1_000_000, 76);
      if (reasonOf(chain, worthless) === 'high-hash') break;
    }
    assert.equal(reasonOf(chain, worthless), 'high-hash');
    assert.equal(reasonOf(chain, mineBlock({ ...template, parent: 'ab'.repeat(32) })), 'prev-blk-not-found');
    const wrongHeight = mineBlock({ ...template, height: 9 });
    assert.equal(reasonOf(chain, wrongHeight), 'bad-cb-height');
    assert.equal(reasonOf(chain, wrongHeight), 'duplicate', 'it is known to be invalid');
    assert.equal(reasonOf(chain, mineBlock({ ...template, time: 1_000 })), 'time-too-old');
    assert.equal(reasonOf(chain, mineBlock({ ...template, time: template.time + 10_000 })), 'time-too-new');
    assert.equal(reasonOf(chain, good.subarray(0, -1)), 'Block decode failed');
    assert.equal(reasonOf(chain, assemble(template, [])), 'bad-blk-length');
    assert.equal(reasonOf(chain, good), 'accepted');
  });

  it('wants a special coinbase from the height of DIP 3 on', () => {
    const chain = new Chain({ clock, specialFrom: 2 });
    grow(chain, 2);
    assert.equal(chain.tip.height, 2);
    assert.equal(reasonOf(chain, mineBlock({ ...chain.template(), special: false })), 'bad-cb-type');
  });
});

describe('miner', () => {
  before(loadX11);

  it('makes blocks of any size', () => {
    const chain = newChain();
    for (const size of [1_000, 15_000, 300_000, 2_000_000]) {
      const raw = mineBlock(chain.template(), { size });
      assert.equal(raw.length, size);
      const scan = scanTransactions(raw);
      assert.ok(scan.ok && scan.coinbaseFirst && scan.coinbases === 1 && scan.height === chain.tip.height + 1);
      assert.equal(reasonOf(chain, raw), 'accepted');
    }
    assert.equal(reasonOf(chain, mineBlock(chain.template(), { size: 2_000_001 })), 'bad-blk-length');
    assert.ok(mineBlock(chain.template()).length < 300);
  });
});
