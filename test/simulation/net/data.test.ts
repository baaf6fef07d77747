import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { formatConfigError } from '../../../src/config/error.js';
import { type Checked, parseHosts, parseLatencyTable, readNetData } from '../../../src/simulation/net/data.js';
import { drawHost } from '../../../src/simulation/net/host-mix.js';
import { RunRandom } from '../../../src/simulation/random.js';

const TABLE = 'source: measured\nregions: [here, there]\nroundTripMs: [[10, 80], [80, 20]]\nspread: 0.2\n';
const SHARES = 'source: measured\n  regions: { here: 0.25, there: 0.75 }\n  lines:\n';
const LINES =
  '    - { share: 0.6, upMbit: 8, downMbit: 16, accessMs: [1, 3] }\n    - { share: 0.4, upMbit: 1, downMbit: 1, accessMs: [4, 4] }\n';
const HOSTS = `masternodes:\n  ${SHARES}${LINES}others:\n  ${SHARES}${LINES}`;

function dataOf<T>(checked: Checked<T>): T {
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked.data;
}

function errorsOf(checked: Checked<unknown>): readonly string[] {
  return checked.ok ? [] : checked.errors.map(formatConfigError);
}

describe('the data files of this package', () => {
  const { tables, hosts } = dataOf(readNetData());

  test('are three latency tables and one mix of hosts', () => {
    assert.deepEqual([...tables.keys()], ['aws-2025', 'simblock-2019', 'simblock-2019-halved']);
  });

  test('are such that SimBlock taken at its word has twice the latency of SimBlock halved', () => {
    const [word, halved] = [tables.get('simblock-2019'), tables.get('simblock-2019-halved')];
    for (const from of [0, 1, 2, 3, 4, 5])
      for (const to of [0, 1, 2, 3, 4, 5]) assert.equal(word?.oneWay(from, to), 2 * (halved?.oneWay(from, to) ?? 0));
    assert.equal(word?.oneWay(0, 1), 124_000);
  });

  test('place the hosts that are drawn by their shares: two thirds of the masternodes are in Europe', () => {
    const regions = tables.get('aws-2025')?.regions ?? [];
    const random = new RunRandom(1, 'hosts');
    const drawn = Array.from({ length: 10_000 }, () => drawHost(hosts.masternodes, regions, random));
    const share = (region: string): number =>
      drawn.filter((host) => host.region === regions.indexOf(region)).length / drawn.length;
    assert.ok(Math.abs(share('europe') - 0.65) < 0.02, `${share('europe')}`);
    assert.ok(Math.abs(share('north-america') - 0.21) < 0.02, `${share('north-america')}`);
    const fast = drawn.filter(({ up }) => up === 125_000_000).length / drawn.length;
    assert.ok(Math.abs(fast - 0.5) < 0.02, `${fast}`);
    for (const { accessMs } of drawn) assert.ok(accessMs >= 0.2 && accessMs <= 3);
  });
});

describe('a latency table', () => {
  test('halves the round trips, and has one spread for all pairs of regions or one for each', () => {
    const one = dataOf(parseLatencyTable('a.yaml', TABLE));
    assert.deepEqual([one.oneWay(0, 1), one.oneWay(1, 1), one.spread(1, 0)], [40_000, 10_000, 0.2]);
    const each = dataOf(parseLatencyTable('a.yaml', TABLE.replace('0.2', '[[0.1, 0.2], [0.2, 0.3]]')));
    assert.deepEqual([each.spread(0, 0), each.spread(1, 0), each.spread(1, 1)], [0.1, 0.2, 0.3]);
    assert.throws(() => one.oneWay(0, 2), RangeError);
  });

  for (const [what, text, error] of [
    ['that lacks a row', TABLE.replace(', [80, 20]', ''), /roundTripMs \(from a\.yaml\).*2 rows of 2 numbers/],
    ['that differs by direction', TABLE.replace('[80, 20]', '[81, 20]'), /roundTripMs .* the same in both directions/],
    [
      'with text for a number',
      TABLE.replace('10', 'ten'),
      /roundTripMs\[0\]\[0\] .*"ten" is not a number from 0 to 10000\. Give/,
    ],
    ['without a source', TABLE.replace('source: measured', ''), /source .*nothing is not the source of the figures/],
    ['with a key that is none', `${TABLE}jiter: 2\n`, /jiter .* is not a key of a latency table\./],
    ['that is no YAML', 'regions: [', /is not YAML/],
  ] as const) {
    test(`${what} is refused, with file, key and remedy`, () => {
      const [first = ''] = errorsOf(parseLatencyTable('a.yaml', text));
      assert.match(first, error);
      assert.match(first, /a\.yaml/);
    });
  }
});

describe('a mix of hosts', () => {
  test('gives rates in bytes per second, and access times between the two of the line', () => {
    const { others } = dataOf(parseHosts('hosts.yaml', HOSTS));
    const random = new RunRandom(1, 'hosts');
    const drawn = Array.from({ length: 100 }, () => drawHost(others, ['there', 'here'], random));
    const fast = drawn.filter(({ up }) => up === 1_000_000);
    assert.ok(fast.length > 0 && fast.length < 100);
    for (const { down, accessMs } of fast) assert.ok(down === 2_000_000 && accessMs >= 1 && accessMs < 3);
    for (const { accessMs } of drawn.filter(({ up }) => up === 125_000)) assert.equal(accessMs, 4);
  });

  for (const [what, from, to, error] of [
    ['whose shares are not 1 in sum', '0.25', '0.3', /masternodes\.regions .* 1 in sum/],
    ['whose access times are reversed', '[1, 3]', '[3, 1]', /masternodes\.lines\[0\]\.accessMs .* smaller one first/],
    ['with a rate of 0', 'upMbit: 8', 'upMbit: 0', /masternodes\.lines\[0\]\.upMbit .*0 is not a number from 0\.1/],
    ['with a key that is none', 'upMbit: 8', 'upMbits: 8', /masternodes\.lines\.0\.upMbits .* Did you mean upMbit\?/],
  ] as const) {
    test(`${what} is refused, with file, key and remedy`, () => {
      const errors = errorsOf(parseHosts('hosts.yaml', HOSTS.replace(from, to)));
      assert.ok(
        errors.some((text) => error.test(text)),
        errors.join('\n'),
      );
    });
  }
});

describe('a folder of data files', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'net-data-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  test('names what is missing or does not fit: no hosts, no tables, a region without a row', () => {
    assert.match(
      errorsOf(readNetData(folder)).join('\n'),
      /hosts\.yaml .*could not be read: ENOENT[\s\S]*latency .*could not be read/,
    );
    writeFileSync(join(folder, 'hosts.yaml'), HOSTS.replaceAll('there', 'elsewhere'));
    mkdirSync(join(folder, 'latency'));
    assert.match(errorsOf(readNetData(folder)).join('\n'), /latency .*has no latency table/);
    writeFileSync(join(folder, 'latency', 'mine.yaml'), TABLE);
    assert.match(errorsOf(readNetData(folder)).join('\n'), /regions \(from .*mine\.yaml\).* has no elsewhere/);
    writeFileSync(join(folder, 'hosts.yaml'), HOSTS);
    assert.deepEqual([...dataOf(readNetData(folder)).tables.keys()], ['mine']);
  });
});
