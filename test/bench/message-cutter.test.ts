import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MessageCutter } from '../../bench/message-cutter.js';
import { encodeFrame, frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';

const { magic } = NETWORKS.regtest;

function cut(chunks: readonly Buffer[]): [string, string][] {
  const found: [string, string][] = [];
  const cutter = new MessageCutter((command, payload) => found.push([command, payload.toString('hex')]));
  for (const chunk of chunks) cutter.push(chunk);
  return found;
}

const stream = Buffer.concat([
  encodeFrame(magic, { command: 'verack' }),
  frameOf(magic, 'block', Buffer.alloc(100, 7)),
  encodeFrame(magic, { command: 'ping', nonce: 0x0102n }),
  frameOf(magic, 'cmpctblock', Buffer.alloc(90, 7)),
  encodeFrame(magic, { command: 'verack' }),
]);
const messages: [string, string][] = [
  ['verack', ''],
  ['block', ''],
  ['ping', '0201000000000000'],
  ['cmpctblock', ''],
  ['verack', ''],
];

describe('MessageCutter', () => {
  it('reports each message once, a block without its payload, in whichever form', () => {
    assert.deepEqual(cut([stream]), messages);
  });

  it('does not care how the stream is split', () => {
    const cuts = fc.array(fc.nat({ max: stream.length }), { maxLength: 30 });
    fc.assert(
      fc.property(cuts, (places) => {
        const ends = [...places, stream.length].sort((a, b) => a - b);
        const chunks = ends.map((end, index) => stream.subarray(index === 0 ? 0 : ends[index - 1], end));
        assert.deepEqual(cut(chunks), messages);
      }),
    );
  });

  it('reads nothing while it is paused, not even of the chunk that it was reading, and all of it afterwards', () => {
    const found: string[] = [];
    const cutter: MessageCutter = new MessageCutter((command) => {
      found.push(command);
      if (command === 'block') cutter.pause();
    });
    for (const chunk of [stream.subarray(0, 140), stream.subarray(140)]) cutter.push(chunk);
    assert.deepEqual(found, ['verack', 'block']);
    cutter.push(encodeFrame(magic, { command: 'sendaddrv2' }));
    assert.deepEqual(found, ['verack', 'block']);
    cutter.resume();
    assert.deepEqual(found, ['verack', 'block', 'ping', 'cmpctblock', 'verack', 'sendaddrv2']);
  });

  it('takes nothing for a block that is only named like one', () => {
    const payload = Buffer.from([1, 2, 3]);
    for (const command of ['blocktxn', 'bloc', 'getblocks', 'block2345678', 'Block']) {
      assert.deepEqual(cut([frameOf(magic, command, payload)]), [[command, '010203']]);
    }
  });

  it('is ready for the next message after one that was cut to pieces', () => {
    const all = Buffer.concat([stream, stream]);
    const bytes = Array.from(all, (_, at) => all.subarray(at, at + 1));
    assert.deepEqual(cut(bytes), [...messages, ...messages]);
  });

  it('reports a block with its last byte, not before', () => {
    const block = frameOf(magic, 'block', Buffer.alloc(500));
    assert.deepEqual(cut([block.subarray(0, -1)]), []);
    assert.deepEqual(cut([block.subarray(0, -1), block.subarray(-1)]), [['block', '']]);
  });
});
