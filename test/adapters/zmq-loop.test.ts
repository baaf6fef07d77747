import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { it } from 'node:test';
import { createLoop } from '../../src/adapters/zmq-loop.js';

async function begin() {
  const received: Buffer[] = [];
  const news = new EventTarget();
  const loop = await createLoop();
  const { close } = loop.open({
    frames: ([frame]) => {
      if (frame !== undefined) received.push(frame);
      news.dispatchEvent(new Event('frame'));
    },
    state: () => undefined,
  });
  const pass = async (bytes: Buffer) => {
    await Promise.all([once(news, 'frame'), loop.send(bytes)]);
    return received.at(-1);
  };
  return { received, pass, close };
}

it('gives what it was given, whatever its size, and not to another loop', async () => {
  const [one, other] = await Promise.all([begin(), begin()]);
  for (const size of [0, 1, 33, 15_000, 2_000_000]) {
    const bytes = randomBytes(size);
    assert.deepEqual(await one.pass(bytes), bytes);
  }
  assert.equal(other.received.length, 0);
  await Promise.all([one.close(), other.close()]);
});

it('leaves nothing open', async () => {
  const before = process.getActiveResourcesInfo().length;
  const { pass, close } = await begin();
  await pass(Buffer.of(1));
  await close();
  assert.equal(process.getActiveResourcesInfo().length, before);
});
