import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PING_INTERVAL_MS, PONG_TIMEOUT_MS } from '../../src/session/limits.js';
import { block, closedWith, events, Hand, sent } from './support.js';

describe('keep-alive', () => {
  it('pings a minute after the handshake and a minute after each pong', () => {
    const hand = Hand.ready();
    assert.deepEqual(hand.after(PING_INTERVAL_MS - 1).tick(), []);
    assert.deepEqual(sent(hand.after(1).tick()), [{ command: 'ping', nonce: 3n }]);
    assert.deepEqual(hand.after(1_000).tick(), [], 'one ping at a time');
    assert.deepEqual(events(hand.after(234.5).hears({ command: 'pong', nonce: 3n })), [
      { type: 'round-trip', ms: 1_234.5 },
    ]);
    assert.deepEqual(hand.after(PING_INTERVAL_MS - 1).tick(), []);
    assert.deepEqual(sent(hand.after(1).tick()), [{ command: 'ping', nonce: 4n }]);
  });

  it('pings right after the handshake where round trips are shared', () => {
    const hand = Hand.ready([], { measuresAtOnce: true });
    assert.deepEqual(sent(hand.after(1).tick()), [{ command: 'ping', nonce: 3n }]);
  });

  it('ends a session whose pong does not come in time', () => {
    const hand = Hand.ready().after(PING_INTERVAL_MS);
    hand.tick();
    assert.deepEqual(hand.after(PONG_TIMEOUT_MS - 1).tick(), []);
    assert.equal(closedWith(hand.after(1).tick()), 'no-pong');
  });

  it('takes no other pong for its own', () => {
    const hand = Hand.ready().after(PING_INTERVAL_MS);
    assert.deepEqual(hand.hears({ command: 'pong', nonce: 3n }), [], 'before the ping');
    hand.tick();
    assert.deepEqual(hand.hears({ command: 'pong', nonce: 99n }), []);
    hand.push(block(1));
    // The push's own, which was drawn before the keep-alive's.
    hand.hears({ command: 'pong', nonce: 2n });
    assert.equal(closedWith(hand.after(PONG_TIMEOUT_MS).tick()), 'no-pong');
  });

  it('answers pings with their own nonce', () => {
    assert.deepEqual(sent(Hand.ready().hears({ command: 'ping', nonce: 0xdeadn })), [
      { command: 'pong', nonce: 0xdeadn },
    ]);
  });
});
