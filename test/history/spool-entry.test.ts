import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  fileName,
  formatHead,
  hashOfName,
  inChainOrder,
  MAX_HEAD_BYTES,
  parseEntry,
  type SpoolEntry,
} from '../../src/history/spool-entry.js';

const hash = 'ab'.repeat(32);
const entry: SpoolEntry = { hash, previous: 'cd'.repeat(32), height: 5, at: 1_790_000_000_000.25, size: 10 };

function fileOf(head: string, body = 10): Buffer {
  return Buffer.concat([Buffer.from(head), Buffer.alloc(body, 1)]);
}
const parse = (file: Buffer, name = hash) => parseEntry(name, file.subarray(0, MAX_HEAD_BYTES), file.length);
const codeOf = (file: Buffer): string => {
  const parsed = parse(file);
  return parsed.ok ? 'ok' : parsed.code;
};
const head = (changes: object) =>
  `${JSON.stringify({ file: 'blockcast spooled block', version: 1, ...entry, ...changes })}\n`;

describe('a file of the spool', () => {
  test('is read as it was written, whatever the largest numbers are', () => {
    for (const some of [entry, { ...entry, height: 2 ** 32, at: Date.now() + 0.123, size: 2_000_000 }]) {
      const start = formatHead(some);
      assert.ok(start.length < MAX_HEAD_BYTES);
      const parsed = parseEntry(hash, start, start.length + some.size);
      assert.deepEqual(parsed, { ok: true, entry: some, headBytes: start.length });
    }
    const { height: _none, ...without } = entry;
    assert.deepEqual(parse(fileOf(formatHead(without).toString())), {
      ok: true,
      entry: without,
      headBytes: formatHead(without).length,
    });
  });

  test('is known by its name, and no other file is', () => {
    assert.equal(hashOfName(fileName(hash)), hash);
    for (const name of [
      '',
      'x',
      hash,
      `${hash}.block.tmp-0011223344556677`,
      `${hash.toUpperCase()}.block`,
      `../${hash}.block`,
    ]) {
      assert.equal(hashOfName(name), undefined, name);
    }
  });

  for (const [what, file, code] of [
    ['is empty', Buffer.alloc(0), 'torn'],
    ['ends within its first line', Buffer.from(head({}).slice(0, 50)), 'torn'],
    ['ends within the block', fileOf(head({}), 9), 'torn'],
    ['goes on behind the block', fileOf(head({}), 11), 'corrupt'],
    ['is of another program', fileOf('hello\n'), 'corrupt'],
    ['is zeroes, as after a loss of power', Buffer.alloc(15_000), 'corrupt'],
    ['has no line at all', Buffer.alloc(15_000, 0x41), 'corrupt'],
    ['is of a newer version', fileOf(head({ version: 2, size: 'many' })), 'newer-version'],
    ['names another block', fileOf(head({ hash: 'cd'.repeat(32) })), 'corrupt'],
    ['claims no size', fileOf(head({ size: undefined })), 'corrupt'],
    ['claims an odd size', fileOf(head({ size: -1 })), 'corrupt'],
  ] as const) {
    test(`that ${what} is called ${code}`, () => assert.equal(codeOf(file), code));
  }
});

describe('blocks to be sent again', () => {
  const of = (name: string, previous: string, at: number): SpoolEntry => ({ hash: name, previous, at, size: 1 });
  const order = (...entries: SpoolEntry[]) =>
    inChainOrder(entries)
      .map((one) => one.hash)
      .join(' ');

  test('come oldest first', () => assert.equal(order(of('b', 'x', 2), of('a', 'y', 1)), 'a b'));

  test('come behind their parents, though a clock was set back between them', () => {
    assert.equal(order(of('c', 'b', 1), of('b', 'a', 2), of('a', 'x', 3)), 'a b c');
    assert.equal(order(of('c', 'b', 1), of('d', 'a', 2), of('a', 'x', 4), of('b', 'a', 3)), 'a b c d');
  });

  test('do not come at all twice, nor for ever', () => {
    assert.equal(order(of('a', 'b', 1), of('b', 'a', 2)).split(' ').length, 2);
    assert.equal(inChainOrder(Array.from({ length: 10_000 }, (_, i) => of(`${i}`, `${i - 1}`, -i))).length, 10_000);
  });
});
