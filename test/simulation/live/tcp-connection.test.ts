import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from '../../../src/simulation/engine.js';
import { tcpEnds } from '../../../src/simulation/live/tcp-connection.js';

const WAY_MICROS = 10;

function open() {
  const engine = new Engine();
  const link = { a: 0, b: 1 };
  const transport = {
    connect: () => link,
    send: (_link: unknown, _from: number, _bytes: number, arrived: () => void) =>
      void engine.after(WAY_MICROS, arrived),
    roundTrip: () => 2 * WAY_MICROS,
    close: () => undefined,
  };
  const [near, far] = tcpEnds({ engine, transport }, link, 0, 1);
  return { engine, near, far };
}

describe('A connection in virtual time', () => {
  it('gives an application that pauses at a chunk no more of the same write until it reads on', () => {
    const { engine, near, far } = open();
    const read: string[] = [];
    far.attach({
      data: (chunk) => {
        read.push(chunk.toString());
        far.pause();
      },
      closed: () => undefined,
    });
    near.write(['one', 'two', 'three'].map((text) => Buffer.from(text)));
    engine.run();
    assert.deepEqual([read, far.bytesIn], [['one'], 3]);
    far.resume();
    engine.run();
    assert.deepEqual(read, ['one', 'two']);
  });

  it('gives an application that ends the connection at a chunk nothing more', () => {
    const { engine, near, far } = open();
    const read: string[] = [];
    far.attach({
      data: (chunk) => {
        read.push(chunk.toString());
        far.end();
      },
      closed: () => undefined,
    });
    near.write(['one', 'two'].map((text) => Buffer.from(text)));
    engine.run();
    assert.deepEqual(read, ['one']);
  });
});
