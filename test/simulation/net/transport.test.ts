/** The transport against arithmetic, to the microsecond. A segment of 1,448 bytes takes 115.84 µs at 100 Mbit/s: 116. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HOST, ONE_WAY, THERE, testNet, timeOf } from './support.js';

const ROUND_TRIP = 2 * ONE_WAY;
const SEGMENT = 116;

describe('a message between two hosts', () => {
  test('arrives after its time on the uplink, half of the round trip and both access lines', () => {
    // 10,000 bytes ÷ 12.5 bytes per µs; 76 ms ÷ 2; 1 ms at each end.
    assert.equal(timeOf(10_000), 800 + 38_000 + 1_000 + 1_000);
  });

  test('is received while it is still sent: equal rates cost its time once', () => {
    assert.equal(timeOf(1_250), 100 + ONE_WAY);
  });

  test('waits for a downlink that is slower than the uplink, from its first byte on', () => {
    // 10,000 bytes at 1.25 bytes per µs.
    assert.equal(timeOf(10_000, HOST, { ...THERE, down: 1_250_000 }), ONE_WAY + 8_000);
  });

  test('needs a whole microsecond for a part of one', () => {
    assert.equal(timeOf(1), 1 + ONE_WAY);
  });

  test('from one process of a host to another takes 50 µs, and no uplink', () => {
    const { engine, transport, arrivals, note } = testNet();
    const host = transport.addHost(HOST);
    transport.send(transport.connect(host, host), host, 1_000_000, note('local'));
    assert.equal(transport.backlog(host), 0);
    engine.run();
    // 691 segments: windows of 10, 20, 40, 80, 160, 320 and 61 of 640 are 7 rounds, each but the last with a round trip of 100 µs.
    assert.deepEqual(arrivals, [{ what: 'local', at: 6 * 100 + 50 }]);
  });
});

test('a chain of hosts adds up: each passes the message on when it has it', () => {
  const { engine, transport, arrivals, note } = testNet();
  const hosts = [HOST, THERE, HOST, THERE].map((spec) => transport.addHost(spec));
  const pass = (from: number): void => {
    const [a, b] = [hosts[from], hosts[from + 1]];
    if (a === undefined || b === undefined) return;
    transport.send(transport.connect(a, b), a, 5_000, () => {
      note(`host ${b}`)();
      pass(from + 1);
    });
  };
  pass(0);
  engine.run();
  const hop = 400 + ONE_WAY;
  assert.deepEqual(arrivals, [
    { what: 'host 1', at: hop },
    { what: 'host 2', at: 2 * hop },
    { what: 'host 3', at: 3 * hop },
  ]);
});

describe('the uplink of a host', () => {
  test('sends one message after the other: the second waits for the first, whoever it is for', () => {
    const { engine, transport, arrivals, note } = testNet();
    const [from, one, other] = [HOST, THERE, THERE].map((spec) => transport.addHost(spec)) as [number, number, number];
    transport.send(transport.connect(from, one), from, 10_000, note('first'));
    transport.send(transport.connect(from, other), from, 5_000, note('second'));
    assert.equal(transport.backlog(from), 15_000);
    engine.run(800);
    assert.equal(transport.backlog(from), 5_000);
    engine.run();
    assert.equal(transport.backlog(from), 0);
    assert.deepEqual(arrivals, [
      { what: 'first', at: 800 + ONE_WAY },
      { what: 'second', at: 800 + 400 + ONE_WAY },
    ]);
  });

  test('is shared by two nodes of one host, and not by the host that receives', () => {
    const { engine, transport, arrivals, note } = testNet();
    const [pool, one, other] = [HOST, THERE, THERE].map((spec) => transport.addHost(spec)) as [number, number, number];
    const relay = transport.connect(pool, one);
    const dashd = transport.connect(pool, other);
    transport.send(relay, pool, 10_000, note('relay'));
    transport.send(dashd, pool, 10_000, note('dashd'));
    transport.send(relay, one, 10_000, note('answer'));
    engine.run();
    assert.deepEqual(
      arrivals.map(({ what, at }) => [what, at - ONE_WAY]),
      [
        ['relay', 800],
        ['answer', 800],
        ['dashd', 1_600],
      ],
    );
  });
});

describe('the downlink of a host', () => {
  test('receives one message after the other when two senders are faster together than it is', () => {
    const { engine, transport, arrivals, note } = testNet();
    const [one, other, to] = [THERE, THERE, HOST].map((spec) => transport.addHost(spec)) as [number, number, number];
    transport.send(transport.connect(one, to), one, 10_000, note('one'));
    transport.send(transport.connect(other, to), other, 10_000, note('other'));
    engine.run();
    assert.deepEqual(
      arrivals.map(({ at }) => at - ONE_WAY),
      [800, 1_600],
    );
  });
});

describe('slow start', () => {
  /** Whole segments on the wire. */
  const wire = (segments: number): number => Math.ceil((segments * 1_448) / 12.5);

  test('lets ten segments go at once: 14,480 bytes take one flight, a byte more a round trip more', () => {
    assert.equal(timeOf(14_480), wire(10) + ONE_WAY);
    // The second round begins when the acknowledgement of the first segment is back.
    assert.equal(timeOf(14_481), SEGMENT + ROUND_TRIP + 1 + ONE_WAY);
  });

  test('sends 15 KB in two rounds: 10 segments, and the rest of 520 bytes', () => {
    // 520 bytes take 41.6 µs.
    assert.equal(timeOf(15_000), SEGMENT + ROUND_TRIP + 42 + ONE_WAY);
  });

  test('sends 100 KB in three rounds: 10, 20 and 40 segments, and the fourth begins', () => {
    // 70 segments are 101,360 bytes: the third round has 40 − 1,360 bytes ÷ 1,448: 56,560 bytes, 4,524.8 µs.
    assert.equal(timeOf(100_000), 2 * (SEGMENT + ROUND_TRIP) + 4_525 + ONE_WAY);
  });

  test('sends 2 MB in eight rounds while a window takes less than a round trip, then without a pause', () => {
    // Rounds of 10, 20, 40, 80, 160, 320 segments begin a segment and a round trip apart; 320 of them take 37,069 µs, 640 74,138 µs.
    // The seventh has 640, 1,270 in all, and the eighth what is left of 2,000,000: 161,040 bytes, 12,883.2 µs.
    assert.equal(timeOf(2_000_000), 7 * (SEGMENT + ROUND_TRIP) + 12_884 + ONE_WAY);
  });

  test('is limited by the uplink when a window takes longer than a round trip', () => {
    // 20 Mbit/s, 2.5 bytes per µs: a segment takes 579.2 µs. Rounds of 10 to 80 segments take 5.8, 11.6, 23.2 and 46.3 ms, less than a round
    // trip; the fifth, of 160, takes 92,672 µs: the sixth is ready before it is sent, and the uplink never rests again.
    const fifth = 4 * (580 + ROUND_TRIP);
    assert.equal(timeOf(600_000, { ...HOST, up: 2_500_000 }), fifth + (600_000 - 150 * 1_448) / 2.5 + ONE_WAY);
  });

  for (const [segments, window] of [
    [5, 10],
    [6, 16],
  ] as const) {
    test(`opens the window by what was sent, if that was over half of it: to ${window} after ${segments} segments`, () => {
      const { engine, transport, arrivals, note } = testNet();
      const link = transport.connect(transport.addHost(HOST), transport.addHost(THERE));
      transport.send(link, link.a, segments * 1_448, note('first'));
      engine.run(100_000);
      transport.send(link, link.a, window * 1_448, note('fits'));
      transport.send(link, link.a, 1_448, note('does not'));
      engine.run();
      assert.deepEqual(
        arrivals.slice(1).map(({ what, at }) => [what, at - 100_000]),
        [
          ['fits', wire(window) + ONE_WAY],
          ['does not', SEGMENT + ROUND_TRIP + SEGMENT + ONE_WAY],
        ],
      );
    });
  }

  test('goes on where it was while data flows, and begins anew after a pause of more than the timeout', () => {
    const { engine, transport, arrivals, note } = testNet();
    const link = transport.connect(transport.addHost(HOST), transport.addHost(THERE));
    const send = (at: number): void => {
      engine.at(at, () => transport.send(link, link.a, 20_000, note(`at ${at}`)));
    };
    // Each has 14 segments. The first takes two rounds, and so opens the window to 20; the timeout is 80 + 200 ms.
    send(0);
    send(200_000);
    send(450_000);
    send(1_000_000);
    engine.run();
    const twoRounds = SEGMENT + ROUND_TRIP + 442 + ONE_WAY;
    assert.deepEqual(
      arrivals.map(({ what, at }) => [what, at - Number(what.slice(3))]),
      [
        ['at 0', twoRounds],
        ['at 200000', 1_600 + ONE_WAY],
        ['at 450000', 1_600 + ONE_WAY],
        ['at 1000000', twoRounds],
      ],
    );
  });
});

