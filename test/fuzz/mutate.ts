/** Makes hostile inputs from valid ones. */
import type { Rng } from './random.js';

/** Wrong lengths and counts: boundary values of compact sizes, of integers, and of limits. */
const EDGES = [
  '00',
  '01',
  '7f',
  '80',
  'fc',
  'fd',
  'fe',
  'ff',
  'fd0000',
  'fdffff',
  'fd50c3',
  'fd51c3',
  'feffffffff',
  'fe00000100',
  'ffffffffffffffffff',
  'ff0000000000002000',
  '00000080',
  'ffffff7f',
].map((hex) => Buffer.from(hex, 'hex'));

type Mutation = (bytes: Buffer, rng: Rng) => Buffer;

const splice = (bytes: Buffer, at: number, removed: number, added: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
const place = (bytes: Buffer, rng: Rng): number => rng.int(bytes.length + 1);
const noise = (length: number, rng: Rng): Buffer => Buffer.from(Array.from({ length }, () => rng.int(256)));

const MUTATIONS: readonly Mutation[] = [
  // A bit is flipped.
  (bytes, rng) => {
    const changed = Buffer.from(bytes);
    const at = rng.int(bytes.length);
    if (changed.length > 0) changed.writeUInt8(changed.readUInt8(at) ^ (1 << rng.int(8)), at);
    return changed;
  },
  // A boundary value that replaces bytes, or is inserted; often at the count.
  (bytes, rng) => {
    const edge = rng.pick(EDGES);
    return splice(bytes, rng.once(2) ? 0 : place(bytes, rng), rng.once(3) ? 0 : edge.length, edge);
  },
  (bytes, rng) => bytes.subarray(0, rng.int(bytes.length + 1)),
  (bytes, rng) => Buffer.concat([bytes, noise(rng.int(64), rng)]),
  (bytes, rng) => splice(bytes, place(bytes, rng), rng.int(40), Buffer.alloc(0)),
  (bytes, rng) => {
    const at = place(bytes, rng);
    return splice(bytes, at, 0, bytes.subarray(at, at + rng.int(80)));
  },
  (bytes, rng) => splice(bytes, place(bytes, rng), rng.int(9), noise(rng.int(9), rng)),
];

/** A few mutations of bytes. */
export function mutated(bytes: Buffer, rng: Rng): Buffer {
  let result = bytes;
  for (let times = 1 + rng.int(3); times > 0; times -= 1) result = rng.pick(MUTATIONS)(result, rng);
  return result;
}

/** Cuts bytes at random places. */
export function* cut(bytes: Buffer, rng: Rng): Generator<Buffer> {
  // Small slices are slow, and used for a few inputs only.
  const most = rng.once(40) ? rng.pick([1, 3, 30]) : rng.once(3) ? bytes.length + 1 : rng.pick([300, 5_000]);
  for (let at = 0; at < bytes.length; ) {
    // Byte by byte, but for a few hundred only.
    const size = at > 600 ? bytes.length : 1 + rng.int(most);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const DEEP = 600;

/** Text that causes errors in programs. */
const HOSTILE_TEXT = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '\0',
  '\u2028',
  '\ud800',
  '\u202e',
  '\ufeff',
  '💣',
  '\u001b[31m',
  '\r\n',
  '"',
  '\\',
  "'",
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '1e999',
  '-1e999',
  '-0',
  'NaN',
  '9007199254740993',
  '-9223372036854775809',
  '99999999999999999999999999',
  '0x7f',
  '1e-400',
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '[fe80::1%eth0]',
  '::ffff:127.0.0.1',
  '0177.1',
  '..',
  '/../',
  '%00',
  ' '.repeat(300),
  '['.repeat(DEEP),
  '{"a":'.repeat(DEEP),
  'a'.repeat(5_000),
];

/** A few mutations of text. */
export function mutatedText(text: string, rng: Rng): string {
  let result = text;
  for (let times = 1 + rng.int(3); times > 0; times -= 1) {
    const at = rng.int(result.length + 1);
    const removed = rng.once(2) ? 0 : rng.int(20);
    const added = rng.once(4) ? result.slice(at, at + rng.int(100)) : rng.once(4) ? '' : rng.pick(HOSTILE_TEXT);
    result = result.slice(0, at) + added + result.slice(at + removed);
  }
  return result;
}

const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);
const HOSTILE_VALUES: readonly (() => unknown)[] = [
  ...[null, true, 0, -1, 1.5, 1e300, -1e300, 2 ** 53, '', 'x', [], {}, [[]], '1'.repeat(5_000)].map(
    (value) => () => value,
  ),
  () => deep(DEEP),
  () => JSON.parse('{"__proto__":{"polluted":1},"constructor":1,"length":-1}'),
  () => Array.from({ length: 500 }, (_, n) => n),
];

/** JSON in which one value or name is replaced. */
export function mutatedJson(value: unknown, rng: Rng): unknown {
  if (typeof value !== 'object' || value === null || rng.once(5)) {
    return rng.once(2) && typeof value === 'string' ? mutatedText(value, rng) : rng.pick(HOSTILE_VALUES)();
  }
  if (Array.isArray(value)) {
    const at = rng.int(value.length);
    return value.map((one: unknown, index) => (index === at ? mutatedJson(one, rng) : one));
  }
  const entries = Object.entries(value);
  const at = rng.int(entries.length);
  return Object.fromEntries(
    entries.flatMap(([name, one], index) => {
      if (index !== at) return [[name, one]];
      if (rng.once(6)) return [];
      return [[rng.once(6) ? mutatedText(name, rng) : name, mutatedJson(one, rng)]];
    }),
  );
}
