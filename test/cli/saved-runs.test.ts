import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openSavedRuns } from '../../src/cli/saved-runs.js';
import type { RunFigures } from '../../src/simulation/study/figures.js';
import type { SavedRuns } from '../../src/simulation/study/options.js';

const REACHED = { count: 4, byTime: [0, 3, 1] };
const FIGURES: RunFigures = {
  ...{ t240: 33_000, network95: -1, connections: 20, bytesSent: 1_000, nodes: REACHED, signers: REACHED, won: [4, 0] },
};

describe('runs of a study in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-saved-runs-'));
  after(() => rmSync(folder, { recursive: true }));
  const open = (name: string, version = '1.2.3'): SavedRuns => {
    const opened = openSavedRuns(join(folder, name), version);
    assert.ok(opened.ok, JSON.stringify(opened));
    return opened.saved;
  };

  test('are found again by their key, and by the version of blockcast that made them', () => {
    open('runs').save('a', FIGURES);
    open('runs').save('b', { ...FIGURES, t240: 1 });
    const saved = open('runs');
    assert.deepEqual([saved.find('a'), saved.find('b')?.t240, saved.find('c')], [FIGURES, 1, undefined]);
    assert.equal(open('runs', '1.2.4').find('a'), undefined);
  });

  test('are kept when the end of the process cut the last line, which is dropped', () => {
    open('cut').save('a', FIGURES);
    const path = join(folder, 'cut');
    const before = readFileSync(path, 'utf8');
    appendFileSync(path, before.slice(0, 40));
    open('cut').save('b', FIGURES);
    assert.deepEqual(open('cut').find('b'), FIGURES);
    assert.ok(readFileSync(path, 'utf8').startsWith(before));
    assert.deepEqual(open('cut').find('a'), FIGURES);
  });

  for (const [name, text, problem] of [
    ['text', 'a line\n', /^line 1 of .*text is not a run that --save wrote\. Give another file\.$/],
    [
      'negative',
      `${JSON.stringify({ blockcast: '1', key: 'a', figures: { ...FIGURES, connections: -1 } })}\n`,
      /^line 1 of/,
    ],
    ['nothing', '{"blockcast": "1", "key": "a"}\n', /^line 1 of/],
  ] as const) {
    test(`are refused where a line is none: ${name}`, () => {
      const path = join(folder, name);
      writeFileSync(path, text);
      const opened = openSavedRuns(path, '1.2.3');
      assert.match(opened.ok ? '' : opened.problem, problem);
      assert.equal(readFileSync(path, 'utf8'), text);
    });
  }

  test('need a file that can be written', () => {
    const opened = openSavedRuns(join(folder, 'no', 'runs'), '1.2.3');
    assert.match(opened.ok ? '' : opened.problem, /no.runs cannot be written \(ENOENT\)/);
  });
});