describe('the order of messages', () => {
  test('of one direction is kept: a small one waits for the rest of a large one, and for room in the window', () => {
    const { engine, transport, arrivals, note } = testNet();
    const link = transport.connect(transport.addHost(HOST), transport.addHost(THERE));
    transport.send(link, link.a, 15_000, note('large'));
    transport.send(link, link.a, 100, note('small'));
    transport.send(link, link.b, 100, note('other direction'));
    engine.run();
    const secondRound = SEGMENT + ROUND_TRIP;
    assert.deepEqual(arrivals, [
      { what: 'other direction', at: 8 + ONE_WAY },
      { what: 'large', at: secondRound + 42 + ONE_WAY },
      { what: 'small', at: secondRound + 42 + 8 + ONE_WAY },
    ]);
  });

  test('of one direction is kept whatever jitter and losses delay, and whatever the rates are', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { engine, transport, arrivals, note } = testNet({ loss: 0.05, jitterMs: 30 }, { seed });
      const slow = { ...THERE, down: 2_000_000 };
      const link = transport.connect(transport.addHost(HOST), transport.addHost(slow));
      for (let message = 0; message < 50; message += 1)
        engine.at(message * 3_000, () =>
          transport.send(link, link.a, 1 + ((message * 977) % 4_000), note(`${message}`)),
        );
      engine.run();
      assert.deepEqual(
        arrivals.map(({ what }) => what),
        Array.from({ length: 50 }, (_, message) => `${message}`),
      );
    }
  });
});

