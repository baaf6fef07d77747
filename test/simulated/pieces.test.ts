import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AddressBook } from '../../src/simulated/address-book.js';
import { pushNumber } from '../../src/simulated/build-coinbase.js';
import { fillerTransactions } from '../../src/simulated/filler.js';
import { MidBlockWatch } from '../../src/simulated/mid-block.js';
import { workOf } from '../../src/simulated/proof-of-work.js';
import { between, SeededRandom } from '../../src/simulated/seeded-random.js';
import { guessTransport } from '../../src/simulated/transport-guess.js';
import { encodeFrame, frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';

const { magic } = NETWORKS.regtest;

describe('seeded random', () => {
  it('repeats itself, and differs from seed to seed', () => {
    const draw = (seed: number) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 5 }, () => random.u64());
    };
    assert.deepEqual(draw(3), draw(3));
    assert.notDeepEqual(draw(3), draw(4));
    // The generator's published first value for the seed 0.
    assert.equal(draw(0)[0], 0xe220_a839_7b1d_cdafn);
  });

  it('stays within its bounds and reaches them', () => {
    const random = new SeededRandom(1);
    const drawn = new Set(Array.from({ length: 500 }, () => between(random, 2, 6)));
    assert.deepEqual([...drawn].toSorted(), [2, 3, 4, 5, 6]);
  });
});

describe('mid-block watch', () => {
  const other = encodeFrame(magic, { command: 'ping', nonce: 1n });

  it('sees half of a block go by, whole or in compact form, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 700 }),
        fc.constantFrom('block', 'cmpctblock', 'blocktxn'),
        (step, command) => {
          const block = frameOf(magic, command, Buffer.alloc(1_000));
          const watch = new MidBlockWatch();
          const stream = Buffer.concat([other, block, other]);
          let seen = 0;
          while (seen < stream.length) {
            const done = watch.push(stream.subarray(seen, seen + step));
            seen = Math.min(seen + step, stream.length);
            const half = other.length + 24 + 500;
            assert.equal(done, seen >= half);
            if (done) return;
          }
        },
      ),
    );
  });

  it('lets everything else pass', () => {
    const watch = new MidBlockWatch();
    const stream = Buffer.concat([
      other,
      frameOf(magic, 'getblocktxn', Buffer.alloc(900)),
      frameOf(magic, 'verack', Buffer.alloc(0)),
    ]);
    assert.equal(watch.push(stream), false);
  });
});

describe('transport guess', () => {
  const version = frameOf(magic, 'version', Buffer.alloc(10));

  it('waits as long as it may be plain', () => {
    for (let length = 0; length < 16; length += 1) {
      assert.equal(guessTransport(magic, version.subarray(0, length)), 'undecided');
    }
    assert.equal(guessTransport(magic, version), 'plain');
  });

  it('distinguishes another network from an encrypted connection', () => {
    const theirs = frameOf(NETWORKS.mainnet.magic, 'version', Buffer.alloc(10));
    assert.equal(guessTransport(magic, theirs.subarray(0, 4)), 'encrypted');
    assert.equal(guessTransport(magic, theirs), 'other-network');
    assert.equal(guessTransport(magic, frameOf(magic, 'verack', Buffer.alloc(0))), 'encrypted');
  });
});

describe('address book', () => {
  it('shares 23 % of what it knows, the same every time', () => {
    const book = new AddressBook(new SeededRandom(5));
    const listing = { time: 1, services: 1n, network: 'ipv4' as const, port: 9_999 };
    book.add(Array.from({ length: 100 }, (_, n) => ({ ...listing, host: `1.1.1.${n}` })));
    const reported = book.forGetaddr();
    assert.equal(reported.length, 23);
    assert.equal(new Set(reported.map(({ host }) => host)).size, 23);
    book.add([{ ...listing, host: '2.2.2.2' }]);
    assert.equal(book.size, 101);
    assert.equal(book.forGetaddr(), reported);
  });
});

describe('coins and work', () => {
  it('pushes numbers as scripts do', () => {
    const hex = (value: number) => pushNumber(value).toString('hex');
    assert.deepEqual([1, 16, 17, 127, 128, 255, 256, 32_767, 32_768].map(hex), [
      '51',
      '60',
      '0111',
      '017f',
      '028000',
      '02ff00',
      '020001',
      '02ff7f',
      '03008000',
    ]);
  });

  it("weighs headers as Core's getblockheader does", () => {
    assert.equal(workOf(0x207fffff), 2n);
    assert.equal(workOf(0x1e0ffff0), 0x100010n);
  });

  it('fills to the byte', () => {
    const funding = { txid: '11'.repeat(32), index: 0, value: 5n };
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 50_000 }), fc.integer({ min: 100, max: 5_000 }), (bytes, each) => {
        const transactions = fillerTransactions(bytes, each, funding);
        assert.equal(Buffer.concat(transactions).length, bytes);
      }),
    );
    assert.deepEqual(fillerTransactions(50, 100, funding), []);
  });
});
