/** Losses, cut paths, stopped and slow hosts, against arithmetic to the microsecond. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HOST, ONE_WAY, THERE, testNet } from './support.js';

const ROUND_TRIP = 2 * ONE_WAY;
/** Linux: a round trip, and 200 ms. */
const TIMEOUT = ROUND_TRIP + 200_000;

/** Two hosts and a link, from the first to the second. */
function pair(options = {}, random = {}) {
  const net = testNet(options, random);
  const [a, b] = [net.transport.addHost(HOST), net.transport.addHost(THERE)];
  const link = net.transport.connect(a, b);
  return {
    ...net,
    a,
    b,
    link,
    send: (what: string, bytes = 1_250) => net.transport.send(link, a, bytes, net.note(what)),
  };
}

describe('a loss', () => {
  /** By how much later messages of so many segments arrive for losses, over many connections: how often for each delay. */
  const delays = (segments: number, loss: number): ReadonlyMap<number, number> => {
    const { engine, transport } = testNet({ loss });
    const a = transport.addHost(HOST);
    const counts = new Map<number, number>();
    for (let connection = 0; connection < 2_000; connection += 1) {
      const at = connection * 1_000_000;
      const link = transport.connect(a, transport.addHost(THERE));
      engine.at(at, () =>
        transport.send(link, a, segments * 1_250, () => {
          const late = engine.now - at - segments * 100 - ONE_WAY;
          counts.set(late, (counts.get(late) ?? 0) + 1);
        }),
      );
    }
    engine.run();
    return counts;
  };

  test('of one segment in ten delays a message of one segment by the timeout, once in ten', () => {
    const counts = delays(1, 0.1);
    assert.deepEqual([...counts.keys()].sort(), [0, TIMEOUT]);
    assert.ok(Math.abs((counts.get(TIMEOUT) ?? 0) / 2_000 - 0.1) < 0.02);
  });

  test('delays a message by a round trip when three segments behind the lost one arrive, and else by the timeout', () => {
    // 8 × 1,250 bytes are 7 segments: the first lost one is among the first four in 1 − 0.9⁴ = 34 %, and otherwise in the last three
    // in 0.9⁴ × (1 − 0.9³) = 18 %.
    const counts = delays(8, 0.1);
    assert.deepEqual(
      [...counts.keys()].sort((one, other) => one - other),
      [0, ROUND_TRIP, TIMEOUT],
    );
    assert.ok(Math.abs((counts.get(ROUND_TRIP) ?? 0) / 2_000 - 0.344) < 0.03, `${counts.get(ROUND_TRIP)}`);
    assert.ok(Math.abs((counts.get(TIMEOUT) ?? 0) / 2_000 - 0.178) < 0.03, `${counts.get(TIMEOUT)}`);
  });

  test('near the end of a round delays it by a round trip: the segments of the next round tell the sender', () => {
    // 15,000 bytes are 10 segments, 1,159 µs, and one of 520 bytes, 42 µs, which leaves when the first segment's acknowledgement is back.
    const counts = delays(12, 0.02);
    const secondRound = 116 + ROUND_TRIP + 42;
    const repaired = 1_159 + ROUND_TRIP;
    assert.deepEqual(
      [...counts.keys()].sort((one, other) => one - other),
      [secondRound, repaired, secondRound + TIMEOUT].map((sent) => sent - 12 * 100),
    );
  });

  test('in a message of two rounds is told by the second round, and takes 30 % of the window', () => {
    // All segments are lost: the first round by a round trip, the last by the timeout. The window of 10 becomes 7, and does not grow.
    const { engine, send, arrivals } = pair({ loss: 1 });
    send('message', 14_480 + 8 * 1_448);
    engine.run();
    const third = 2 * (116 + ROUND_TRIP);
    assert.deepEqual(arrivals, [{ what: 'message', at: third + 116 + ONE_WAY + TIMEOUT }]);
  });

  test('delays what is behind it on the same connection, and nothing else', () => {
    const { engine, transport, a, link, send, arrivals, note } = pair({ loss: 1 });
    const local = transport.connect(a, a);
    send('first', 2 * 1_250);
    transport.send(local, a, 100, note('local'));
    engine.run();
    assert.deepEqual(arrivals, [
      { what: 'local', at: 50 },
      { what: 'first', at: 200 + ONE_WAY + TIMEOUT },
    ]);
    assert.equal(link.isAlive, true);
  });
});