describe('jitter', () => {
  test('delays each message by up to its bound, each amount as likely, and roundTrip not at all', () => {
    const { engine, transport, arrivals, note } = testNet({ jitterMs: 10 });
    const link = transport.connect(transport.addHost(HOST), transport.addHost(THERE));
    for (let message = 0; message < 1_000; message += 1)
      engine.at(message * 20_000, () => transport.send(link, link.a, 1_250, note('')));
    engine.run();
    const delays = arrivals.map(({ at }, message) => at - message * 20_000 - 100 - ONE_WAY).sort((a, b) => a - b);
    assert.ok((delays[0] ?? -1) >= 0 && (delays.at(-1) ?? 0) < 10_000);
    for (const [place, expected] of [
      [250, 2_500],
      [500, 5_000],
      [750, 7_500],
    ] as const)
      assert.ok(Math.abs((delays[place] ?? 0) - expected) < 600, `${place}: ${delays[place]}`);
    assert.equal(transport.roundTrip(link.a, link.b), ROUND_TRIP);
  });
});

describe('the spread of paths', () => {
  test('is drawn once for two hosts: all their connections, both directions and roundTrip have the same latency', () => {
    const { engine, transport, arrivals, note } = testNet({}, { spread: 0.3 });
    const [a, b] = [transport.addHost(HOST), transport.addHost(THERE)];
    const roundTrip = transport.roundTrip(a, b);
    assert.notEqual(roundTrip, ROUND_TRIP);
    for (const [from, link] of [
      [a, transport.connect(a, b)],
      [b, transport.connect(a, b)],
      [a, transport.connect(b, a)],
    ] as const) {
      const start = engine.now;
      transport.send(link, from, 1_250, note(''));
      engine.run();
      assert.equal((arrivals.at(-1)?.at ?? 0) - start, 100 + roundTrip / 2);
    }
    assert.equal(transport.roundTrip(b, a), roundTrip);
  });

  test('is lognormal about the median, the access lines apart', () => {
    const { transport } = testNet({}, { spread: 0.3 });
    const a = transport.addHost(HOST);
    const logs = Array.from({ length: 2_000 }, () => {
      const roundTrip = transport.roundTrip(a, transport.addHost(THERE));
      return Math.log((roundTrip - 4_000) / 76_000);
    });
    const mean = logs.reduce((sum, each) => sum + each, 0) / logs.length;
    const deviation = Math.sqrt(logs.reduce((sum, each) => sum + (each - mean) ** 2, 0) / logs.length);
    assert.ok(Math.abs(mean) < 0.02, `${mean}`);
    assert.ok(Math.abs(deviation - 0.3) < 0.015, `${deviation}`);
  });
});
