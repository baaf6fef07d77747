import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OpenSocket, socket } from '../../../src/streams/connections/socket.js';
import { gather } from '../../support/gather.js';

describe('a ZeroMQ socket', () => {
  it('is open while subscribed to, and its closing can be waited for', async () => {
    let handlers: Parameters<OpenSocket>[0] | undefined;
    let opened = 0;
    let closed = 0;
    const closing = new Set<Promise<void>>();
    const news$ = socket((given) => {
      opened += 1;
      handlers = given;
      return {
        close: async () => {
          closed += 1;
        },
      };
    }, closing);
    assert.equal(opened, 0);
    const { values, stop } = gather(news$);
    const frames = [Buffer.from('block'), Buffer.from('00')];
    handlers?.state('up', 'listening');
    handlers?.frames(frames);
    assert.deepEqual(values, [
      { type: 'state', state: 'up', detail: 'listening' },
      { type: 'frames', frames },
    ]);
    assert.deepEqual([opened, closed, closing.size], [1, 0, 0]);
    stop();
    assert.deepEqual([closed, closing.size], [1, 1]);
    await Promise.all(closing);
    assert.equal(closing.size, 0);
    handlers?.frames([]);
    assert.equal(values.length, 2, 'what comes while it closes is not heard');
  });
});
