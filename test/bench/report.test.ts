import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { report } from '../../bench/report.js';
import type { Results } from '../../bench/results.js';
import type { Summary } from '../../bench/stats.js';

const times = (p50: number, p99: number): Summary => ({ count: 300, p50, p99, min: p50 / 2, max: 2 * p99 });

const bare: Results = {
  machine: { node: '20.12.0', cpu: 'A Processor', cores: 2, memoryGiB: 4, os: 'Linux 6.1 x64' },
  at: '2026-11-22T08:00:00.000Z',
  quick: false,
  refusals: [],
  matrix: [],
};

const row = { size: 15_000, peers: 20, floor: times(1, 4), relay: times(1.25, 6), naive: times(12.5, 123.4) };

/** The cells of each line that is part of a table. */
function cells(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(2, -2).split(' | '));
}

describe('report', () => {
  it('says on what machine and when, and whether the run was a quick one', () => {
    const line = 'A Processor, 2 cores, 4 GiB, Linux 6.1 x64, Node 20.12.0, 2026-11-22T08:00:00.000Z';
    assert.equal(report(bare).split('\n')[0], line);
    assert.equal(report({ ...bare, quick: true }).split('\n')[0], `${line} (quick run)`);
  });

  it('says in one line how it was measured, and where the platform refused that', () => {
    const lines = report(bare).split('\n').slice(1);
    assert.match(lines.join('\n'), /^\nOne contender runs at a time, .* half of the cores; .*\.\n$/);
    const refused = report({ ...bare, refusals: ['all run', 'all are equal'] });
    assert.equal(refused, report(bare).replace(/\n$/, ' Exceptions in this run: all run; all are equal.\n'));
  });

  it('puts the relay between floor and naive', () => {
    assert.deepEqual(cells(report({ ...bare, matrix: [row] })), [
      ['block', 'peers', 'blocks', 'floor', 'relay', 'naive', 'relay ÷ floor', 'naive ÷ relay'],
      ['---', '---:', '---:', '---:', '---:', '---:', '---:', '---:'],
      ['15 KB', '20', '300', '1.00 / 4.00', '1.25 / 6.00', '12.5 / 123', '1.25 / 1.50', '10.00 / 20.57'],
    ]);
  });

  it('names sizes as people do', () => {
    const sizes = [326, 15_000, 300_000, 2_000_000, 1_500_000].map((size) => ({ ...row, size }));
    const named = cells(report({ ...bare, matrix: sizes })).map(([size]) => size);
    assert.deepEqual(named.slice(2), ['326 B', '15 KB', '300 KB', '2 MB', '1.5 MB']);
  });

  it('sets up to 1,350 peers beside the floor, with what each costs more than in the first row of its form', () => {
    const full = { size: 15_000, sentBytes: 15_000, form: 'full', floor: times(1, 2) } as const;
    const compact = { ...full, size: 300_000, sentBytes: 5_500, form: 'compact' } as const;
    const rows = [
      { ...full, peers: 20, forward: times(1, 1), relay: times(1, 2) },
      { ...full, peers: 420, forward: times(3, 3), relay: times(9, 12) },
      { ...compact, peers: 420, relay: times(3, 4) },
    ];
    const crowd = { seconds: 60, blocks: 20, heldMs: 7.5 };
    const crowds = [
      { ...crowd, peers: 20, load: 0.005, memory: 100_000_000, memoryAfter: 120_000_000 },
      { ...crowd, peers: 420, load: 0.015, memory: 120_000_000, memoryAfter: 160_000_000 },
    ];
    const [, , ...lines] = cells(report({ ...bare, scale: { rows, crowds } }));
    assert.deepEqual(lines.slice(0, 3), [
      [
        '15 KB',
        'full, 15 KB',
        '20',
        '300',
        '1.00 / 2.00',
        '1.00 / 1.00',
        '1.00 / 2.00',
        '1.00 / 1.00',
        '1.00 / 2.00',
        '',
      ],
      [
        '15 KB',
        'full, 15 KB',
        '420',
        '300',
        '1.00 / 2.00',
        '3.00 / 3.00',
        '9.00 / 12.0',
        '9.00 / 6.00',
        '3.00 / 4.00',
        '20.0',
      ],
      ['300 KB', 'compact, 5.5 KB', '420', '300', '1.00 / 2.00', '', '3.00 / 4.00', '3.00 / 2.00', '', ''],
    ]);
    assert.deepEqual(lines.slice(5), [
      ['20', '0.50 %', '100 MB', '', '120 MB', '', '7.50 ms'],
      ['420', '1.50 %', '120 MB', '50 KB', '160 MB', '100 KB', '7.50 ms'],
    ]);
  });

  it('sets an idle relay, its start and the first block after a pause beside Node and the floor', () => {
    const cost = (wallMs: number, cpuMs: number) => ({ wallMs, cpuMs });
    const starts = { count: 9, node: cost(40, 50), bound: cost(160, 150), reading: cost(400, Number.NaN) };
    const [relay, floor] = [
      { first: 3, hundredth: 2 },
      { first: 2, hundredth: 1 },
    ] as const;
    const pauses = { pauseSeconds: 60, rounds: 5, relay, floor };
    const idle = { size: 15_000, peers: 20, seconds: 60, alone: 0.004, watched: 0.0123, starts, pauses };
    assert.deepEqual(
      cells(report({ ...bare, idle })).filter(([cell]) => cell !== '---'),
      [
        ['', 'of one core'],
        ['no monitoring', '0.40 %'],
        ['one open page', '1.23 %'],
        ['', 'wall', 'CPU', 'wall ÷ Node', 'CPU ÷ Node'],
        ['Node alone', '40.0', '50.0', '1.00', '1.00'],
        ['to the pool socket', '160', '150', '4.00', '3.00'],
        ['until it is read', '400', 'NaN', '10.00', 'NaN'],
        ['', 'first', 'hundredth', 'first ÷ hundredth'],
        ['relay', '3.00', '2.00', '1.50'],
        ['floor', '2.00', '1.00', '2.00'],
      ],
    );
  });

  it('sets the first block against the hundredth', () => {
    const first = { size: 15_000, peers: 20, starts: 11 };
    const relay = { first: 3, hundredth: 2 };
    const floor = { first: 2, hundredth: 1 };
    const found = cells(report({ ...bare, first: { ...first, relay, floor } }));
    assert.deepEqual(found.slice(2), [
      ['relay', '3.00', '2.00', '1.50'],
      ['floor', '2.00', '1.00', '2.00'],
    ]);
  });

  it('sets the others with a stalled peer against those without', () => {
    const without = { lastByte: times(10, 20), submit: times(5, 6) };
    const stalled = { lastByte: times(11, 22), submit: times(5.5, 6.6) };
    const found = cells(report({ ...bare, stalled: { size: 2_000_000, peers: 19, without, with: stalled } }));
    assert.deepEqual(found.slice(2), [
      ['the others’ last byte', '10.0 / 20.0', '11.0 / 22.0', '1.10'],
      ['submitblock’s last byte', '5.00 / 6.00', '5.50 / 6.60', '1.10'],
    ]);
  });

  it('sets a relay with an optional part against one without', () => {
    const spool = { what: 'spool', size: 15_000, peers: 20, off: times(1, 4), on: times(1.02, 4.4) } as const;
    assert.deepEqual(cells(report({ ...bare, optional: [spool] }))[2], [
      'the spool',
      '15 KB',
      '20',
      '300',
      '1.00 / 4.00',
      '1.02 / 4.40',
      '1.02 / 1.10',
    ]);
  });

  it('sets dashd alone against the relay', () => {
    const dashd = [{ size: 15_000, peers: 20, dashd: times(10, 100), relay: times(2, 4) }];
    assert.deepEqual(cells(report({ ...bare, dashd }))[2], ['15 KB', '20', '300', '10.0 / 100', '2.00 / 4.00', '5.00']);
  });
});
