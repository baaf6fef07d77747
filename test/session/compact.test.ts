import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formFor } from '../../src/session/form.js';
import { SERVE_AGAIN_RATE } from '../../src/session/limits.js';
import { questionOf } from '../../src/session/push.js';
import type { Output, PushBlock } from '../../src/session/types.js';
import { encodeFrame } from '../../src/wire/frame.js';
import { INV } from '../../src/wire/inventory.js';
import { NETWORKS } from '../../src/wire/network.js';
import { hashToWire } from '../../src/wire/reader.js';
import { block, compactBlock, events, Hand, hashOf, sent, theirVersion } from './support.js';

const { magic } = NETWORKS.regtest;
const one = compactBlock(1, 5);
const pong = (nonce: bigint) => ({ command: 'pong', nonce }) as const;
const knows = { command: 'sendcmpct', highBandwidth: false, version: 1n } as const;
const chooses = { ...knows, highBandwidth: true };
const ping = (nonce: bigint): Output => ({ type: 'write', bytes: encodeFrame(magic, { command: 'ping', nonce }) });
const question = (asked: PushBlock): Output => ({ type: 'write', bytes: questionOf(magic, asked) });
const asks = (...indexes: number[]) => ({ command: 'getblocktxn', hash: one.hash, indexes }) as const;

/** A session with a peer that knows compact blocks. */
function speaking(protocolVersion = theirVersion.version): Hand {
  const hand = new Hand();
  hand.input({ type: 'connected' });
  hand.hears({ ...theirVersion, version: protocolVersion });
  hand.hears({ command: 'verack' });
  hand.hears(knows);
  return hand;
}

/** The form in which a session records a push. */
function formOf(hand: Hand, pushed: PushBlock): string | undefined {
  hand.push(pushed);
  return hand.state.pushes.find(({ hash }) => hash === pushed.hash)?.form;
}

/** What a step reports of a block that the peer has accepted. */
function accepted(outputs: readonly Output[]): unknown {
  return events(outputs).flatMap((event) =>
    event.type === 'proof' && event.stage === 'accepted' ? [event.way] : [],
  )[0];
}

describe('a block with a compact form', () => {
  it('is sent compact to a peer that knows the format, and proven as any other', () => {
    const hand = speaking();
    assert.equal(formOf(hand, one), 'compact');
    hand.written(one);
    hand.hears({ command: 'headers', headers: [one.header] });
    assert.deepEqual(accepted(hand.hears(pong(2n))), { form: 'compact', bytes: 9, roundTrips: 0 });
  });

  it('is sent whole to a peer that did not say that it knows the format, or knows another version of it', () => {
    assert.equal(formOf(Hand.ready(), one), 'full');
    const hand = Hand.ready();
    hand.hears({ ...knows, version: 2n });
    assert.equal(formOf(hand, one), 'full');
  });

  it('is sent whole behind a block for which the peer has not answered', () => {
    const hand = speaking();
    assert.deepEqual([formOf(hand, one), formOf(hand, compactBlock(2, 3))], ['compact', 'full']);
    hand.hears({ command: 'headers', headers: [one.header] });
    hand.hears(pong(2n));
    hand.hears({ command: 'headers', headers: [compactBlock(2, 3).header] });
    hand.hears(pong(3n));
    assert.equal(formOf(hand, compactBlock(3, 3)), 'compact');
  });

  it('is served as the peer asks for it by getdata', () => {
    const served = (type: number): unknown => {
      const hand = speaking();
      hand.remember(one);
      const outputs = hand.hears({ command: 'getdata', items: [{ type, hash: one.hash }] });
      return outputs.flatMap((output) => (output.type === 'block' ? [output.form] : []));
    };
    assert.deepEqual(served(INV.block), ['full']);
    assert.deepEqual(served(INV.compactBlock), ['compact']);
  });

  it('without one is sent whole to everybody', () => {
    assert.equal(formOf(speaking(), block(1)), 'full');
  });
});

