import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Publisher, Pull, Push, type Socket, Subscriber } from 'zeromq';
import {
  bindPull,
  openPublisher,
  openPull,
  openSubscription,
  type ZmqHandlers,
  type ZmqPublisher,
  type ZmqSocket,
} from '../../src/adapters/zmq.js';
import { freePort } from '../../src/simulated/free-port.js';

/** What one of our sockets reports, and a way to wait for more. */
class Listener implements ZmqHandlers {
  readonly messages: string[][] = [];
  readonly sizes: number[] = [];
  readonly states: string[] = [];
  private wake: () => void = () => undefined;

  frames(frames: readonly Buffer[]): void {
    this.messages.push(frames.map((frame) => frame.toString('latin1', 0, 64)));
    this.sizes.push(...frames.map(({ length }) => length));
    this.wake();
  }

  state(state: string, detail: string): void {
    this.states.push(`${state}: ${detail}`);
    this.wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

const ours: ZmqSocket[] = [];
const theirs: Socket[] = [];

function open<T extends ZmqSocket>(socket: T): T {
  ours.push(socket);
  return socket;
}

function foreign<T extends Socket>(socket: T): T {
  theirs.push(socket);
  return socket;
}

afterEach(async () => {
  for (const socket of theirs.splice(0)) socket.close();
  await Promise.all(ours.splice(0).map((socket) => socket.close()));
});

/** An endpoint that nobody uses. */
async function freeEndpoint(): Promise<string> {
  return `tcp://127.0.0.1:${await freePort()}`;
}

function pusher(endpoint: string): Push {
  const push = foreign(new Push({ linger: 0, reconnectInterval: 10 }));
  push.connect(endpoint);
  return push;
}

/** Publishes something to be heard. Not often: a subscriber that lags behind by more than is kept would lose what comes after. */
async function greet(publisher: ZmqPublisher): Promise<void> {
  publisher.publish('hello');
  await pause(5);
}

function subscriber(endpoint: string): Subscriber {
  const sub = foreign(new Subscriber({ linger: 0, reconnectInterval: 10, receiveHighWaterMark: 0 }));
  sub.connect(endpoint);
  sub.subscribe();
  return sub;
}

const HAS_IPV6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const ipv6 = { skip: HAS_IPV6 ? false : 'this machine has no ::1' };

describe('IPv6', () => {
  it('a PULL socket binds to ::1 and takes what is pushed there', ipv6, async () => {
    const listener = new Listener();
    open(openPull({ bind: 'tcp://[::1]:*' }, listener));
    await listener.until(() => listener.states.length === 1);
    assert.match(listener.states[0] ?? '', /^up: listening on tcp:\/\/\[::1\]:\d+$/);
    const push = foreign(new Push({ linger: 0, ipv6: true }));
    push.connect(listener.states[0]?.split(' ').at(-1) ?? '');
    await push.send('a block');
    await listener.until(() => listener.messages.length === 1);
  });

  it('a PUB socket on ::1 is heard by a SUB socket of ours', ipv6, async () => {
    const states = new Listener();
    const events = open(openPublisher({ bind: 'tcp://[::1]:*' }, states));
    await states.until(() => states.states.length === 1);
    const listener = new Listener();
    const endpoint = states.states[0]?.split(' ').at(-1) ?? '';
    open(openSubscription({ connect: endpoint, topics: [''] }, listener));
    await listener.until(() => listener.states.length === 1);
    assert.deepEqual(listener.states, [`up: connected to ${endpoint}`]);
    await heard(events, listener);
  });

  it('every interface is those of both families', ipv6, async () => {
    const listener = new Listener();
    open(openPull({ bind: 'tcp://*:*' }, listener));
    await listener.until(() => listener.states.length === 1);
    const port = listener.states[0]?.split(':').at(-1);
    for (const endpoint of [`tcp://127.0.0.1:${port}`, `tcp://[::1]:${port}`]) {
      const push = foreign(new Push({ linger: 0, ipv6: endpoint.includes('[') }));
      push.connect(endpoint);
      await push.send(endpoint);
    }
    await listener.until(() => listener.messages.length === 2);
  });

  it('an IPv4 literal is IPv4 alone', async () => {
    const listener = new Listener();
    open(openPull({ bind: 'tcp://127.0.0.1:*' }, listener));
    await listener.until(() => listener.states.length === 1);
    assert.match(listener.states[0] ?? '', /tcp:\/\/127\.0\.0\.1:\d+$/);
  });
});

describe('a name', () => {
  for (const name of ['localhost', 'localhost.']) {
    it(`${name} is bound and connected to, though only /etc/hosts may know it`, async () => {
      const states = new Listener();
      const events = open(openPublisher({ bind: `tcp://${name}:*` }, states));
      await states.until(() => states.states.length === 1);
      const port = states.states[0]?.split(':').at(-1);
      const listener = new Listener();
      open(openSubscription({ connect: `tcp://${name}:${port}`, topics: [''] }, listener));
      await listener.until(() => listener.states.some((state) => state.startsWith('up')));
      await heard(events, listener);
    });
  }

  it('is tried in both families: a feed that is published on the other one is found', ipv6, async (t) => {
    const states = new Listener();
    // libzmq asks for IPv4 addresses of localhost first; this publisher has none.
    const events = open(openPublisher({ bind: 'tcp://[::1]:*' }, states));
    await states.until(() => states.states.length === 1);
    const port = states.states[0]?.split(':').at(-1);
    const addresses = await lookup('localhost', { all: true });
    if (!addresses.some(({ family }) => family === 6)) return t.skip('localhost has no IPv6 address here');
    const listener = new Listener();
    open(openSubscription({ connect: `tcp://localhost:${port}`, topics: [''] }, listener));
    await listener.until(() => listener.states.some((state) => state.startsWith('up')));
    await heard(events, listener);
  });

  it('that nobody knows is reported once, and tried on until the socket is closed', async () => {
    const listener = new Listener();
    open(openSubscription({ connect: 'tcp://nobody.invalid:1', topics: [''] }, listener));
    await listener.until(() => listener.states.length === 1);
    assert.deepEqual(listener.states, ['down: no answer from tcp://nobody.invalid:1']);
  });
});

/** Publishes until something is heard: a subscription takes a moment to reach the publisher. */
async function heard(events: { publish(message: string): void }, listener: Listener): Promise<void> {
  const again = setInterval(() => events.publish('news'), 20);
  try {
    await listener.until(() => listener.messages.length > 0);
  } finally {
    clearInterval(again);
  }
}

describe('the PULL socket', () => {
  it('is bound before it is read: messages and states of the time before are passed on when reading starts', async () => {
    const endpoint = await freeEndpoint();
    const read = bindPull({ bind: endpoint });
    const push = foreign(new Push({ linger: 0, reconnectInterval: 10 }));
    const connected = new Promise((resolve) => push.events.on('handshake', resolve));
    push.connect(endpoint);
    await connected;
    await push.send('one');
    await push.send('two');
    const listener = new Listener();
    open(read(listener));
    await listener.until(() => listener.messages.length === 2);
    assert.deepEqual(listener.messages, [['one'], ['two']]);
    assert.deepEqual(listener.states, [`up: listening on ${endpoint}`]);
  });

  it('reports that it listens, and gives each message with its frames in order', async () => {
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    open(openPull({ bind: endpoint }, listener));
    const push = pusher(endpoint);
    await push.send('one');
    await push.send(['topic', 'two', '']);
    await push.send('');
    await listener.until(() => listener.messages.length === 3);
    assert.deepEqual(listener.messages, [['one'], ['topic', 'two', ''], ['']]);
    assert.deepEqual(listener.states, [`up: listening on ${endpoint}`]);
  });

  it('takes a block of any size, and drops whoever sends what no block can be', async () => {
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    open(openPull({ bind: endpoint }, listener));
    const hostile = pusher(endpoint);
    const dropped = new Promise((resolve) => hostile.events.on('disconnect', resolve));
    await hostile.send(Buffer.alloc(8 * 1024 * 1024 + 1));
    await dropped;
    const push = pusher(endpoint);
    await push.send(Buffer.alloc(8 * 1024 * 1024));
    await push.send('small');
    await listener.until(() => listener.messages.length === 2);
    assert.deepEqual(listener.sizes, [8 * 1024 * 1024, 5]);
  });

  it('survives those who speak something else', async () => {
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    open(openPull({ bind: endpoint }, listener));
    await listener.until(() => listener.states.length === 1);
    for (const garbage of ['GET / HTTP/1.1\r\n\r\n', '\xff'.repeat(100), '\xff\0\0\0\0\0\0\0\x01\x7f\x03']) {
      const socket = connect(Number(endpoint.split(':').at(-1)), '127.0.0.1');
      await once(socket, 'connect');
      // It may be cut off in the middle of a word.
      socket.on('error', () => undefined);
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.end(garbage, 'latin1');
      socket.resume();
      await closed;
    }
    await pusher(endpoint).send('a block');
    await listener.until(() => listener.messages.length === 1);
    assert.equal(listener.states.filter((state) => !state.startsWith('refused')).length, 1);
  });

  it('says once that its endpoint is taken, and has it soon after it is free', async () => {
    const endpoint = await freeEndpoint();
    const other = foreign(new Pull({ linger: 0 }));
    await other.bind(endpoint);
    const listener = new Listener();
    open(openPull({ bind: endpoint }, listener));
    await listener.until(() => listener.states.length === 1);
    assert.match(listener.states[0] ?? '', /^down: cannot listen on tcp:.*: Address already in use$/);
    await other.unbind(endpoint);
    await listener.until(() => listener.states.length === 2);
    assert.equal(listener.states[1], `up: listening on ${endpoint}`);
    await pusher(endpoint).send('late');
    await listener.until(() => listener.messages.length === 1);
  });

  for (const host of ['127.0.0.1', 'localhost', '*']) {
    it(`writes nothing to standard error while its endpoint on ${host} is taken`, async () => {
      const port = (await freeEndpoint()).split(':').at(-1);
      const other = foreign(new Pull({ linger: 0 }));
      await other.bind(`tcp://127.0.0.1:${port}`);
      const warnings: string[] = [];
      const note = ({ message }: Error): number => warnings.push(message);
      process.on('warning', note);
      const listener = new Listener();
      open(openPull({ bind: `tcp://${host}:${port}` }, listener));
      await listener.until(() => listener.states.length === 1);
      await other.unbind(`tcp://127.0.0.1:${port}`);
      await listener.until(() => listener.states.length === 2);
      process.off('warning', note);
      assert.deepEqual(warnings, []);
    });
  }

  it('is closed at once while it waits for its endpoint, and reports nothing after that', async () => {
    const endpoint = await freeEndpoint();
    const other = foreign(new Pull({ linger: 0 }));
    await other.bind(endpoint);
    const listener = new Listener();
    const waiting = open(openPull({ bind: endpoint }, listener));
    await listener.until(() => listener.states.length === 1);
    const begun = performance.now();
    await waiting.close();
    assert.ok(performance.now() - begun < 500, 'it did not wait for its next try');
    assert.equal(listener.states.length, 1);
    // And while it tries for the first time.
    const hasty = new Listener();
    const begunAgain = performance.now();
    await openPull({ bind: endpoint }, hasty).close();
    await openPull({ bind: await freeEndpoint() }, hasty).close();
    assert.ok(performance.now() - begunAgain < 500);
    assert.deepEqual(hasty.states, []);
  });

  it('leaves its endpoint free when it is closed, though a client is there', async () => {
    const endpoint = await freeEndpoint();
    for (let i = 0; i < 20; i += 1) {
      const listener = new Listener();
      const pull = openPull({ bind: endpoint }, listener);
      const push = pusher(endpoint);
      await push.send(`${i}`);
      await listener.until(() => listener.messages.length === 1);
      await pull.close();
      await pull.close();
      // The client of the round before may be closed in the middle of its handshake with this socket: that is reported too.
      assert.equal(listener.states[0], `up: listening on ${endpoint}`, `round ${i}`);
      push.close();
    }
  });
});

describe('the SUB socket', () => {
  it('reports each change of its connection once, and hears the topics asked for', async () => {
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    open(openSubscription({ connect: endpoint, topics: ['rawblock', 'hashblock'] }, listener));
    await listener.until(() => listener.states.length === 1);
    assert.deepEqual(listener.states, [`down: no answer from ${endpoint}`]);
    for (let round = 0; round < 2; round += 1) {
      const publisher = foreign(new Publisher({ linger: 0 }));
      await publisher.bind(endpoint);
      await listener.until(() => listener.states.length === 2 + 2 * round);
      listener.messages.length = 0;
      // A subscription arrives some time after the connection is made.
      while (listener.messages.length === 0) {
        await publisher.send(['rawtx', 'no']);
        await publisher.send(['rawblock', 'yes', '\0\0\0\0']);
        await new Promise(setImmediate);
      }
      assert.deepEqual(listener.messages[0], ['rawblock', 'yes', '\0\0\0\0']);
      await publisher.unbind(endpoint);
      publisher.close();
      await listener.until(() => listener.states.length === 3 + 2 * round);
    }
    const [up, gone] = [`up: connected to ${endpoint}`, `down: connection to ${endpoint} lost`];
    assert.deepEqual(listener.states.slice(1), [up, gone, up, gone]);
  });

  it('reports nothing once it is closed', async () => {
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    const subscription = open(openSubscription({ connect: endpoint, topics: [''] }, listener));
    const publisher = foreign(new Publisher({ linger: 0 }));
    await publisher.bind(endpoint);
    await listener.until(() => listener.states.at(-1)?.startsWith('up') === true);
    await subscription.close();
    await subscription.close();
    const reported = [listener.states.length, listener.messages.length];
    for (let i = 0; i < 100; i += 1) await publisher.send('x');
    publisher.close();
    assert.deepEqual([listener.states.length, listener.messages.length], reported);
  });
});

describe('the PUB socket', () => {
  it('publishes thousands of messages in a row, all of them, in order', async () => {
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    const publisher = open(openPublisher({ bind: endpoint }, listener));
    const sub = subscriber(endpoint);
    const heard: string[] = [];
    // Until it hears something the subscription may not have arrived.
    const greeting = (async () => {
      const [first] = await sub.receive();
      heard.push(String(first));
    })();
    while (heard.length === 0) await greet(publisher);
    await greeting;
    // Some greetings may still be queued; with them these are less than are kept.
    for (let i = 0; i < 9_900; i += 1) publisher.publish(`${i}`);
    const numbers: string[] = [];
    for await (const [message] of sub) {
      if (String(message) !== 'hello') numbers.push(String(message));
      if (numbers.length === 9_900) break;
    }
    assert.deepEqual(
      numbers,
      Array.from({ length: 9_900 }, (_, i) => `${i}`),
    );
    assert.deepEqual(listener.states, [`up: listening on ${endpoint}`]);
  });

  it('has sent what it was given before it closes', async () => {
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    const publisher = openPublisher({ bind: endpoint }, listener);
    const sub = subscriber(endpoint);
    let greeted = false;
    const first = sub.receive().then(() => {
      greeted = true;
    });
    while (!greeted) await greet(publisher);
    await first;
    for (let i = 0; i < 500; i += 1) publisher.publish(`${i}`);
    await publisher.close();
    publisher.publish('after the end');
    await publisher.close();
    const numbers: string[] = [];
    for await (const [message] of sub) {
      if (String(message) !== 'hello') numbers.push(String(message));
      if (numbers.length === 500) break;
    }
    assert.equal(numbers.at(-1), '499');
    assert.deepEqual(listener.states, [`up: listening on ${endpoint}`]);
  });

  it('keeps what is published while its endpoint is taken, up to a bound, and closes while it waits', async () => {
    const endpoint = await freeEndpoint();
    const other = foreign(new Pull({ linger: 0 }));
    await other.bind(endpoint);
    const listener = new Listener();
    const publisher = open(openPublisher({ bind: endpoint }, listener));
    await listener.until(() => listener.states.length === 1);
    assert.match(listener.states[0] ?? '', /^down: cannot listen on .*: Address already in use$/);
    for (let i = 0; i < 20_000; i += 1) publisher.publish('x'.repeat(1_000));
    const begun = performance.now();
    await publisher.close();
    assert.ok(performance.now() - begun < 900, 'it did not wait for its next try');
    assert.equal(listener.states.length, 1);
  });

  it('is not held up by a subscriber that never reads', async () => {
    const endpoint = await freeEndpoint();
    const publisher = open(openPublisher({ bind: endpoint }, new Listener()));
    const lazy = foreign(new Subscriber({ linger: 0, receiveHighWaterMark: 1 }));
    lazy.connect(endpoint);
    lazy.subscribe();
    const sub = subscriber(endpoint);
    let last = '';
    const reading = (async () => {
      for await (const [message] of sub) {
        last = String(message).slice(0, 8);
        if (last === 'the end!') break;
      }
    })();
    while (last === '') await greet(publisher);
    for (let i = 0; i < 9_000; i += 1) publisher.publish('x'.repeat(2_000));
    publisher.publish('the end!');
    await reading;
    assert.equal(last, 'the end!');
  });

  it('leaves its endpoint free when it is closed', async () => {
    const endpoint = await freeEndpoint();
    for (let i = 0; i < 20; i += 1) {
      const listener = new Listener();
      const publisher = openPublisher({ bind: endpoint }, listener);
      publisher.publish('x');
      await listener.until(() => listener.states.length === 1);
      await publisher.close();
      assert.deepEqual(listener.states, [`up: listening on ${endpoint}`], `round ${i}`);
    }
  });
});
