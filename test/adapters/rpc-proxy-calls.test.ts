import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Call, type Calls, MAX_CALLS, maySubmit, readCalls } from '../../src/adapters/rpc-proxy/json-rpc-calls.js';
import { leastCpuMs } from '../support/cpu.js';

const read = (text: string): Calls => readCalls(Buffer.from(text));

/** The calls with their blocks as hex, or as the text that should have been hex. */
function brief(calls: Calls) {
  if (calls.kind !== 'calls') return calls.kind;
  return calls.calls.map(({ id, method, block }) => [id, method, block && blockText(block)]);
}

function blockText(block: Buffer): string {
  return `${block.length}:${block.toString('hex')}`;
}

const MIN_BLOCK_CHARS = 162;

/** The reference: the same of a value that `JSON.parse` has built of the whole text. */
function slowly(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not-json-rpc';
  }
  const one = (entry: unknown): Call => {
    if (!isObject(entry)) return { id: 'null' };
    const { id, method, params } = entry;
    const hex = slowHex(params);
    return {
      id: ['string', 'number', 'boolean'].includes(typeof id) ? JSON.stringify(id) : 'null',
      ...(typeof method === 'string' && { method }),
      ...(method === 'submitblock' && hex !== undefined && hex.length >= MIN_BLOCK_CHARS && { block: slowBlock(hex) }),
    };
  };
  if (Array.isArray(value)) return brief({ kind: 'calls', isBatch: true, calls: value.map(one) });
  return isObject(value) ? brief({ kind: 'calls', isBatch: false, calls: [one(value)] }) : 'not-json-rpc';
}

function slowHex(params: unknown): string | undefined {
  if (Array.isArray(params)) return typeof params[0] === 'string' ? params[0] : undefined;
  if (!isObject(params)) return undefined;
  const { hexdata, args } = params;
  if (typeof hexdata === 'string') return hexdata;
  return Array.isArray(args) && typeof args[0] === 'string' ? args[0] : undefined;
}

function slowBlock(hex: string): Buffer {
  return /^([0-9a-f]{2})*$/i.test(hex) ? Buffer.from(hex, 'hex') : Buffer.from(hex);
}

/** Mangling may make two keys alike. */
function repeatsKey(text: string): boolean {
  let left = 0;
  const count = (_key: string, value: unknown) => {
    if (isObject(value)) left += Object.keys(value).length;
    return value;
  };
  JSON.parse(text, count);
  const outside = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return (outside.match(/:/g) ?? []).length !== left;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SPACES = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

/** A string as JSON, some of its characters written as escapes. */
const spelt = (text: string) =>
  fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }).map((escapes) => {
    const unit = (char: string, index: number) =>
      escapes[index] ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(char).slice(1, -1);
    return `"${[...text].map(unit).join('')}"`;
  });
const mostlyPlain = (text: string) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(JSON.stringify(text)) }, { weight: 1, arbitrary: spelt(text) });

const hexOf = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes).toString('hex'));
const HEX = fc.oneof(hexOf(0, 80), hexOf(81, 200));
const WORD = fc.oneof(
  fc.constantFrom('submitblock', 'getblock', '"submitblock"', 'x\\submitblock', '[{"method":"submitblock"}]', ''),
  fc.string({ maxLength: 12 }),
  hexOf(0, 10),
);
/** Any JSON value, spaced anyhow. */
const { value: VALUE } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    WORD.chain(mostlyPlain),
    fc.constantFrom('null', 'true', 'false', '0', '-0', '17', '-1.5e+3', '1E9', '0.25', '12345678901234567890'),
    tie('array'),
    tie('object'),
  ),
  array: fc
    .tuple(SPACES, fc.array(tie('value'), { maxLength: 4 }))
    .map(([space, items]) => `[${space}${items.join(`${space},`)}]`),
  object: fc
    .tuple(SPACES, fc.uniqueArray(fc.tuple(WORD, tie('value')), { maxLength: 4, selector: ([key]) => key }))
    .map(
      ([space, members]) =>
        `{${members.map(([key, item]) => `${space}${JSON.stringify(key)}${space}:${item}`).join(',')}${space}}`,
    ),
}));

