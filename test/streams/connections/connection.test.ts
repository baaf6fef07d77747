import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Subject } from 'rxjs';
import { questionOf } from '../../../src/session/push.js';
import type { PushBlock, SessionFault } from '../../../src/session/types.js';
import { type ConnectionEvent, connection, type Target } from '../../../src/streams/connections/connection.js';
import { FairTurns } from '../../../src/streams/connections/fair-turns.js';
import { Multicast } from '../../../src/streams/connections/multicast.js';
import { encodeFrame, frameOf } from '../../../src/wire/frame.js';
import { INV } from '../../../src/wire/inventory.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { block, context, hashOf, theirVersion } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { FakeNet, type FakeSocket } from './fake-net.js';

const { magic } = NETWORKS.regtest;
const MIB = 1024 * 1024;
const target: Target = { host: 'a', port: 1, peer: 'a:1', protected: false };

function pushable(number: number): PushBlock {
  return { ...block(number), frame: frameOf(magic, 'block', Buffer.concat([block(number).header, Buffer.of(0)])) };
}

/** A connection with the peer `a`, dialled. */
class ConnectionUnderTest {
  readonly time = new Time();
  readonly net = new FakeNet();
  readonly multicast = new Multicast();
  readonly ticks$ = new Subject<void>();
  readonly hangUp$ = new Subject<SessionFault>();
  /** What waits for the next turn of the event loop, and the time that its turns are measured by. */
  readonly later: (() => void)[] = [];
  now = 0;
  readonly result: ReturnType<typeof gather<ConnectionEvent>>;

  constructor(recent: readonly PushBlock[] = []) {
    const { net, multicast, ticks$, hangUp$ } = this;
    const connection$ = connection(target, {
      context: context(recent),
      dial: net.dial,
      awake: this.time.clock.monotonic,
      turns: new FairTurns(
        () => this.now,
        (go) => this.later.push(go),
      ),
      multicast,
      ticks$,
      hangUp$,
    });
    assert.equal(net.sockets.length, 0, 'nothing is dialled before somebody subscribes');
    this.result = gather(connection$);
  }

  static ready(recent: readonly PushBlock[] = []): ConnectionUnderTest {
    const under = new ConnectionUnderTest(recent);
    under.peer.shakeHands();
    assert.deepEqual(under.reported(), ['ready']);
    under.peer.heard.splice(0);
    return under;
  }

  get peer(): FakeSocket {
    return this.net.to('a');
  }

  push(number: number): void {
    this.order(pushable(number));
  }

  order(block: PushBlock): void {
    this.write(block)();
  }

  /** @returns what settles it */
  write(block: PushBlock): () => void {
    return this.multicast.push(block, 'all', questionOf(magic, block));
  }

  /** What was reported since it was last asked, in brief. */
  reported(): string[] {
    return this.result.values
      .splice(0)
      .map(brief)
      .filter((event) => event !== 'dialling');
  }

  /** Nothing is left of it. */
  assertOver(): void {
    assert.equal(this.peer.destroyed, true);
    assert.deepEqual([this.ticks$.observed, this.hangUp$.observed], [false, false]);
    const heard = this.peer.heard.length;
    this.push(99);
    assert.equal(this.peer.heard.length, heard);
  }
}

function brief(event: ConnectionEvent): string {
  switch (event.type) {
    case 'proof':
      return `${Number.parseInt(event.hash, 16)} ${event.stage}${event.reason === undefined ? '' : `: ${event.reason}`}`;
    case 'lost':
      return `lost${event.wasReady ? ' though ready' : ''}: ${event.fault.code}: ${event.fault.detail}`;
    case 'announced':
      return `announced ${Number.parseInt(event.hash, 16)}`;
    default:
      return event.type;
  }
}

const inv = (number: number) => ({ command: 'inv', items: [{ type: INV.block, hash: hashOf(number) }] }) as const;

