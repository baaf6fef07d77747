import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import {
  ACKNOWLEDGE_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  MAX_ANNOUNCED_BLOCKS,
  MAX_MALFORMED,
  PING_INTERVAL_MS,
  PONG_TIMEOUT_MS,
  RATES,
} from '../../src/session/limits.js';
import type { Output, SessionFaultCode } from '../../src/session/types.js';
import type { WireFault } from '../../src/wire/decoder.js';
import type { Message } from '../../src/wire/registry.js';
import { block, closedWith, events, Hand, theirVersion } from './support.js';

const ping = { command: 'ping', nonce: 5n } as const;

function fault(hand: Hand, code: WireFault['code']): Output[] {
  return hand.inbound({ kind: 'fault', fault: { code, detail: `a ${code}`, fatal: false } });
}

function connected(): Hand {
  const hand = new Hand();
  hand.input({ type: 'connected' });
  return hand;
}

const MAX_ADDRESSES = 1_000;

function addressesOf(count: number): Message {
  const one = { time: 1, services: 1n, network: 'ipv4', host: '192.0.2.1', port: 9_999 } as const;
  return { command: 'addr', addresses: Array.from({ length: count }, () => one) };
}

function repeatedly(times: number, act: () => Output[]): Output[] {
  let outputs: Output[] = [];
  for (let i = 0; i < times; i += 1) outputs = act();
  return outputs;
}

/** What the socket's owner reports to a session, and what only adapters and pools know of: a session does not come to these itself. */
type Outside =
  | 'unreachable'
  | 'dial-timeout'
  | 'closed-by-peer'
  | 'connection-error'
  | 'backlog'
  | 'rotated-out'
  | `proxy-${string}`
  | `tor-${string}`
  | 'shutdown';

/** Every fault that a session finds by itself, provoked; a code without a line here does not compile. */
const PROVOKED: Readonly<Record<Exclude<SessionFaultCode, Outside>, () => Output[]>> = {
  'handshake-timeout': () => connected().after(HANDSHAKE_TIMEOUT_MS).tick(),
  'obsolete-version': () => connected().hears({ ...theirVersion, version: 209 }),
  'self-connection': () => connected().hears({ ...theirVersion, nonce: 1n }),
  'out-of-order': () => connected().hears({ command: 'verack' }),
  'wrong-magic': () => fault(connected(), 'wrong-magic'),
  'bad-command': () => fault(Hand.ready(), 'bad-command'),
  oversized: () => fault(Hand.ready(), 'oversized'),
  'bad-checksum': () => fault(Hand.ready(), 'bad-checksum'),
  malformed: () => fault(connected(), 'malformed'),
  'no-pong': () => {
    const hand = Hand.ready().after(PING_INTERVAL_MS);
    hand.tick();
    return hand.after(PONG_TIMEOUT_MS).tick();
  },
  'block-not-acknowledged': () => {
    const hand = Hand.ready();
    hand.push(block(1));
    return hand.after(ACKNOWLEDGE_TIMEOUT_MS).tick();
  },
  'message-flood': () => {
    const hand = Hand.ready();
    return repeatedly(RATES.messages.burst, () => hand.hears(ping));
  },
  'address-flood': () => {
    const hand = Hand.ready();
    // One message more, since we asked for one.
    return repeatedly(RATES.addresses.burst / MAX_ADDRESSES + 2, () => hand.hears(addressesOf(MAX_ADDRESSES)));
  },
  'byte-flood': () => {
    const hand = Hand.ready();
    return repeatedly(3, () => hand.header('block', 3 * 1024 * 1024));
  },
  'inv-flood': () => {
    const hand = Hand.ready();
    return repeatedly(2, () => hand.header('inv', 3 + 36 * 50_000));
  },
  'getdata-flood': () => Hand.ready().header('getdata', 3 + 36 * 1_001),
  'headers-flood': () => {
    const hand = Hand.ready();
    return repeatedly(3, () => hand.header('headers', 3 + 81 * 2_000));
  },
  'getheaders-flood': () => {
    const hand = Hand.ready();
    return repeatedly(11, () => hand.header('getheaders', 37 + 32 * 101));
  },
  'getblocktxn-flood': () => {
    const hand = Hand.ready();
    return repeatedly(RATES.getblocktxn.burst + 1, () =>
      hand.hears({ command: 'getblocktxn', hash: block(1).hash, indexes: [0] }),
    );
  },
  'sendcmpct-flood': () => {
    const hand = Hand.ready();
    let highBandwidth = false;
    return repeatedly(RATES.sendcmpct.burst + 1, () => {
      highBandwidth = !highBandwidth;
      return hand.hears({ command: 'sendcmpct', highBandwidth, version: 1n });
    });
  },
};