const BLOCK_PARAMS = fc.oneof(
  HEX.map((hex) => `["${hex}"]`),
  HEX.map((hex) => `[ "${hex}" , "dummy"]`),
  HEX.map((hex) => `{"dummy":1,"hexdata":"${hex}"}`),
  HEX.map((hex) => `{"args":["${hex}",2]}`),
  fc.tuple(HEX, HEX).map(([hex, other]) => `{"args":["${other}"],"hexdata":"${hex}"}`),
  VALUE,
);
const METHOD = fc.oneof({ weight: 3, arbitrary: mostlyPlain('submitblock') }, { weight: 1, arbitrary: VALUE });
const ID = fc.constantFrom('1', '"a b"', 'null', '-7', '"é"', 'true');

/** Members of a call in any order, perhaps with some of them missing, or beside others. */
const CALL = fc
  .tuple(
    fc.uniqueArray(
      fc.oneof(
        fc.tuple(fc.constant('method'), METHOD),
        fc.tuple(fc.constant('params'), BLOCK_PARAMS),
        fc.tuple(fc.constant('id'), ID),
        fc.tuple(fc.constant('jsonrpc'), fc.constantFrom('"1.0"', '"1.1"', '"2.0"')),
        fc.tuple(WORD, VALUE),
      ),
      { maxLength: 7, selector: ([key]) => key },
    ),
    SPACES,
  )
  .chain(([members, space]) =>
    fc.tuple(...members.map(([key]) => mostlyPlain(key))).map((keys) => ({
      members,
      text: `{${members.map(([, value], index) => `${space}${keys[index]} :${value}${space}`).join(',')}}`,
    })),
  );

type CallText = { readonly members: readonly (readonly [string, string])[]; readonly text: string };

/** The calls of a request, from how it was put together. */
function expected(calls: readonly CallText[]): unknown {
  return calls.flatMap(({ members }) => {
    return slowly(`{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`);
  });
}

