import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { curveKeyPair, Push, Reply, type Socket, Subscriber } from 'zeromq';
import type { CurveServer } from '../../src/adapters/zap.js';
import { openPublisher, openPull, type ZmqHandlers, type ZmqSocket } from '../../src/adapters/zmq.js';
import { freePort } from '../../src/simulated/free-port.js';

interface Keys {
  readonly publicKey: string;
  readonly secretKey: string;
}

class Listener implements ZmqHandlers {
  readonly messages: string[] = [];
  readonly states: string[] = [];
  private wake: () => void = () => undefined;

  frames(frames: readonly Buffer[]): void {
    this.messages.push(frames.join(' '));
    this.wake();
  }

  state(state: string, detail: string): void {
    this.states.push(`${state}: ${detail}`);
    this.wake();
  }

  get refused(): string[] {
    return this.states.filter((state) => state.startsWith('refused'));
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

afterEach(async () => {
  for (const socket of theirs.splice(0)) socket.close();
  await Promise.all(ours.splice(0).map((socket) => socket.close()));
});

async function freeEndpoint(): Promise<string> {
  return `tcp://127.0.0.1:${await freePort()}`;
}

const allowing = (server: Keys, ...clients: readonly Keys[]): CurveServer => ({
  ...server,
  allowedClients: clients.map(({ publicKey }) => publicKey),
});

function pull(bind: string, curve: CurveServer, listener: Listener): ZmqSocket {
  const socket = openPull({ bind, curve }, listener);
  ours.push(socket);
  return socket;
}

/** A client that tries for ever; with its message queued from the start. */
function client(endpoint: string, message: string, curve: object = {}): Push {
  const push = new Push({ linger: 0, reconnectInterval: 5, handshakeInterval: 2_000, ...curve });
  theirs.push(push);
  push.connect(endpoint);
  // It rejects when the socket is closed with the message still in it.
  push.send(message).catch(() => undefined);
  return push;
}

const curveOf = (server: Keys, own: Keys) => ({
  curveServerKey: server.publicKey,
  curvePublicKey: own.publicKey,
  curveSecretKey: own.secretKey,
});

describe('a CURVE server', () => {
  it('admits the clients on its list, and no others', async () => {
    const [server, friend, stranger] = [curveKeyPair(), curveKeyPair(), curveKeyPair()];
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    pull(endpoint, allowing(server, curveKeyPair(), friend), listener);
    client(endpoint, 'stranger', curveOf(server, stranger));
    await listener.until(() => listener.refused.length > 0);
    client(endpoint, 'friend', curveOf(server, friend));
    await listener.until(() => listener.messages.length > 0);
    assert.deepEqual(listener.messages, ['friend']);
    assert.equal(listener.refused[0], 'refused: a client without an allowed key');
    assert.equal(listener.states[0], `up: listening on ${endpoint}`);
  });

  it('admits nobody when its list is empty', async () => {
    const [server, stranger] = [curveKeyPair(), curveKeyPair()];
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    pull(endpoint, allowing(server), listener);
    client(endpoint, 'stranger', curveOf(server, stranger));
    await listener.until(() => listener.refused.length > 0);
    assert.deepEqual(listener.messages, []);
  });

  it('refuses who speaks in the clear, with a password, or to another key', async () => {
    const [server, friend] = [curveKeyPair(), curveKeyPair()];
    for (const [name, options] of [
      ['NULL', {}],
      ['PLAIN', { plainUsername: 'pool', plainPassword: 'secret' }],
      ['CURVE for somebody else', curveOf(curveKeyPair(), friend)],
      ['a stolen public key', { ...curveOf(server, friend), curveSecretKey: curveKeyPair().secretKey }],
    ] as const) {
      const endpoint = await freeEndpoint();
      const listener = new Listener();
      const socket = pull(endpoint, allowing(server, friend), listener);
      client(endpoint, name, options);
      await listener.until(() => listener.refused.length > 0);
      client(endpoint, 'friend', curveOf(server, friend));
      await listener.until(() => listener.messages.length > 0);
      assert.deepEqual(listener.messages, ['friend'], name);
      await socket.close();
    }
  });

  it('knows whom to admit from its first moment: who was there before it gets in no more than later', async () => {
    const [server, friend, stranger] = [curveKeyPair(), curveKeyPair(), curveKeyPair()];
    for (let round = 0; round < 15; round += 1) {
      const endpoint = await freeEndpoint();
      const [first, second] = [
        client(endpoint, 'stranger', curveOf(server, stranger)),
        client(endpoint, 'friend', curveOf(server, friend)),
      ];
      const listener = new Listener();
      const socket = pull(endpoint, allowing(server, friend), listener);
      await listener.until(() => listener.messages.length > 0 && listener.refused.length > 0);
      assert.deepEqual(listener.messages, ['friend'], `round ${round}`);
      await socket.close();
      first.close();
      second.close();
    }
  });

  it('may be one of several, each with a list of its own', async () => {
    const [server, other, ann, bob] = [curveKeyPair(), curveKeyPair(), curveKeyPair(), curveKeyPair()];
    const endpoints = [await freeEndpoint(), await freeEndpoint()] as const;
    const listeners = [new Listener(), new Listener()] as const;
    const first = pull(endpoints[0], allowing(server, ann), listeners[0]);
    pull(endpoints[1], allowing(other, bob), listeners[1]);
    const all = (round: string) => {
      client(endpoints[0], `ann ${round}`, curveOf(server, ann));
      client(endpoints[0], `bob ${round}`, curveOf(server, bob));
      client(endpoints[1], `ann ${round}`, curveOf(other, ann));
      client(endpoints[1], `bob ${round}`, curveOf(other, bob));
    };
    all('1');
    for (const listener of listeners)
      await listener.until(() => listener.messages.length > 0 && listener.refused.length > 0);
    assert.deepEqual([listeners[0].messages, listeners[1].messages], [['ann 1'], ['bob 1']]);
    // The end of one is not the end of the other's list.
    await first.close();
    listeners[1].messages.length = 0;
    listeners[1].states.length = 0;
    client(endpoints[1], 'ann 2', curveOf(other, ann));
    client(endpoints[1], 'bob 2', curveOf(other, bob));
    await listeners[1].until(() => listeners[1].messages.length > 0 && listeners[1].refused.length > 0);
    assert.deepEqual(listeners[1].messages, ['bob 2']);
  });

  it('may be opened and closed again and again, at once, too', async () => {
    const [server, friend] = [curveKeyPair(), curveKeyPair()];
    for (let round = 0; round < 40; round += 1) {
      const listener = new Listener();
      const bind = await freeEndpoint();
      const socket = openPull({ bind, curve: allowing(server, friend) }, listener);
      const hasty = openPull({ bind: await freeEndpoint(), curve: allowing(server, friend) }, new Listener());
      const closed = hasty.close();
      await listener.until(() => listener.states.length > 0);
      assert.deepEqual(listener.states, [`up: listening on ${bind}`], `round ${round}`);
      // The last one is closed while the next is opened already.
      void Promise.all([closed, socket.close()]);
    }
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    pull(endpoint, allowing(server, friend), listener);
    client(endpoint, 'friend', curveOf(server, friend));
    await listener.until(() => listener.messages.length > 0);
    assert.deepEqual(listener.messages, ['friend']);
  });

  it('does not open while somebody else decides who is admitted, and says so', async () => {
    const [server, friend] = [curveKeyPair(), curveKeyPair()];
    const foreign = new Reply({ linger: 0 });
    await foreign.bind('inproc://zeromq.zap.01');
    const listener = new Listener();
    const bind = await freeEndpoint();
    const socket = openPull({ bind, curve: allowing(server, friend) }, listener);
    await listener.until(() => listener.states.length > 0);
    assert.deepEqual(listener.states, [`down: cannot listen on ${bind}: Address already in use`]);
    await socket.close();
    await foreign.unbind('inproc://zeromq.zap.01');
    foreign.close();
    pull(bind, allowing(server, friend), listener);
    await listener.until(() => listener.states.length > 1);
    assert.equal(listener.states[1], `up: listening on ${bind}`);
  });

  it('knows a key by the same bytes as libzmq does, whatever the key', async () => {
    const server = curveKeyPair();
    const friends = Array.from({ length: 40 }, () => curveKeyPair());
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    pull(endpoint, allowing(server, ...friends), listener);
    for (const [i, friend] of friends.entries()) client(endpoint, `${i}`, curveOf(server, friend));
    await listener.until(() => listener.messages.length === friends.length);
    assert.deepEqual(
      listener.messages.map(Number).sort((a, b) => a - b),
      [...friends.keys()],
    );
    assert.deepEqual(listener.refused, []);
  });

  it('takes no key that is none', async () => {
    const bind = await freeEndpoint();
    for (const key of ['#'.repeat(40), '"'.repeat(40)]) {
      const curve = { ...curveKeyPair(), allowedClients: [key] };
      assert.throws(() => openPull({ bind, curve }, new Listener()), RangeError, key);
    }
  });

  it('publishes to those on its list alone', async () => {
    const [server, friend, stranger] = [curveKeyPair(), curveKeyPair(), curveKeyPair()];
    const endpoint = await freeEndpoint();
    const listener = new Listener();
    const publisher = openPublisher({ bind: endpoint, curve: allowing(server, friend) }, listener);
    ours.push(publisher);
    const heard: string[] = [];
    for (const [name, keys] of Object.entries({ stranger, friend })) {
      const sub = new Subscriber({ linger: 0, reconnectInterval: 5, ...curveOf(server, keys) });
      theirs.push(sub);
      sub.connect(endpoint);
      sub.subscribe();
      sub.receive().then(
        () => heard.push(name),
        () => undefined,
      );
    }
    while (heard.length === 0 || listener.refused.length === 0) {
      publisher.publish('an event');
      await new Promise(setImmediate);
    }
    assert.deepEqual(heard, ['friend']);
  });
});
