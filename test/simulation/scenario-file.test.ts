import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatConfigError } from '../../src/config/error.js';
import { type Overrides, readPlan, type StudyPlan } from '../../src/simulation/scenario-file.js';
import type { Catalogue } from '../../src/simulation/scenario-schema.js';

const CATALOGUE: Catalogue = {
  latencies: new Map([
    ['measured', ['europe', 'asia']],
    ['pessimistic', ['europe', 'japan']],
  ]),
  contenders: new Map([
    ['dashd', 'the pool’s dashd alone'],
    ['random-20', '20 random peers'],
  ]),
  usual: ['dashd', 'random-20'],
};

function read(text: string, overrides: Overrides = {}, path = 'study.yaml') {
  return readPlan({ path, text, name: 'study' }, overrides, CATALOGUE);
}

function planOf(text: string, overrides?: Overrides): StudyPlan {
  const result = read(text, overrides);
  assert.ok(result.ok, JSON.stringify(result));
  return result.plan;
}

function errorsOf(text: string, overrides?: Overrides, path?: string): string[] {
  const result = read(text, overrides, path);
  return result.ok ? [] : result.errors.map(formatConfigError);
}

describe('a scenario file', () => {
  test('gives what differs; every other key has its default', () => {
    const { scenarios, ...plan } = planOf('runs: 3');
    assert.deepEqual(plan, {
      name: 'study',
      description: '',
      seed: 1,
      runs: 3,
      contenders: ['dashd', 'random-20'],
    });
    assert.deepEqual(scenarios, [
      {
        latency: 'measured',
        blockBytes: 15_000,
        network: { masternodes: 2_970, others: 430, offline: 0, processing: 1 },
        pool: { region: 'europe', uplinkMbit: 1_000, share: 0.1, highBandwidth: true, writeMicros: 20 },
        mempoolOverlap: 0.999,
        rival: { headStartsMs: [0, 25, 50, 75, 100, 150, 250] },
        contenders: ['dashd', 'random-20'],
      },
    ]);
  });

  test('has one scenario for each latency table and size of block', () => {
    const { scenarios } = planOf('latency: [pessimistic, measured]\nblockBytes: [7000, 300000]');
    assert.deepEqual(
      scenarios.map(({ latency, blockBytes }) => [latency, blockBytes]),
      [
        ['pessimistic', 7_000],
        ['pessimistic', 300_000],
        ['measured', 7_000],
        ['measured', 300_000],
      ],
    );
  });

  test('may be JSON5, with a single value where a list can be', () => {
    const result = read("{contenders: 'random-20', rival: {headStartsMs: 50}}", {}, 'study.json5');
    assert.ok(result.ok);
    assert.deepEqual(result.plan.contenders, ['random-20']);
    assert.deepEqual(result.plan.scenarios[0]?.rival.headStartsMs, [50]);
  });

  test('has its head starts in ascending order', () => {
    assert.deepEqual(planOf('rival: {headStartsMs: [50, 0, 25]}').scenarios[0]?.rival.headStartsMs, [0, 25, 50]);
  });

  test('is overridden by the command line', () => {
    const { seed, runs, contenders, scenarios } = planOf('runs: 3\nseed: 4', {
      seed: 9,
      runs: 1,
      contenders: ['random-20'],
    });
    assert.deepEqual([seed, runs, contenders, scenarios[0]?.contenders], [9, 1, ['random-20'], ['random-20']]);
  });

  for (const [text, message] of [
    ['', 'scenario (from study.yaml): is empty. Give at least one key, such as blockBytes: 15000.'],
    ['# nothing', 'scenario (from study.yaml): is empty. Give at least one key, such as blockBytes: 15000.'],
    ['just text', 'scenario (from study.yaml): "just text" is not a section with keys. Give a section with keys.'],
    ['- runs', 'scenario (from study.yaml): a list of 1 is not a section with keys. Give a section with keys.'],
    ['runs: {', 'scenario (from study.yaml): is not YAML: bad indent at line 1, column 8. Correct the file.'],
    ['run: 3', 'run (from study.yaml): is not a key of a scenario. Did you mean runs?'],
    ['pool: {uplink: 3}', 'pool.uplink (from study.yaml): is not a key of a scenario. Did you mean uplinkMbit?'],
    [
      'pool: {colour: red}',
      'pool.colour (from study.yaml): is not a key of a scenario. Give one of: region, uplinkMbit, share, highBandwidth, writeMicros.',
    ],
    ['__proto__: 1', /^__proto__ \(from study\.yaml\): is not a key of a scenario\. Give one of: /],
    ['"\\e[2J": 1', /^"\\u001b\[2J" \(from study\.yaml\): is not a key of a scenario/],
    ['pool: 3', 'pool (from study.yaml): 3 is not a section with keys. Give a section with keys.'],
    [
      'runs: many',
      'runs (from study.yaml): "many" is not a whole number from 1 to 10000. Give a whole number from 1 to 10000.',
    ],
    [
      'runs: 0',
      'runs (from study.yaml): 0 is not a whole number from 1 to 10000. Give a whole number from 1 to 10000.',
    ],
    ['runs: -1', /^runs \(from study\.yaml\): -1 is not a whole number/],
    ['runs: 1.5', /^runs \(from study\.yaml\): 1\.5 is not a whole number/],
    ['runs: .nan', /^runs \(from study\.yaml\): NaN is not a whole number/],
    ['runs: .inf', /^runs \(from study\.yaml\): Infinity is not a whole number/],
    ['runs: 1e30', /^runs \(from study\.yaml\): 1e\+30 is not a whole number/],
    ['runs: null', /^runs \(from study\.yaml\): nothing is not a whole number/],
    ['runs: [1, 2]', /^runs \(from study\.yaml\): a list of 2 is not a whole number/],
    ['seed: 4294967296', /^seed \(from study\.yaml\): 4294967296 is not a whole number from 0 to 4294967295\./],
    ['blockBytes: 3000000', /^blockBytes \(from study\.yaml\): 3000000 is not a whole number from 200 to 2000000\./],
    ['blockBytes: [7000, "big"]', /^blockBytes\[1\] \(from study\.yaml\): "big" is not a whole number/],
    ['blockBytes: []', /^blockBytes \(from study\.yaml\): a list of 0 is not a list of 1 to 32 values\./],
    ['blockBytes: {a: 1}', /^blockBytes \(from study\.yaml\): a section is not a list of 1 to 32 values\./],
    ['blockBytes: [7000, 7000]', 'blockBytes (from study.yaml): 7000 is given twice. Give it once.'],
    [
      'mempoolOverlap: 99.9',
      'mempoolOverlap (from study.yaml): 99.9 is not a number from 0 to 1. Give a number from 0 to 1.',
    ],
    [
      'network: {regions: {europe: 0.5, mars: 0.5}}',
      'network.regions (from study.yaml): "mars" is not a region of the latency table measured. Give one of: europe, asia.',
    ],
    [
      'network: {regions: {europe: 0.5, asia: 0.4}}',
      'network.regions (from study.yaml): are shares that are not 1 in sum. Give shares whose sum is 1.',
    ],
    [
      'network: {regions: {europe: 2}}',
      /^network\.regions\.europe \(from study\.yaml\): 2 is not a number from 0 to 1\./,
    ],
    ['network: {regions: []}', /^network\.regions \(from study\.yaml\): a list of 0 is not a section with keys\./],
    ['pool: {writeMicros: -1}', /^pool\.writeMicros \(from study\.yaml\): -1 is not a whole number from 0 to 10000\./],
    ['network: {offline: 1}', /^network\.offline \(from study\.yaml\): 1 is not a number from 0 to 0\.9\./],
    [
      'network: {masternodes: 399}',
      /^network\.masternodes \(from study\.yaml\): 399 is not a whole number from 400 to 20000/,
    ],
    ['pool: {highBandwidth: maybe}', /^pool\.highBandwidth \(from study\.yaml\): "maybe" is not true or false\./],
    ['rival: {headStartsMs: [-5]}', /^rival\.headStartsMs\[0\] \(from study\.yaml\): -5 is not a whole number/],
    ['rival: {headStartsMs: [5, 5]}', 'rival.headStartsMs (from study.yaml): 5 is given twice. Give it once.'],
    [
      'contenders: [dashd, random20]',
      'contenders (from study.yaml): "random20" is not a contender. Did you mean random-20?',
    ],
    [
      'contenders: [wombat]',
      'contenders (from study.yaml): "wombat" is not a contender. Give one of: dashd, random-20.',
    ],
    ['contenders: [dashd, dashd]', 'contenders (from study.yaml): "dashd" is given twice. Give it once.'],
    ['latency: mesured', 'latency (from study.yaml): "mesured" is not a latency table. Did you mean measured?'],
    [
      'pool: {region: easia}',
      'pool.region (from study.yaml): "easia" is not a region of the latency table measured. Did you mean asia?',
    ],
    [
      'latency: [measured, pessimistic]\npool: {region: asia}',
      'pool.region (from study.yaml): "asia" is not a region of the latency table pessimistic. Give one of: europe, japan.',
    ],
  ] as const) {
    test(`is refused: ${JSON.stringify(text)}`, () => {
      const [error = '', ...others] = errorsOf(text);
      if (typeof message === 'string') assert.equal(error, message);
      else assert.match(error, message);
      assert.deepEqual(others, []);
    });
  }

  test('is refused with all its errors at once', () => {
    assert.equal(errorsOf('runs: 0\nseed: x\npool: {regoin: europe}').length, 3);
  });

  test('is not blamed for what the command line gives', () => {
    assert.deepEqual(errorsOf('runs: 1', { contenders: ['wombat'] }), [
      'contenders (from --contenders): "wombat" is not a contender. Give one of: dashd, random-20.',
    ]);
  });

  test('is refused by the ending of its name', () => {
    assert.match(errorsOf('runs: 1', {}, 'study.toml')[0] ?? '', /must end in \.yaml, \.yml, \.json or \.json5/);
  });

  test('may be binary, nested deeply, or long, and is refused without its content', () => {
    const binary = Buffer.from(Array.from({ length: 4_000 }, (_, at) => (at * 193 + 7) % 256)).toString('utf8');
    for (const [text, path] of [
      [binary, 'a.yaml'],
      [binary, 'a.json'],
      ['['.repeat(100_000) + ']'.repeat(100_000), 'a.json5'],
      [`{runs: ${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'a.json5'],
      ['['.repeat(100_000), 'a.yaml'],
      [`contenders: ${'x'.repeat(200_000)}`, 'a.yaml'],
    ] as const) {
      const [error = ''] = errorsOf(text, {}, path);
      assert.match(error, /^(scenario|runs|contenders) \(from a\./);
      assert.ok(error.length < 300, error);
    }
  });

  test('of any content gives a plan, or errors on one line each', () => {
    const key = fc.constantFrom('runs', 'seed', 'contenders', 'latency', 'blockBytes', 'network', 'pool', 'rival', 'x');
    const content = fc.oneof(
      fc.json(),
      fc.dictionary(key, fc.jsonValue()).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(content, (text) => {
        const result = read(text, {}, 'any.json');
        if (result.ok) assert.ok(result.plan.runs >= 1 && result.plan.scenarios.length >= 1);
        else for (const error of result.errors) assert.match(formatConfigError(error), /^[^\n]+[.?]$/);
      }),
    );
  });
});
