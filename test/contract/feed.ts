import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Subscriber } from 'zeromq';
import { PATIENCE_MS } from '../support/patience.js';
import { hashOf } from './blocks.js';
import { ask, following, mine, type NodeUnderTest, templateOn } from './node-under-test.js';

interface Notice {
  readonly topic: string;
  readonly body: Buffer;
  readonly sequence: number;
}

/** The ZeroMQ feed. */
export function feedContract(node: () => NodeUnderTest): void {
  it('publishes each new tip by hash and in full, and counts each topic', async () => {
    const socket = new Subscriber({ linger: 0 });
    socket.connect(node().zmqUrl);
    socket.subscribe('hashblock', 'rawblock');
    await untilSubscribed(socket);
    const template = await templateOn(node());
    const first = mine(template);
    const rival = mine(template);
    const better = mine(following(template, hashOf(rival)));
    for (const raw of [first, rival, better]) await ask(node(), 'submitblock', raw.toString('hex'));
    const notices = await receive(socket, 4);
    socket.close();
    const of = (topic: string) => notices.filter((notice) => notice.topic === topic);
    assert.deepEqual(
      of('hashblock').map(({ body }) => body.toString('hex')),
      [hashOf(first), hashOf(better)],
      'in display order, and without the block in the middle of the reorganisation',
    );
    assert.deepEqual(
      of('rawblock').map(({ body }) => body),
      [first, better],
    );
    for (const topic of ['hashblock', 'rawblock']) {
      const [one, two] = of(topic).map(({ sequence }) => sequence);
      assert.equal(two, (one ?? 0) + 1);
    }
  });

  it('reports over RPC where each topic is published', async () => {
    const reported = await ask<readonly { type: string; address: string; hwm: number }[]>(
      node(),
      'getzmqnotifications',
    );
    for (const type of ['pubrawblock', 'pubhashblock']) {
      const one = reported.find((entry) => entry.type === type);
      assert.deepEqual([one?.address, one?.hwm], [node().zmqUrl, 1_000]);
    }
  });

  /** A subscription takes effect some time after it was made: blocks are mined until one is heard of. */
  async function untilSubscribed(socket: Subscriber): Promise<void> {
    socket.receiveTimeout = 100;
    for (;;) {
      const raw = mine(await templateOn(node()));
      await ask(node(), 'submitblock', raw.toString('hex'));
      if (await heardAll(socket, hashOf(raw))) break;
    }
    socket.receiveTimeout = PATIENCE_MS;
  }

  async function heardAll(socket: Subscriber, hash: string): Promise<boolean> {
    const topics = new Set<string>();
    while (topics.size < 2) {
      const [notice] = await receive(socket, 1).catch(() => []);
      if (notice === undefined) return false;
      const named = notice.topic === 'rawblock' ? hashOf(notice.body) : notice.body.toString('hex');
      if (named === hash) topics.add(notice.topic);
    }
    return true;
  }
}

async function receive(socket: Subscriber, count: number): Promise<Notice[]> {
  const notices: Notice[] = [];
  while (notices.length < count) {
    const frames = await socket.receive();
    assert.equal(frames.length, 3);
    const [topic, body, number] = frames;
    assert.ok(topic !== undefined && body !== undefined && number?.length === 4);
    notices.push({ topic: topic.toString(), body, sequence: number.readUInt32LE() });
  }
  return notices;
}