describe('a connection', () => {
  it('dials when subscribed to, with a timeout of its own, and speaks first', () => {
    const { peer } = new ConnectionUnderTest();
    assert.equal(peer.timeoutMs, 5_000);
    assert.deepEqual(peer.heard, []);
    peer.open();
    assert.deepEqual(
      peer.heard.map(({ command }) => command),
      ['version'],
    );
    peer.says(theirVersion);
    assert.deepEqual(
      peer.heard.map(({ command }) => command),
      ['version', 'sendaddrv2', 'verack'],
    );
  });

  it('understands its peer however the bytes are cut', () => {
    const under = new ConnectionUnderTest();
    under.peer.open();
    for (const message of [theirVersion, { command: 'verack' }, { command: 'ping', nonce: 9n }] as const) {
      for (const byte of encodeFrame(magic, message)) under.peer.bytes(Buffer.of(byte));
    }
    assert.deepEqual(under.reported(), ['ready']);
    assert.deepEqual(under.peer.heard.at(-1), { command: 'pong', nonce: 9n });
  });

  it('pushes a block at once, question and ping behind it with one write, and proves each step', () => {
    const under = ConnectionUnderTest.ready();
    const block = pushable(1);
    const heard = () => under.peer.heard.map(({ command }) => command);
    const { write } = under.peer;
    let writes = 0;
    under.peer.write = (...written) => {
      writes += 1;
      write.call(under.peer, ...written);
    };
    const settle = under.write(block);
    assert.deepEqual(heard(), ['block', 'getheaders', 'ping']);
    settle();
    assert.deepEqual(heard(), ['block', 'getheaders', 'ping']);
    assert.equal(writes, 1);
    assert.deepEqual(under.reported(), []);
    under.peer.drain();
    assert.deepEqual(under.reported(), ['1 written']);
    under.peer.pong();
    assert.deepEqual(under.reported(), ['1 acknowledged', 'round-trip']);
    under.peer.says(inv(1));
    assert.deepEqual(under.reported(), ['announced 1', '1 accepted']);
  });

  it('sends the very buffer it was given: one frame for all', () => {
    const under = ConnectionUnderTest.ready();
    const written: Buffer[] = [];
    under.peer.write = (buffers) => written.push(...buffers);
    const one = pushable(1);
    under.order(one);
    assert.equal(written[0], one.frame);
  });

  it('sends no ping where no block went before it', () => {
    const under = ConnectionUnderTest.ready();
    const first = under.write(pushable(1));
    under.order(pushable(2));
    under.peer.heard.splice(0);
    first();
    assert.deepEqual(under.peer.heard, []);
  });

  it('takes no orders before it is ready', () => {
    const under = new ConnectionUnderTest();
    under.push(1);
    under.peer.open();
    under.push(2);
    assert.deepEqual(under.peer.blocks, []);
    assert.deepEqual(under.reported(), []);
  });

  it('serves a block as it pushes one', () => {
    const under = ConnectionUnderTest.ready([pushable(1)]);
    under.peer.says({ command: 'getdata', items: [{ type: INV.block, hash: hashOf(1) }] });
    under.peer.drain();
    assert.equal(under.peer.blocks.length, 1);
    assert.deepEqual(under.reported(), ['served', '1 written']);
    assert.deepEqual(
      under.peer.heard.map(({ command }) => command),
      ['block', 'getheaders', 'ping'],
    );
  });
});

describe('what a peer sends', () => {
  it('is heard bit by bit, and the peer not listened to meanwhile: nothing it says keeps a block waiting', () => {
    const under = ConnectionUnderTest.ready();
    const pings = Array.from({ length: 10 }, (_, i) => ({ command: 'ping', nonce: BigInt(i) }) as const);
    const write = under.peer.write.bind(under.peer);
    under.peer.write = (buffers, taken) => {
      under.now += 0.5;
      write(buffers, taken);
    };
    under.peer.says(...pings);
    assert.equal(under.peer.heard.length, 2, 'pongs');
    assert.equal(under.peer.paused, true);
    under.push(1);
    assert.deepEqual(
      under.peer.heard.slice(2).map(({ command }) => command),
      ['block', 'getheaders', 'ping'],
    );
    let turns = 0;
    while (under.peer.paused) {
      for (const go of under.later.splice(0)) go();
      turns += 1;
    }
    assert.equal(under.peer.heard.filter(({ command }) => command === 'pong').length, 10);
    assert.ok(turns >= 4, `${turns} turns`);
  });

  it('is refused by its header: a payload that goes beyond a limit is never waited for', () => {
    const under = ConnectionUnderTest.ready();
    under.peer.bytes(frameOf(magic, 'getdata', Buffer.alloc(3 + 36 * 1_001)).subarray(0, 24));
    assert.match(under.reported()[0] ?? '', /^lost though ready: getdata-flood/);
    under.assertOver();
  });

  it('is forgotten with the connection, however much of it still waits', () => {
    const under = ConnectionUnderTest.ready();
    const write = under.peer.write.bind(under.peer);
    under.peer.write = (buffers, taken) => {
      under.now += 5;
      write(buffers, taken);
    };
    under.peer.says({ command: 'ping', nonce: 1n }, { command: 'ping', nonce: 2n });
    under.peer.close();
    for (const go of under.later.splice(0)) go();
    assert.equal(under.peer.heard.length, 1);
    under.assertOver();
  });
});