describe('a peer that lacks transactions of a compact block', () => {
  it('gets those that it asks for, and is asked again behind them: its first answer came too early', () => {
    const hand = speaking();
    hand.push(one);
    assert.deepEqual(hand.hears(asks(1, 4)), [
      {
        type: 'send',
        message: { command: 'blocktxn', hash: one.hash, count: 2, transactions: Buffer.from('tx 1;tx 4;') },
      },
      question(one),
      ping(3n),
    ]);
    assert.deepEqual(events(hand.hears({ command: 'headers', headers: [] })), []);
    assert.deepEqual(events(hand.hears(pong(2n))), []);
    hand.hears({ command: 'headers', headers: [one.header] });
    assert.deepEqual(accepted(hand.hears(pong(3n))), { form: 'compact', bytes: 9 + 10, roundTrips: 1 });
  });

  it('gets them once while it is being sent the block, and the whole block after that', () => {
    const hand = speaking();
    hand.push(one);
    assert.deepEqual([sent(hand.hears(asks(1))).length, sent(hand.hears(asks(1))).length], [1, 0]);
    hand.hears({ command: 'headers', headers: [] });
    const outputs = hand.hears(pong(3n));
    assert.ok(outputs.some((output) => output.type === 'block' && output.form === 'full'));
  });

  it('gets them within a limit once it has the block, as blocks are served again', () => {
    const large = { ...one, compact: { frame: Buffer.alloc(1), count: 2, transaction: () => Buffer.alloc(1_000_000) } };
    const hand = speaking();
    hand.push(large);
    hand.hears({ command: 'headers', headers: [large.header] });
    hand.hears(pong(2n));
    const asked = { command: 'getblocktxn', hash: large.hash, indexes: [0, 1] } as const;
    const answers = Array.from({ length: 10 }, () => sent(hand.hears(asked)).length);
    const limited = Math.floor(SERVE_AGAIN_RATE.burst / 2_000_000);
    assert.deepEqual(answers, [...Array(limited).fill(1), ...Array(10 - limited).fill(0)]);
  });

  it('that asks for a transaction which the block does not have is answered nothing, and counted', () => {
    const hand = speaking();
    hand.push(one);
    assert.deepEqual(events(hand.hears(asks(5))), [{ type: 'malformed', detail: 'getblocktxn.indexes' }]);
    assert.deepEqual(sent(hand.hears(asks())), []);
    assert.equal(hand.state.malformed, 2);
  });

  it('that asks for those of a block which we do not have is answered nothing', () => {
    assert.deepEqual(speaking().hears({ command: 'getblocktxn', hash: hashOf(9), indexes: [0] }), []);
  });
});

describe('a peer that takes no notice of a compact block', () => {
  const ignored = (hand: Hand, pushed: PushBlock, nonce: bigint): Output[] => {
    hand.push(pushed);
    hand.hears({ command: 'headers', headers: [] });
    return hand.hears(pong(nonce));
  };

  it('is sent it whole as soon as it has answered, and no failure is reported', () => {
    const hand = speaking();
    const outputs = ignored(hand, one, 2n);
    assert.deepEqual(
      outputs.filter(({ type }) => type === 'block'),
      [{ type: 'block', block: one, form: 'full' }],
    );
    assert.deepEqual(
      events(outputs).filter(({ type }) => type === 'proof'),
      [],
    );
    hand.written(one);
    hand.hears({ command: 'headers', headers: [one.header] });
    assert.deepEqual(accepted(hand.hears(pong(3n))), { form: 'full', bytes: 9 + one.frame.length, roundTrips: 1 });
  });

  it('twice in a row gets whole blocks from then on, until it chooses us', () => {
    const hand = speaking();
    let nonce = 2n;
    for (const number of [1, 2]) {
      const pushed = compactBlock(number, 3);
      ignored(hand, pushed, nonce);
      hand.written(pushed);
      hand.hears({ command: 'headers', headers: [pushed.header] });
      hand.hears(pong(nonce + 1n));
      nonce += 2n;
    }
    assert.equal(formFor(hand.state, compactBlock(3, 3)), 'full');
    hand.hears(chooses);
    assert.equal(formFor(hand.state, compactBlock(3, 3)), 'compact');
  });
});