describe('a path that is cut', () => {
  test('delays what is sent until the first attempt after it is open: attempts double their pauses', () => {
    const { engine, transport, a, b, send, arrivals } = pair();
    const undo = transport.cut(a, b);
    send('held');
    // Attempts at 0, 280 ms, 840 ms, 1,960 ms.
    engine.at(1_000_000, undo);
    engine.run();
    assert.deepEqual(arrivals, [{ what: 'held', at: 7 * TIMEOUT + 100 + ONE_WAY }]);
  });

  test('is tried at most every 120 s', () => {
    const { engine, transport, a, b, send, arrivals } = pair();
    const undo = transport.cut(a, b);
    send('held');
    // Nine pauses are 511 × 280 ms = 143.08 s; the tenth would be 143.36 s.
    engine.at(200_000_000, undo);
    engine.run();
    assert.deepEqual(arrivals, [{ what: 'held', at: 143_080_000 + 120_000_000 + 100 + ONE_WAY }]);
  });

  test('that is cut again before the next attempt goes on with its pauses; a later cut begins with the first', () => {
    const { engine, transport, a, b, send, arrivals } = pair();
    const cutFor = (from: number, until: number): void => {
      engine.at(from, () => {
        engine.at(until, transport.cut(a, b));
      });
    };
    cutFor(0, 100_000);
    cutFor(200_000, 300_000);
    engine.at(10, () => send('first'));
    cutFor(10_000_000, 10_000_001);
    engine.at(10_000_000, () => send('second'));
    engine.run();
    assert.deepEqual(arrivals, [
      { what: 'first', at: 10 + 3 * TIMEOUT + 100 + ONE_WAY },
      { what: 'second', at: 10_000_000 + TIMEOUT + 100 + ONE_WAY },
    ]);
  });

  test('lets arrive what was under way, and keeps the order of what was sent', () => {
    const { engine, transport, a, b, send, arrivals } = pair();
    send('before');
    engine.run(1_000);
    const undo = transport.cut(b, a);
    send('during');
    engine.run(10_000);
    undo();
    send('after');
    engine.run();
    const attempt = 1_000 + TIMEOUT + 100 + ONE_WAY;
    assert.deepEqual(arrivals, [
      { what: 'before', at: 100 + ONE_WAY },
      { what: 'during', at: attempt },
      { what: 'after', at: attempt + 100 },
    ]);
  });

  test('is open only when each of its cuts was undone, and a cut is undone once', () => {
    const { engine, transport, a, b, send, arrivals } = pair();
    const first = transport.cut(a, b);
    const second = transport.cut(a, b);
    send('held');
    first();
    first();
    engine.run();
    assert.deepEqual(arrivals, []);
    second();
    engine.run();
    assert.equal(arrivals.length, 1);
  });

  test('may be that of a host to itself; the others stay open', () => {
    const { engine, transport, a, send, arrivals, note } = pair();
    const undo = transport.cut(a, a);
    transport.send(transport.connect(a, a), a, 100, note('local'));
    send('remote');
    engine.run();
    assert.deepEqual(arrivals, [{ what: 'remote', at: 100 + ONE_WAY }]);
    undo();
    engine.run();
    assert.equal(arrivals.length, 2);
  });

  test('is one of those of a partition, which leaves the paths within each side', () => {
    const { engine, transport, a, b, send, arrivals, note } = pair();
    const [c, d] = [transport.addHost(HOST), transport.addHost(THERE)];
    const undo = transport.partition([a, c], [b, d]);
    send('across');
    transport.send(transport.connect(c, d), c, 1_250, note('across'));
    transport.send(transport.connect(a, c), a, 1_250, note('within'));
    engine.run();
    assert.deepEqual(
      arrivals.map(({ what }) => what),
      ['within'],
    );
    undo();
    engine.run();
    assert.deepEqual(
      arrivals.map(({ what }) => what),
      ['within', 'across', 'across'],
    );
  });
});

describe('a host', () => {
  test('that has stopped gets and sends nothing more on its connections, also when it runs again', () => {
    const { engine, transport, a, b, link, send, arrivals, note } = pair();
    send('under way');
    engine.run(20_000);
    transport.stop(b);
    const meanwhile = transport.connect(a, b);
    engine.run(100_000);
    transport.start(b);
    send('on a dead connection');
    transport.send(link, b, 1_250, note('from a dead connection'));
    transport.send(meanwhile, a, 1_250, note('on one whose handshake nobody answered'));
    engine.run();
    assert.deepEqual(arrivals, []);
    transport.send(transport.connect(a, b), a, 1_250, note('on a new one'));
    engine.run();
    assert.deepEqual(arrivals, [{ what: 'on a new one', at: 100_000 + 100 + ONE_WAY }]);
  });

  test('that is slow has all its latencies and times multiplied, from then on', () => {
    const { engine, transport, a, b, send, arrivals } = pair();
    send('before');
    transport.setLatencyFactor(b, 3);
    transport.setRateFactor(a, 0.5);
    assert.equal(transport.roundTrip(a, b), 3 * ROUND_TRIP);
    assert.equal(transport.roundTrip(b, b), 100);
    send('after');
    engine.run();
    assert.deepEqual(arrivals, [
      { what: 'before', at: 100 + ONE_WAY },
      { what: 'after', at: 100 + 200 + 3 * ONE_WAY },
    ]);
  });

  test('that nobody added is refused', () => {
    const { transport, a } = pair();
    assert.throws(() => transport.connect(a, 9), /there is no host 9/);
    assert.throws(() => transport.stop(-1), /there is no host -1/);
  });
});

test('nothing arrives on a connection that is closed, and the rest of a message is not sent', () => {
  const { engine, transport, a, link, send, arrivals } = pair();
  send('two rounds', 20_000);
  transport.close(link);
  engine.run();
  assert.deepEqual(arrivals, []);
  assert.equal(transport.backlog(a), 0);
});
