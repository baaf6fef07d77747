import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { userAgentFor } from '../../src/session/handshake.js';
import { HANDSHAKE_TIMEOUT_MS, PING_INTERVAL_MS } from '../../src/session/limits.js';
import type { Message } from '../../src/wire/registry.js';
import { closedWith, Hand, HEIGHT, START, theirVersion, USER_AGENT } from './support.js';

describe('the handshake', () => {
  it('speaks first, with every field that Dash has in a version', () => {
    const nowhere = { services: 0n, host: '0.0.0.0', port: 0 };
    assert.deepEqual(new Hand().after(999).input({ type: 'connected' }), [
      {
        type: 'send',
        message: {
          command: 'version',
          version: 70240,
          services: 0n,
          time: BigInt(START / 1000),
          // No node's address: the connection's mark, which dashd shows to its owner.
          receiver: { services: 0n, host: 'fdb1:cca5:7000:1:0000:0000:0000:0001', port: 1 },
          sender: nowhere,
          nonce: 1n,
          userAgent: USER_AGENT,
          height: HEIGHT,
          relay: false,
          // Not zero, or a masternode would not say which one it is.
          mnauthChallenge: Buffer.from(`0100000000000000${'01'.repeat(24)}`, 'hex'),
          masternode: false,
        },
      },
    ]);
  });

  it('answers a version with sendaddrv2, then verack, and is ready at the verack', () => {
    const hand = new Hand();
    hand.input({ type: 'connected' });
    assert.deepEqual(hand.hears(theirVersion), [
      { type: 'send', message: { command: 'sendaddrv2' } },
      { type: 'send', message: { command: 'verack' } },
    ]);
    assert.deepEqual(hand.hears({ command: 'sendaddrv2' }), []);
    const remote = {
      nonce: 1n,
      protocolVersion: 70240,
      services: 3077n,
      userAgent: '/Dash Core:23.1.2/',
      height: 1_234,
    };
    assert.deepEqual(hand.after(20).hears({ command: 'verack' }), [
      { type: 'event', event: { type: 'ready', remote } },
      { type: 'send', message: { command: 'sendcmpct', highBandwidth: false, version: 1n } },
      { type: 'send', message: { command: 'getaddr' } },
    ]);
    assert.deepEqual(hand.state.phase, { name: 'ready', since: START + 20, remote });
    assert.deepEqual(hand.state.ping, { due: START + 20 + PING_INTERVAL_MS });
  });

  it('lets a second verack pass', () => {
    const hand = Hand.ready();
    const { budget: _spent, ...before } = hand.state;
    assert.deepEqual(hand.hears({ command: 'verack' }), []);
    const { budget: _more, ...after } = hand.state;
    assert.deepEqual(after, before);
  });

  it('hears nothing but the handshake before it is done', () => {
    const hand = new Hand();
    const early = [
      { command: 'ping', nonce: 5n },
      { command: 'inv', items: [{ type: 2, hash: 'ab'.repeat(32) }] },
      { command: 'getdata', items: [{ type: 2, hash: 'ab'.repeat(32) }] },
      { command: 'getheaders', version: 1, locator: [], stop: 'ab'.repeat(32) },
      { command: 'addr', addresses: [] },
    ] as const;
    hand.input({ type: 'connected' });
    for (const message of early) assert.deepEqual(hand.hears(message), [], `${message.command} before version`);
    hand.hears(theirVersion);
    for (const message of early) assert.deepEqual(hand.hears(message), [], `${message.command} before verack`);
    assert.equal(hand.state.knows.size, 0);
  });

  it('takes the oldest version that Dash Core takes, and none below', () => {
    const outcome = (version: number) => {
      const hand = new Hand();
      hand.input({ type: 'connected' });
      return closedWith(hand.hears({ ...theirVersion, version }));
    };
    assert.equal(outcome(70221), undefined);
    assert.equal(outcome(70220), 'obsolete-version');
  });

  it('waits no longer than its timeout, counted from the connection, in either of its phases', () => {
    for (const hear of [[], [theirVersion]]) {
      const hand = new Hand();
      assert.deepEqual(hand.after(60_000).tick(), [], 'the dial has a timeout of its own');
      hand.input({ type: 'connected' });
      hand.after(HANDSHAKE_TIMEOUT_MS / 2);
      for (const message of hear) hand.hears(message);
      assert.deepEqual(hand.after(HANDSHAKE_TIMEOUT_MS / 2 - 1).tick(), []);
      assert.equal(closedWith(hand.after(1).tick()), 'handshake-timeout');
    }
  });

  it('is not cut short by a clock that runs backwards', () => {
    const hand = new Hand();
    hand.input({ type: 'connected' });
    assert.deepEqual(hand.after(-3_600_000).tick(), []);
    hand.hears(theirVersion);
    hand.hears({ command: 'verack' });
    assert.equal(hand.state.phase.name, 'ready');
  });
});

describe('a masternode', () => {
  const mnauth = (masternode: string) =>
    ({ command: 'mnauth', masternode, signature: Buffer.alloc(96) }) as const satisfies Message;

  it('says which one it is, once', () => {
    const hand = Hand.ready();
    assert.deepEqual(hand.hears(mnauth('ab'.repeat(32))), [
      { type: 'event', event: { type: 'masternode', masternode: 'ab'.repeat(32) } },
    ]);
    assert.deepEqual(hand.hears(mnauth('cd'.repeat(32))), [], 'a peer is one masternode');
    assert.deepEqual(hand.hears(mnauth('ab'.repeat(32))), []);
  });

  it('is not the one without a number', () => {
    assert.deepEqual(Hand.ready().hears(mnauth('00'.repeat(32))), []);
  });

  it('is not heard before the handshake is done', () => {
    const hand = new Hand();
    hand.input({ type: 'connected' });
    hand.hears(theirVersion);
    assert.deepEqual(hand.hears(mnauth('ab'.repeat(32))), []);
  });
});

describe('our user agent', () => {
  it("names the devnet, in dashd's form, and no other network", () => {
    assert.equal(userAgentFor('/blockcast:0.1.0/', undefined), '/blockcast:0.1.0/');
    assert.equal(userAgentFor('/blockcast:0.1.0/', 'devnet-foo'), '/blockcast:0.1.0(devnet.devnet-foo)/');
    assert.equal(userAgentFor('/blockcast:0.1.0/', 'devnet'), '/blockcast:0.1.0(devnet.devnet)/');
  });
});
