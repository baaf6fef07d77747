import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { ticksUpTo } from '../../../src/simulation/report/chart.js';
import { formatRatio, formatTime } from '../../../src/simulation/report/figures.js';
import { reportPage } from '../../../src/simulation/report/page.js';
import { ProgressBar, progressLine } from '../../../src/simulation/report/progress.js';
import { reportJson } from '../../../src/simulation/report/study-report.js';
import { reportText } from '../../../src/simulation/report/text.js';
import { madeUp } from './made-up.js';

const NAMES = ['dashd', 'random-20', 'scored-20'];
const OPTIONS = { css: 'p{}', contenders: new Map([['dashd', 'the pool’s dashd alone']]) };

describe('the table', () => {
  const text = reportText(madeUp(NAMES, [15_000]));

  test('has a row for each contender: times, ratio to the first with its interval, and cost', () => {
    const [head, ...rows] = text.split('\n').slice(3, 7);
    assert.match(head ?? '', /contender +t240 p50 +p90 +ratio to dashd +network 95 % +connections +sent$/);
    assert.match(rows[0] ?? '', /^ {2}dashd +170 ms +190 ms +1 +340 ms +0 +100 kB$/);
    assert.match(rows[1] ?? '', /^ {2}random-20 +153 ms +171 ms +0\.90 +\(0\.88–0\.92\) +306 ms +10 +200 kB$/);
  });

  test('has the share of signers by the head start of a rival', () => {
    assert.match(text, /head start of a rival +0 ms +50 ms +100 ms +250 ms\n {2}dashd +50 % +30 % +10 % +0 %\n/);
  });

  test('ends with the command that repeats it', () => {
    assert.ok(text.endsWith('Again: blockcast simulate made-up --seed 7 --runs 5\n'));
  });
});

describe('figures', () => {
  test('say never for a time of −1', () => {
    assert.equal(formatTime(-1), 'never');
    assert.equal(formatTime(149_400), '149 ms');
  });

  test('have no ratio where there is none', () => assert.equal(formatRatio(Number.NaN), '–'));
});

describe('the JSON', () => {
  test('is one line with the same keys in the same order each time, and nothing of the machine', () => {
    const json = reportJson(madeUp(NAMES, [7_000, 15_000]));
    assert.equal(json, reportJson(madeUp(NAMES, [7_000, 15_000])));
    assert.equal(json.indexOf('\n'), json.length - 1);
    const parsed = JSON.parse(json) as { studies: { scenario: object; contenders: object[] }[] };
    assert.deepEqual(Object.keys(parsed), [
      'blockcast',
      'command',
      'name',
      'description',
      'seed',
      'runs',
      'contenders',
      'studies',
    ]);
    assert.equal(parsed.studies.length, 2);
    assert.equal(parsed.studies[0]?.contenders.length, 3);
  });
});

describe('the HTML report', () => {
  test('is one file: no script, and nothing from elsewhere', () => {
    const page = reportPage(madeUp(NAMES, [7_000, 15_000]), OPTIONS);
    assert.doesNotMatch(page, /<script|<link|<img|@import|url\(|(?:src|href)="(?!#)/);
    assert.match(page, /<style>p\{\}<\/style>/);
  });

  test('says how to repeat it, with the seed', () => {
    const page = reportPage(madeUp(NAMES, [15_000]), OPTIONS);
    assert.ok(page.includes('<code>blockcast simulate made-up --seed 7 --runs 5</code> with blockcast 1.2.3'));
    assert.ok(page.includes('<dt>Seed</dt><dd>7</dd>'));
  });

  test('shows foreign text as text', () => {
    const page = reportPage(madeUp(['dashd'], [15_000], `<img src=x onerror="alert('1')">&`), OPTIONS);
    assert.ok(page.includes('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;'));
    assert.ok(!page.includes('<img'));
  });

  test('has the values of each chart as text', () => {
    const page = reportPage(madeUp(NAMES, [15_000]), OPTIONS);
    assert.equal(page.match(/role="img" aria-label="[^"]*dashd: [^"]+"/g)?.length, 3);
    assert.ok(page.includes('<th scope="row">50</th><td>30 %</td><td>36 %</td><td>42 %</td>'));
  });

  test('has a table of all scenarios when there are several', () => {
    assert.ok(!reportPage(madeUp(NAMES, [15_000]), OPTIONS).includes('All scenarios'));
    assert.ok(reportPage(madeUp(NAMES, [7_000, 15_000]), OPTIONS).includes('href="#study-2"'));
  });
});

describe('the ticks of an axis', () => {
  for (const [max, expected] of [
    [0, [0, 1]],
    [4, [0, 1, 2, 3, 4]],
    [250, [0, 50, 100, 150, 200, 250]],
    [251, [0, 100, 200, 300]],
    [1_968, [0, 500, 1_000, 1_500, 2_000]],
  ] as const) {
    test(`are round numbers up to ${max}`, () => assert.deepEqual(ticksUpTo(max), expected));
  }
});

describe('the line of progress', () => {
  test('has a bar, the runs, and the time that the rest will take', () => {
    assert.equal(
      progressLine(30, 120, 10_000, 120),
      `${'█'.repeat(7)}${'░'.repeat(23)} 25 %, 30 of 120 runs, 30 s left`,
    );
  });

  test('has no estimate before a second has passed, nor before the first run', () => {
    assert.ok(progressLine(1, 120, 900, 120).endsWith('1 of 120 runs'));
    assert.ok(progressLine(0, 120, 5_000, 120).endsWith('0 of 120 runs'));
  });

  test('says at the end how long it took', () => {
    assert.ok(progressLine(120, 120, 61_000, 120).endsWith('█ 100 %, 120 of 120 runs in 1 min 1 s'));
  });

  test('is not longer than the terminal is wide', () => assert.equal(progressLine(1, 2, 5_000, 40).length, 40));
});

describe('the bar of progress', () => {
  /** What is written to a terminal. @param columns 0: unknown */
  function terminal(columns: number) {
    const written: string[] = [];
    const write = (chunk: Buffer, _: string, done: () => void) => {
      written.push(chunk.toString());
      done();
    };
    return { written, output: Object.assign(new Writable({ write }), { isTTY: true, columns }) };
  }

  test('is drawn in place, ten times a second at most, and stays at the end', () => {
    let now = 0;
    const { written, output } = terminal(80);
    const bar = new ProgressBar(output, { monotonic: () => now });
    for (now of [0, 50, 100]) bar.show(1, 4);
    assert.equal(written.length, 2);
    bar.end(4, 4);
    assert.ok(written.join('').endsWith(`\r${'█'.repeat(30)} 100 %, 4 of 4 runs in 0 s\x1b[K\n`));
  });

  test('is whole on a terminal whose width is not known', () => {
    const { written, output } = terminal(0);
    new ProgressBar(output, { monotonic: () => 0 }).show(1, 4);
    assert.ok(written[0]?.endsWith('1 of 4 runs\x1b[K'));
  });
});