describe('every fault of a session', () => {
  for (const [code, provoke] of Object.entries(PROVOKED)) {
    it(`${code} closes it, with words for people`, () => {
      const outputs = provoke();
      const closes = outputs.flatMap((output) => (output.type === 'close' ? [output.fault] : []));
      assert.deepEqual(
        closes.map((one) => one.code),
        [code],
      );
      assert.match(closes[0]?.detail ?? '', /\w/);
      assert.equal(outputs.at(-1)?.type, 'close');
    });
  }

  it('is passed on when it comes from outside', () => {
    const outputs = Hand.ready().input({ type: 'closed', fault: { code: 'closed-by-peer', detail: 'bye' } });
    assert.deepEqual(outputs, [{ type: 'close', fault: { code: 'closed-by-peer', detail: 'bye' } }]);
  });
});

describe('out-of-order', () => {
  it('is a second version, before and after the handshake', () => {
    const hand = connected();
    hand.hears(theirVersion);
    assert.equal(closedWith(hand.hears(theirVersion)), 'out-of-order');
    assert.equal(closedWith(Hand.ready().hears(theirVersion)), 'out-of-order');
  });
});

describe('what a session cannot read', () => {
  it('is reported and tolerated, up to a bound', () => {
    const hand = Hand.ready();
    for (let i = 0; i < MAX_MALFORMED; i += 1) {
      assert.deepEqual(events(fault(hand, 'malformed')), [{ type: 'malformed', detail: 'a malformed' }]);
    }
    assert.equal(closedWith(fault(hand, 'malformed')), 'malformed');
  });

  it('is reported when it is a command of tomorrow', () => {
    assert.deepEqual(events(Hand.ready().inbound({ kind: 'unknown', command: 'qsigshare', size: 99 })), [
      { type: 'unknown-command', command: 'qsigshare' },
    ]);
  });
});

