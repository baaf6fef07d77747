import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { type SimulateFlags, simulate } from '../../src/cli/simulate.js';
import { readPlan } from '../../src/simulation/scenario-file.js';
import { DEFAULT_SCENARIO, shippedScenarios } from '../../src/simulation/shipped.js';
import { loadSimulator, type Simulator } from '../../src/simulation/simulator.js';
import { madeUp } from '../simulation/report/made-up.js';
import { cli } from './support.js';

const CATALOGUE: Simulator['catalogue'] = {
  latencies: new Map([['measured', ['europe', 'asia']]]),
  contenders: new Map([
    ['dashd', 'the pool’s dashd alone'],
    ['random-20', '20 random peers'],
    ['spread-20', '20 peers in different regions'],
  ]),
  usual: ['dashd', 'random-20', 'spread-20'],
};

/** @param stopAfter runs after which the study is stopped */
function madeUpSimulator(stopAfter = Number.POSITIVE_INFINITY): Simulator {
  return {
    catalogue: CATALOGUE,
    runStudies: async (scenarios, { runs, onProgress }) => {
      const total = scenarios.reduce((sum, { contenders }) => sum + runs * contenders.length, 0);
      for (let run = 1; run <= total; run += 1) {
        if (run > stopAfter) return undefined;
        onProgress(run);
      }
      return scenarios.flatMap((scenario) => {
        const [result] = madeUp(scenario.contenders, [scenario.blockBytes]).results;
        return result === undefined ? [] : [{ ...result, scenario }];
      });
    },
  };
}

async function run(scenario: string, flags: SimulateFlags = {}, simulator = madeUpSimulator(), tty = false) {
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), tty ? { isTTY: true, rows: 24, columns: 80 } : {});
  const read = Promise.all([text(stdout), text(stderr)]);
  const stop = new AbortController().signal;
  const context = { args: [], env: {}, platform: 'linux', readFile: () => '', stdout, stderr, stop };
  const code = await simulate(scenario, flags, '1.2.3', context, simulator);
  stdout.end();
  stderr.end();
  const [out, err] = await read;
  return { code, stdout: out, stderr: err };
}