describe('a hedge: the whole block behind the compact one at once', () => {
  const parts = (outputs: readonly Output[]) =>
    outputs.map((output) => (output.type === 'block' ? output.form : output.type));
  const NEWER = 70_242;

  /** Sends a block and answers both pings. @returns how the peer got it */
  function proven(hand: Hand, pushed: PushBlock, by: 'compact' | 'full'): unknown {
    hand.push(pushed);
    hand.written(pushed);
    const [push] = hand.state.pushes;
    const nonces = [push?.nonce, push?.hedge].filter((nonce) => nonce !== undefined);
    if (by === 'full') {
      hand.hears({ command: 'headers', headers: [] });
      hand.hears(pong(nonces.shift() ?? 0n));
    }
    hand.hears({ command: 'headers', headers: [pushed.header] });
    return accepted(hand.hears(pong(nonces.shift() ?? 0n)));
  }

  it('goes to a peer of a later protocol, which may drop what it did not ask for', () => {
    assert.deepEqual(parts(speaking(NEWER).push(one)), ['write', 'write', 'full', 'write', 'write']);
    assert.deepEqual(parts(speaking().push(one)), ['write', 'write'], 'and to none of a protocol of which it is known');
  });

  it('gives the block to a peer that dropped the compact one, without a round trip', () => {
    const hand = speaking(NEWER);
    assert.deepEqual(proven(hand, one, 'full'), { form: 'full', bytes: 9 + one.frame.length, roundTrips: 0 });
    assert.deepEqual(hand.state.pushes, []);
    assert.deepEqual(hand.state.compact, { known: true, chosen: false, taken: false, wasted: 1 });
  });

  it('is not made again to a peer that took the compact block, or has chosen us', () => {
    const hand = speaking(NEWER);
    assert.deepEqual(proven(hand, one, 'compact'), { form: 'compact', bytes: 9 + one.frame.length, roundTrips: 0 });
    assert.deepEqual(parts(hand.push(compactBlock(2, 3))), ['write', 'write']);
    const other = speaking(NEWER);
    other.hears(chooses);
    assert.deepEqual(parts(other.push(one)), ['write', 'write']);
  });

  it('goes to any peer that took no notice of its last compact block', () => {
    const hand = speaking();
    hand.push(one);
    hand.hears({ command: 'headers', headers: [] });
    hand.hears(pong(2n));
    hand.hears({ command: 'headers', headers: [one.header] });
    hand.hears(pong(3n));
    assert.equal(parts(hand.push(compactBlock(2, 3))).filter((part) => part === 'full').length, 1);
  });

  it('is not made of a large block, which many peers would wait for', () => {
    const large = { ...one, frame: Buffer.alloc(100_001) };
    assert.deepEqual(parts(speaking(NEWER).push(large)), ['write', 'write']);
  });

  it('answers for transactions that the peer asks for: they would come behind the block', () => {
    const hand = speaking(NEWER);
    hand.push(one);
    assert.deepEqual(hand.hears(asks(1)), []);
    hand.hears({ command: 'headers', headers: [] });
    hand.hears(pong(2n));
    assert.deepEqual(hand.state.compact.taken, true, 'it does process compact blocks');
    hand.hears({ command: 'headers', headers: [one.header] });
    assert.deepEqual(accepted(hand.hears(pong(3n))), { form: 'full', bytes: 9 + one.frame.length, roundTrips: 0 });
  });
});

describe('a peer that has another block at the height', () => {
  it('is sent the whole one, since it drops compact ones, and that is not held against it', () => {
    const hand = speaking();
    hand.push(one);
    const rival = Buffer.alloc(80, 5);
    hashToWire(one.previous).copy(rival, 4);
    hand.hears({ command: 'headers', headers: [rival] });
    assert.deepEqual(
      hand.hears(pong(2n)).flatMap((output) => (output.type === 'block' ? [output.form] : [])),
      ['full'],
    );
    assert.equal(hand.state.compact.wasted, 0);
  });
});

describe('a peer that lacks the parent of a compact block', () => {
  const elsewhere = { command: 'headers', headers: [block(70).header, block(71).header] } as const;

  it('is not sent the whole one, which would cost 10 points: it is sent the block again when it has the parent', () => {
    const hand = speaking();
    hand.push(one);
    hand.hears(elsewhere);
    assert.deepEqual(
      hand.hears(pong(2n)).filter(({ type }) => type !== 'event'),
      [],
    );
    assert.deepEqual([hand.state.pushes[0]?.stage, hand.state.compact.wasted], ['acknowledged', 0]);
    hand.hears({ command: 'inv', items: [{ type: INV.block, hash: one.previous }] });
    assert.equal(formOf(hand, one), 'compact');
  });

  it('is reported as such', () => {
    const hand = speaking();
    hand.push(one);
    hand.hears(elsewhere);
    assert.deepEqual(events(hand.hears(pong(2n)))[0], {
      type: 'proof',
      hash: one.hash,
      stage: 'failed',
      reason: 'not-in-chain',
    });
  });
});

describe('a peer that asks for most of each block', () => {
  it('gets whole blocks after two of them, until it chooses us', () => {
    const hand = speaking();
    for (const number of [1, 2]) {
      const pushed = { ...compactBlock(number, 3), frame: Buffer.alloc(20) };
      hand.push(pushed);
      hand.hears({ command: 'getblocktxn', hash: pushed.hash, indexes: [0, 1, 2] });
      hand.hears({ command: 'headers', headers: [pushed.header] });
      hand.hears(pong(hand.state.pushes[0]?.nonce ?? 0n));
    }
    assert.equal(formFor(hand.state, compactBlock(3, 3)), 'full');
    hand.hears(chooses);
    assert.equal(formFor(hand.state, compactBlock(3, 3)), 'compact');
  });
});

describe('a peer that chooses us for high bandwidth', () => {
  it('is reported once for each change, whatever it repeats', () => {
    const hand = speaking();
    const use = { known: true, chosen: true, taken: false, wasted: 0 };
    assert.deepEqual(events(hand.hears(chooses)), [{ type: 'compact-blocks', compact: use }]);
    assert.deepEqual(hand.hears(chooses), []);
    assert.deepEqual(events(hand.hears(knows)), [{ type: 'compact-blocks', compact: { ...use, chosen: false } }]);
  });

  it('was told before that we know compact blocks', () => {
    const hand = new Hand();
    hand.input({ type: 'connected' });
    hand.hears(theirVersion);
    assert.ok(sent(hand.hears({ command: 'verack' })).some((message) => message.command === 'sendcmpct'));
  });
});