describe('reading the calls in a request', () => {
  it('agrees with JSON.parse on any request, whatever its order, spaces and escapes', () => {
    fc.assert(
      fc.property(fc.array(CALL, { minLength: 1, maxLength: 3 }), fc.boolean(), SPACES, (calls, batch, space) => {
        const [only] = calls;
        assert.ok(only);
        const used = batch ? calls : [only];
        const text = batch
          ? `${space}[${used.map((call) => call.text).join(`,${space}`)}]${space}`
          : `${space}${only.text}${space}`;
        assert.deepEqual(brief(read(text)), expected(used));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes for JSON what JSON.parse takes for JSON and, but for what is in long strings, nothing else', () => {
    const mangled = fc
      .tuple(CALL, fc.nat(), fc.constantFrom(...'{}[],:"\\0x \n\u0001-.eE+tn', ''))
      .map(([call, at, char]) => {
        const place = at % (call.text.length + 1);
        return fc.oneof(
          fc.constant(call.text.slice(0, place)),
          fc.constant(call.text.slice(0, place) + char + call.text.slice(place + 1)),
          fc.constant(call.text.slice(0, place) + char + call.text.slice(place)),
        );
      });
    fc.assert(
      fc.property(
        mangled.chain((text) => text),
        (text) => {
          const isJson = slowly(text) !== 'not-json-rpc' && !repeatsKey(text);
          const isRead = read(text).kind === 'calls';
          assert.ok(isRead === isJson || (isRead && text.length > MIN_BLOCK_CHARS), text);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('never needs more than the bytes: any bytes are read without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.ok(['calls', 'not-json-rpc', 'too-many'].includes(readCalls(Buffer.from(bytes)).kind));
      }),
    );
  });

  for (const [text, id] of [
    ['{"id":1234567890123456,"method":"help"}', '1234567890123456'],
    ['{"id": "x\\u0041" ,"method":"help"}', '"xA"'],
    ['{"id":null,"method":"help"}', 'null'],
    ['{"method":"help"}', 'null'],
    ['{"id":{"a":[1]},"method":"help"}', 'null'],
    [`{"id":"${'x'.repeat(2_000)}","method":"help"}`, 'null'],
  ] as const) {
    it(`gives the id, unless it is neither text nor number or very long: ${text.slice(0, 40)}`, () => {
      assert.deepEqual(brief(read(text)), [[id, 'help', undefined]]);
    });
  }

  it('reads all of a large block', () => {
    const raw = Buffer.alloc(2_000_000, 'block');
    const calls = read(JSON.stringify({ params: [raw.toString('hex')], id: 1, method: 'submitblock' }));
    assert.ok(calls.kind === 'calls');
    assert.ok(calls.calls[0]?.block?.equals(raw));
  });

  it('gives a text that is long enough for a block as it is when it is no hex, for the gate to judge', () => {
    for (const text of ['xyz'.repeat(60), 'abc'.repeat(61), '00'.repeat(90).concat(' '), 'é'.repeat(100)]) {
      assert.deepEqual(brief(read(JSON.stringify({ method: 'submitblock', params: [text] }))), [
        ['null', 'submitblock', blockText(Buffer.from(text))],
      ]);
    }
  });

  it('knows no block where there is none', () => {
    for (const text of [
      '{"method":"submitblock","params":[]}',
      '{"method":"submitblock","params":[""]}',
      '{"method":"submitblock","params":["00"]}',
      `{"method":"submitblock","params":["${'0'.repeat(161)}"]}`,
      `{"method":"submitblock","params":["${'\\u0061'.repeat(200)}"]}`,
      '{"method":"submitblock","params":["\\u00000"]}',
      '{"method":"submitblock","params":["\\u0000-1"]}',
      '{"method":"submitblock","params":[7,"00"]}',
      '{"method":"submitblock","params":{}}',
      '{"method":"submitblock","params":"00"}',
      '{"method":"submitblock"}',
      '{"method":["submitblock"],"params":["00"]}',
      '{"method":"Submitblock","params":["00"]}',
      '{"x":{"method":"submitblock","params":["00"]}}',
    ]) {
      const calls = read(text);
      assert.ok(calls.kind === 'calls', text);
      assert.equal(calls.calls[0]?.block, undefined, text);
    }
  });

  it('reads hex behind escapes, with the line end that needs one', () => {
    const hex = 'ab'.repeat(100);
    for (const [written, content] of [
      [`${hex}\\n`, Buffer.from(`${hex}\n`)],
      [`\\u0061${hex.slice(1)}`, Buffer.from(hex, 'hex')],
    ] as const) {
      const calls = read(`{"method":"submitblock","params":["${written}"]}`);
      assert.ok(calls.kind === 'calls' && calls.calls[0]?.block?.equals(content), written);
    }
  });

  it('looks into no request with a key that is there twice: dashd heeds the first, and other parsers the last', () => {
    const block = `["${'00'.repeat(90)}"]`;
    for (const text of [
      `{"method":"ping","method":"submitblock","params":${block}}`,
      `{"method":"submitblock","method":"ping","params":${block}}`,
      `{"method":"ping","params":[],"\\u006dethod":"submitblock","params":${block}}`,
      `{"method":"submitblock","params":{"hexdata":"00","hexdata":${block.slice(1, -1)}}}`,
      `[{"method":"help"},{"id":1,"id":2,"method":"submitblock","params":${block}}]`,
    ]) {
      assert.equal(read(text).kind, 'not-json-rpc', text);
    }
    assert.equal(read(`{"id":":\\":","method":"submitblock","params":${block}}`).kind, 'calls');
  });

  it('bears any depth', () => {
    const nested = (depth: number) => `{"id":${'['.repeat(depth)}${']'.repeat(depth)},"method":"help"}`;
    assert.deepEqual(brief(read(nested(512))), [['null', 'help', undefined]]);
    assert.deepEqual(brief(read(nested(60_000))), [['null', 'help', undefined]]);
    assert.equal(read(nested(1_000_000)).kind, 'too-many');
  });

  const FULL = 8 * 1024 * 1024;
  const full = (unit: string) => unit.repeat(Math.floor(FULL / unit.length));
  const objects = `[${'{},'.repeat(FULL / 8 / 3)}1]`;
  const parsing = leastCpuMs(3, () => JSON.parse(objects));
  for (const [what, text] of [
    ['numbers', `{"method":"submitblock","params":[${full('1,')}1]}`],
    ['strings', `{"method":"submitblock","params":[${full('"",')}1]}`],
    ['objects', `{"method":"submitblock","params":[${full('{},')}1]}`],
    ['brackets', `{"method":"submitblock","params":${full('[')}`],
    ['keys', `{"method":"submitblock",${full('"a":1,')}"b":1}`],
    ['spaces', `${full(' ')}{"method":"submitblock"}`],
    ['escapes', `{"method":"submitblock","params":["${full('\\u0061')}"]}`],
    ['escaped quotes', `{"method":"submitblock","params":["${full('\\"')}"]}`],
    ['a single escape', `{"method":"submitblock","params":["${'ab'.repeat(2_000_000)}\\n"]}`],
    ['backslashes', `{"method":"submitblock","params":["${full('\\\\')}"]}`],
    ['one number', `{"method":"submitblock","id":${full('9')}}`],
    ['one key', `{"method":"submitblock","${full('a')}":1}`],
    ['blocks of the least size', `[${full(`{"method":"submitblock","params":["${'0'.repeat(162)}"]},`)}{}]`],
    ['one hex string', `{"method":"submitblock","params":["${full('ab')}"]}`],
    ['words', `submitblock${full('x')}`],
    ['numbers, as many as are read', `{"method":"submitblock","params":[${'1,'.repeat(65_000)}1]}`],
    ['brackets, as many as are read', `{"method":"submitblock","params":${'['.repeat(130_000)}`],
    ['objects, as many as are read', `{"method":"submitblock","params":[${'{},'.repeat(43_000)}1]}`],
    ['keys, as many as are read', `{"method":"submitblock",${Array.from({ length: 13_000 }, (_, at) => `"${at}":1`)}}`],
  ] as const) {
    it(`takes no longer than JSON.parse for 1 MiB of objects, whatever 8 MiB hold: ${what}`, () => {
      const body = Buffer.from(text);
      const look = leastCpuMs(3, () => maySubmit(body) && readCalls(body));
      assert.ok(look <= parsing, `${look} ms, and ${parsing} ms for JSON.parse`);
    });
  }

  it('does not look into a batch of more than a thousand', () => {
    const batch = (count: number) => `[${Array(count).fill('{"method":"submitblock","params":["00"]}').join(',')}]`;
    assert.equal(read(batch(MAX_CALLS)).kind, 'calls');
    assert.equal(read(batch(MAX_CALLS + 1)).kind, 'too-many');
    assert.equal(read(batch(100_000)).kind, 'too-many');
  });

  it('has a quick look first, which misses nothing', () => {
    fc.assert(
      fc.property(CALL, ({ text }) => {
        const calls = read(text);
        const submits = calls.kind === 'calls' && calls.calls.some(({ method }) => method === 'submitblock');
        if (submits) assert.ok(maySubmit(Buffer.from(text)));
      }),
    );
    assert.equal(maySubmit(Buffer.from('{"method":"getblocktemplate"}')), false);
  });
});