describe('blockcast simulate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-simulate-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, contents: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, contents);
    return path;
  };
  const scenario = file('mine.yaml', 'blockBytes: [7000, 15000]\nruns: 2\nseed: 9\n');

  test('prints a table for each scenario, and how to repeat it', async () => {
    const { code, stdout, stderr } = await run(scenario);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.equal(stdout.match(/^ {2}contender /gm)?.length, 2);
    assert.ok(stdout.endsWith(`Again: blockcast simulate ${scenario} --seed 9 --runs 2\n`));
  });

  test('repeats a file with a blank in its name, and chosen contenders', async () => {
    const path = file('my pool.yaml', 'runs: 1');
    const { stdout } = await run(path, { contenders: ['random-20'], seed: 3 });
    assert.ok(stdout.endsWith(`Again: blockcast simulate '${path}' --seed 3 --runs 1 --contenders random-20\n`));
  });

  test('prints JSON alone with --json, the same each time', async () => {
    const first = await run(scenario, { json: true }, madeUpSimulator(), true);
    const again = await run(scenario, { json: true });
    assert.deepEqual(first, again);
    assert.equal(first.stderr, '');
    const { seed, runs, studies } = JSON.parse(first.stdout) as { seed: number; runs: number; studies: unknown[] };
    assert.deepEqual([seed, runs, studies.length], [9, 2, 2]);
  });

  test('shows its progress on a terminal only', async () => {
    assert.match((await run(scenario, {}, madeUpSimulator(), true)).stderr, /100 %, 12 of 12 runs/);
    assert.equal((await run(scenario)).stderr, '');
  });

  test('writes the HTML report in the place of the one before, and leaves nothing else', async () => {
    const html = file('report.html', 'the one before');
    const { code, stdout } = await run(scenario, { html });
    assert.equal(code, 0);
    assert.match(readFileSync(html, 'utf8'), /^<!doctype html>[\s\S]*--seed 9 --runs 2<\/code>[\s\S]*<\/html>\n$/);
    assert.match(stdout, /t240 p50/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('.tmp')),
      [],
    );
  });

  test('stops when it is asked to, says how far it came, and writes nothing', async () => {
    const html = join(folder, 'stopped.html');
    const { code, stdout, stderr } = await run(scenario, { html }, madeUpSimulator(4));
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.equal(stderr, 'error: stopped after 4 of 12 runs: nothing was written.\n');
    assert.ok(!readdirSync(folder).includes('stopped.html'));
  });

  test('keeps what it has simulated with --save, says so when it is stopped, and refuses a file of something else', async () => {
    const save = join(folder, 'runs.jsonl');
    const { code, stderr } = await run(scenario, { save }, madeUpSimulator(4));
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `error: stopped after 4 of 12 runs: they are in ${save}, and the same command goes on from there.\n`,
    );
    const other = await run(scenario, { save: scenario }, madeUpSimulator(0));
    assert.equal(other.code, 1);
    assert.match(
      other.stderr,
      /^error: --save: line 1 of .*mine\.yaml is not a run that --save wrote\. Give another file\.\n$/,
    );
  });

  test('lists the scenarios that come with it, the contenders and the latency tables', async () => {
    const { code, stdout } = await cli(['simulate', '--list']);
    assert.equal(code, 0);
    assert.match(stdout, /^Scenarios:\n {2}default +\S/);
    assert.match(stdout, /Contenders:\n {2}dashd +the pool’s dashd alone/);
    assert.match(stdout, /Latency tables:\n {2}aws-2025 +regions: .*europe/);
    // A line has a name and a text.
    for (const line of stdout.split('\n')) if (line.startsWith('  ')) assert.match(line, /^ {2}\S+ +\S/);
  });

  describe('on the model', () => {
    const small = file(
      'small.json5',
      "{network: {masternodes: 400, others: 50}, runs: 1, contenders: ['dashd', 'random-20'], rival: {headStartsMs: [0, 50]}}",
    );

    test('gives the same bytes for the same seed, by two threads and from saved runs as well, and others for another seed', async () => {
      const first = await cli(['simulate', small, '--json']);
      assert.deepEqual({ code: first.code, stderr: first.stderr }, { code: 0, stderr: '' });
      assert.deepEqual(await cli(['simulate', small, '--json']), first);
      const save = join(folder, 'small.jsonl');
      for (const workers of ['2', '1']) {
        assert.deepEqual(await cli(['simulate', small, '--json', '--workers', workers, '--save', save]), first);
      }
      const { stdout } = await cli(['simulate', small, '--json', '--seed', '2']);
      const timesOf = (json: string) => /"t240":\[[^\]]*\]/.exec(json)?.[0];
      assert.notEqual(timesOf(stdout), timesOf(first.stdout));
    });

    test('stops before the next run', async () => {
      const { code, stdout, stderr } = await cli(
        ['simulate', small, '--runs', '9999'],
        {},
        { stop: AbortSignal.abort() },
      );
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
      assert.equal(stderr, 'error: stopped after 0 of 19998 runs: nothing was written.\n');
    });

    test('has scenarios that are right, each with a line about it', () => {
      const loaded = loadSimulator();
      assert.ok(loaded.ok);
      for (const [name, path] of shippedScenarios()) {
        const planned = readPlan({ path, text: readFileSync(path, 'utf8'), name }, {}, loaded.data.catalogue);
        assert.ok(planned.ok && planned.plan.description !== '', name);
      }
      assert.ok([...shippedScenarios().keys()].includes(DEFAULT_SCENARIO));
    });
  });

  describe('refuses', () => {
    const fifo = join(folder, 'fifo.yaml');
    const huge = file('huge.yaml', '');
    const made = (): void => {
      spawnSync('mkfifo', [fifo]);
      truncateSync(huge, 2 ** 30);
      mkdirSync(join(folder, 'folder.yaml'));
    };
    made();
    const cases: readonly (readonly [scenario: string, message: RegExp, flags?: SimulateFlags])[] = [
      ['defualt', /scenario \(from defualt\): is not a scenario that comes with blockcast\. Did you mean default\?/],
      ['wombat', /Give one of: default.* The name of a file ends in \.yaml/],
      [join(folder, 'none.yaml'), /none\.yaml\): cannot be read \(ENOENT\)\. Give a file, or the name of a scenario/],
      [join(folder, 'folder.yaml'), /folder\.yaml\): is not a regular file\./],
      [fifo, /fifo\.yaml\): is not a regular file\./],
      [huge, /huge\.yaml\): cannot be read \(larger than 256 KiB\)\./],
      [file('empty.yaml', ''), /empty\.yaml\): is empty\./],
      [file('binary.yaml', Buffer.from([0, 255, 1, 254, 137, 80])), /binary\.yaml\): .*\. /],
      [
        file('nan.yaml', 'mempoolOverlap: .nan'),
        /mempoolOverlap \(from .*nan\.yaml\): NaN is not a number from 0 to 1\./,
      ],
      [
        scenario,
        /contenders \(from --contenders\): "spraed-20" is not a contender\. Did you mean spread-20\?/,
        { contenders: ['spraed-20'] },
      ],
      [scenario, /contenders \(from --contenders\): "dashd" is given twice/, { contenders: ['dashd', 'dashd'] }],
    ];
    for (const [given, message, flags] of cases) {
      test(`${given.replace(folder, '…')} ${JSON.stringify(flags ?? {})}`, async () => {
        const { code, stdout, stderr } = await run(given, { ...flags, html: join(folder, 'none.html') });
        assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
        assert.match(stderr, message);
        assert.match(stderr, /^error: [^\n]+\n$/);
      });
    }

    test('hundreds of errors, of which it shows 20', async () => {
      const path = file('keys.yaml', Array.from({ length: 300 }, (_, at) => `key${at}: 1`).join('\n'));
      const { stderr } = await run(path);
      assert.equal(stderr.split('\n').length, 22);
      assert.match(stderr, /error: and 280 more\n$/);
    });

    for (const [html, message] of [
      [
        join(folder, 'no', 'report.html'),
        /--html: .*report\.html cannot be written \(ENOENT\)\. Give a file that this user may write\./,
      ],
      [folder, /--html: .* is not a regular file\./],
    ] as const) {
      test(`--html ${html.replace(folder, '…')}, before it runs anything`, async () => {
        const { code, stdout, stderr } = await run(scenario, { html }, madeUpSimulator(0));
        assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
        assert.match(stderr, message);
      });
    }

    for (const [args, message] of [
      [['--runs', '0'], /Give a whole number from 1 to 10000\./],
      [['--runs', '1e9'], /Give a whole number from 1 to 10000\./],
      [['--seed', '-1'], /Give a whole number from 0 to 4294967295\./],
      [['--seed', 'NaN'], /Give a whole number from 0 to 4294967295\./],
      [['--contenders', 'dashd,,'], /Give names, separated by commas\./],
      [['--contender', 'dashd'], /unknown option '--contender'\n\(Did you mean --contenders\?\)/],
      [['default', 'surplus'], /too many arguments/],
    ] as const) {
      test(args.join(' '), async () => {
        const { code, stdout, stderr } = await cli(['simulate', ...args]);
        assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
        assert.match(stderr, message);
      });
    }
  });
});