describe('the end of a connection', () => {
  it('is a value, never an error: not reached', () => {
    const under = new ConnectionUnderTest();
    under.peer.close('unreachable');
    assert.deepEqual(under.reported(), ['lost: unreachable: a is gone']);
    assert.equal(under.result.completed, true);
    under.assertOver();
  });

  it('fails what was on its way, counts the bytes, and lets nothing come after it', () => {
    const under = ConnectionUnderTest.ready();
    under.push(1);
    under.push(2);
    under.peer.drain();
    under.reported();
    under.peer.bytesIn = 123;
    under.peer.bytesOut = 456;
    under.peer.close();
    const lost = under.result.values.at(-1);
    assert.ok(lost?.type === 'lost');
    assert.deepEqual([lost.bytesIn, lost.bytesOut], [123, 456]);
    assert.deepEqual(under.reported(), [
      '1 failed: closed-by-peer',
      '2 failed: closed-by-peer',
      'lost though ready: closed-by-peer: a is gone',
    ]);
    under.assertOver();
    under.push(3);
    under.ticks$.next();
    assert.deepEqual(under.reported(), []);
  });

  it('comes with the first fault in a chunk: what is behind it in the same chunk is not heard', () => {
    const under = ConnectionUnderTest.ready();
    under.peer.says(theirVersion, { command: 'ping', nonce: 1n }, theirVersion);
    assert.deepEqual(under.reported(), ['lost though ready: out-of-order: received a second version message']);
    assert.deepEqual(under.peer.heard, []);
    under.assertOver();
  });

  it('is brought about by garbage', () => {
    const under = new ConnectionUnderTest();
    under.peer.open();
    under.peer.bytes(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    assert.match(under.reported()[0] ?? '', /^lost: wrong-magic/);
    under.assertOver();
  });

  it('is brought about by the clock', async () => {
    const under = new ConnectionUnderTest();
    under.peer.open();
    await under.time.pass(10_000);
    under.ticks$.next();
    assert.match(under.reported()[0] ?? '', /^lost: handshake-timeout/);
    under.assertOver();
  });

  it('does not come of what we push, however much of it waits to be read', () => {
    const under = ConnectionUnderTest.ready();
    under.peer.backlog = 64 * MIB;
    for (let n = 1; n <= 20; n += 1) under.push(n);
    assert.equal(under.peer.blocks.length, 4, 'the rest waits for an answer');
    assert.deepEqual(under.reported(), []);
    assert.equal(under.peer.destroyed, false);
  });

  it('comes to a peer that asks on and on without reading', () => {
    const under = ConnectionUnderTest.ready([pushable(1)]);
    under.peer.backlog = 17 * MIB;
    under.peer.says(inv(5));
    assert.deepEqual(under.reported(), ['announced 5'], 'what takes no answer is heard');
    under.peer.says({ command: 'ping', nonce: 7n });
    assert.deepEqual(under.reported(), ['lost though ready: backlog: 17825792 bytes wait to be read by the peer']);
    under.assertOver();
  });

  it('is brought about by us, with a reason, and reported like any other', () => {
    const under = ConnectionUnderTest.ready();
    under.push(1);
    under.hangUp$.next({ code: 'rotated-out', detail: 'a better one was found' });
    assert.deepEqual(under.reported(), [
      '1 failed: rotated-out',
      'lost though ready: rotated-out: a better one was found',
    ]);
    assert.equal(under.result.completed, true);
    under.assertOver();
  });

  it('comes silently to whom nobody listens any more', () => {
    const under = ConnectionUnderTest.ready();
    under.push(1);
    under.result.stop();
    under.assertOver();
    under.peer.drain();
    assert.deepEqual(under.reported(), []);
  });

  it('may come while a block is being pushed, from whoever hears of it', () => {
    const time = new Time();
    const net = new FakeNet();
    const multicast = new Multicast();
    const reported: string[] = [];
    const subscription = connection(target, {
      context: context(),
      dial: net.dial,
      awake: time.clock.monotonic,
      turns: new FairTurns(() => 0, setImmediate),
      multicast,
      ticks$: new Subject(),
    }).subscribe((event) => {
      reported.push(brief(event));
      if (event.type === 'proof') subscription.unsubscribe();
    });
    net.to('a').shakeHands();
    net.to('a').says(inv(1));
    multicast.push(pushable(1), 'all', questionOf(magic, pushable(1)))();
    assert.deepEqual(reported.slice(-3), ['ready', 'announced 1', '1 already-had']);
    assert.equal(net.to('a').destroyed, true);
  });
});
