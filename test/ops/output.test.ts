import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { lossyOutput } from '../../src/ops/output.js';

const LINE = `${'x'.repeat(999)}\n`;

describe('output that may be lost', () => {
  test('waits for no reader, and keeps about a megabyte for one that has stopped', async () => {
    const stalled = new Writable({ write: () => undefined });
    const output = lossyOutput(stalled);
    for (let line = 0; line < 10_000; line += 1) output.write(LINE);
    assert.ok(stalled.writableLength < 1_100_000, `${stalled.writableLength} bytes wait`);
    assert.ok(output.lost > 8_900, `${output.lost} lost`);
    const from = performance.now();
    await new Promise<void>((resolve) => output.end(resolve));
    assert.ok(performance.now() - from < 5_000, 'the end waits no longer for it');
  });

  test('counts each line that could not be written, and writes the next one again', async () => {
    const written: string[] = [];
    let isFull = true;
    const disk = new Writable({
      // As Node's standard streams are, which no error closes.
      autoDestroy: false,
      decodeStrings: false,
      write(line: string, _encoding, done) {
        if (isFull) return done(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }));
        written.push(line);
        done();
      },
    });
    const output = lossyOutput(disk);
    output.write('a\n');
    output.write('b\n');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(output.lost, 2);
    isFull = false;
    disk.destroy = () => disk;
    assert.deepEqual(written, []);
  });
});