describe('the budget of a peer', () => {
  it('lets a burst through and refills with time, never beyond a burst', () => {
    const hand = Hand.ready();
    repeatedly(RATES.messages.burst - 1, () => hand.hears(ping));
    repeatedly(RATES.messages.perSecond, () => hand.after(1_000 / RATES.messages.perSecond).hears(ping));
    assert.equal(hand.state.phase.name, 'ready');
    hand.after(3_600_000);
    repeatedly(RATES.messages.burst, () => hand.hears(ping));
    assert.equal(hand.state.phase.name, 'ready');
    assert.equal(closedWith(hand.hears(ping)), 'message-flood');
  });

  it('counts what cannot be read as well', () => {
    const hand = Hand.ready();
    assert.equal(closedWith(repeatedly(RATES.messages.burst, () => hand.header('noise', 0))), 'message-flood');
  });

  it('is charged from the declared length, before a byte of a payload has come', () => {
    const hand = Hand.ready();
    assert.deepEqual(hand.header('inv', 3 + 36 * 50_000), []);
    assert.equal(closedWith(hand.header('inv', 3 + 36)), 'inv-flood');
  });

  it('lets through what a node may have to announce, and refills with time', () => {
    const hand = Hand.ready();
    repeatedly(RATES.addresses.burst / MAX_ADDRESSES + 1, () => hand.hears(addressesOf(MAX_ADDRESSES)));
    hand.after(1_000);
    assert.equal(events(hand.hears(addressesOf(RATES.addresses.perSecond))).length, 1);
    assert.equal(closedWith(hand.hears(addressesOf(1))), 'address-flood');
  });

  it('gives nothing away for a clock that runs backwards', () => {
    const hand = Hand.ready();
    repeatedly(RATES.messages.burst - 1, () => hand.hears(ping));
    assert.equal(closedWith(hand.after(-60_000).hears(ping)), 'message-flood');
  });

  it('does not count answers to what we sent: 1,000 blocks in no time, each with all that it may bring about', () => {
    const hand = Hand.ready();
    const blocks = Array.from({ length: 1_000 }, (_, i) => block(i + 1));
    for (const one of blocks) hand.push(one);
    for (const one of blocks) {
      hand.written(one);
      hand.hears({ command: 'inv', items: [{ type: 2, hash: one.hash }] });
      hand.hears({ command: 'headers', headers: [one.header] });
      for (const { nonce, stage } of hand.state.pushes)
        if (stage !== 'acknowledged') hand.hears({ command: 'pong', nonce });
      hand.hears({ command: 'getheaders', version: 1, locator: Array(101).fill(one.hash), stop: one.hash });
      hand.hears({ command: 'getdata', items: [{ type: 2, hash: one.hash }] });
    }
    const { phase } = hand.state;
    assert.equal(phase.name, 'ready', inspect(phase));
  });

  it('has a bound for what was granted and not used', () => {
    const hand = Hand.ready();
    for (let number = 1; number <= 500; number += 1) {
      hand.push(block(number));
      hand.hears({ command: 'pong', nonce: hand.state.pushes.at(-1)?.nonce ?? 0n });
    }
    assert.ok(hand.state.budget.headers.left <= 128 * RATES.headers.burst);
    const outputs = repeatedly(128 * 2 + 1, () => hand.header('headers', 3 + 81 * 2_000));
    assert.equal(closedWith(outputs), 'headers-flood');
  });

  it('hears of a few blocks in a message, the newest: each costs whoever listens', () => {
    const items = Array.from({ length: 900 }, (_, i) => ({ type: 2, hash: block(i + 1).hash }));
    const reported = events(Hand.ready().hears({ command: 'inv', items }));
    assert.equal(reported.length, MAX_ANNOUNCED_BLOCKS);
    assert.deepEqual(reported.at(-1), { type: 'announced', hash: block(900).hash });
  });
});

describe('a closed session', () => {
  it('does nothing more, whatever comes', () => {
    const hand = Hand.ready();
    hand.input({ type: 'closed', fault: { code: 'connection-error', detail: 'ECONNRESET' } });
    const { state } = hand;
    hand.after(3_600_000);
    assert.deepEqual(hand.input({ type: 'connected' }), []);
    assert.deepEqual(hand.hears(ping), []);
    assert.deepEqual(fault(hand, 'bad-checksum'), []);
    assert.deepEqual(hand.push(block(1)), []);
    assert.deepEqual(hand.written(block(1)), []);
    assert.deepEqual(hand.tick(), []);
    assert.deepEqual(hand.input({ type: 'closed', fault: { code: 'rotated-out', detail: '' } }), []);
    assert.equal(hand.state, state);
  });

  it('has failed what was still on its way, with the reason, and nothing that was acknowledged', () => {
    const hand = Hand.ready();
    const [first, second, third] = [block(1), block(2), block(3)];
    for (const one of [first, second, third]) hand.push(one);
    hand.written(first);
    hand.written(second);
    hand.hears({ command: 'pong', nonce: 2n });
    assert.deepEqual(hand.input({ type: 'closed', fault: { code: 'connection-error', detail: 'EPIPE' } }), [
      { type: 'event', event: { type: 'proof', hash: second.hash, stage: 'failed', reason: 'connection-error' } },
      { type: 'event', event: { type: 'proof', hash: third.hash, stage: 'failed', reason: 'connection-error' } },
      { type: 'close', fault: { code: 'connection-error', detail: 'EPIPE' } },
    ]);
  });
});
