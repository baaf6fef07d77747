/** Compares docs/simulator.md with the keys of a scenario, and reads its examples. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readPlan } from '../../src/simulation/scenario-file.js';
import { keysOf, scenarioSchema } from '../../src/simulation/scenario-schema.js';
import { loadSimulator } from '../../src/simulation/simulator.js';
import { codeBlocks, documentAt, table } from './markdown.js';

const DOCUMENT = documentAt('docs/simulator.md');
const loaded = loadSimulator();
assert.ok(loaded.ok);
const { catalogue } = loaded.data;

/** `runs: 20`, `network.others: 430` */
function leaves(tree: object, prefix = ''): [key: string, value: unknown][] {
  return Object.entries(tree).flatMap(([name, value]: [string, unknown]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? leaves(value, `${prefix}${name}.`)
      : [[prefix + name, value]],
  );
}

describe('docs/simulator.md', () => {
  const rows = table(DOCUMENT, ['Key', 'Default', 'Contents']);

  test('has every key of a scenario, with its default', () => {
    const parsed = scenarioSchema(catalogue).parse({});
    const optional = keysOf(['network'], catalogue).map((key) => [key, 'none']);
    const network = { ...Object.fromEntries(optional), ...parsed.network };
    const defaults = leaves({ ...parsed, network });
    assert.deepEqual(
      rows.map(([key = '']) => key.replaceAll('`', '')),
      defaults.map(([key]) => key),
    );
    for (const [at, [key, value]] of defaults.entries()) {
      const [, shown = ''] = rows[at] ?? [];
      if (!/^(none|the usual|the first .*)$/.test(shown)) assert.equal(shown, [value].flat().join(', '), key);
    }
  });

  test('has examples of scenarios that can be run', () => {
    const examples = codeBlocks(DOCUMENT, 'yaml');
    assert.ok(examples.length > 0);
    for (const text of examples) {
      const result = readPlan({ path: 'example.yaml', text, name: 'example' }, {}, catalogue);
      assert.deepEqual(result.ok ? [] : result.errors, []);
    }
  });
});
