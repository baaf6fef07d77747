import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OTHER } from '../../src/ops/metrics/labels.js';
import { createMetrics } from '../../src/ops/metrics.js';
import { clockAt } from '../support/clock.js';
import { keyOf, samplesOf, typesOf, valueIn } from '../support/exposition.js';
import { NO_PROMTOOL, promtool } from '../support/promtool.js';
import { AT, after, anyEvent, finality, HASH, proof, read, verdict, withMetrics } from './metrics/support.js';

describe('metrics as a whole', () => {
  test('names say whose they are, and what is counted; the series are few', async () => {
    const { contentType, text } = await withMetrics((metrics) => metrics.text());
    assert.match(contentType, /^text\/plain; version=0\.0\.4/);
    for (const [name, type] of typesOf(text)) {
      assert.match(name, /^blockcast_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
    }
    const samples = samplesOf(text);
    // Of them some 400 are buckets of histograms, and 300 counters of a code each.
    assert.ok(samples.length < 1_200, `${samples.length} series`);
    assert.equal(new Set(samples.map(keyOf)).size, samples.length);
  });

  test('promtool has nothing against them', { skip: NO_PROMTOOL }, async () => {
    const { text } = await withMetrics((metrics) => {
      for (const event of [verdict(), proof('failed', HASH), finality('orphaned')]) metrics.listen(event);
      return metrics.text();
    });
    assert.deepEqual(promtool(['check', 'metrics'], text), { code: 0, output: '' });
    // It would have said so.
    assert.notEqual(promtool(['check', 'metrics'], '# TYPE blocks counter\nblocks 1\n').output, '');
  });

  test('whatever is reported, no series comes but from the closed lists, and nothing is thrown', async () => {
    const pristine = await after();
    // The one series that is not there from the beginning.
    const received = await after(
      { type: 'received', at: AT, hash: HASH, source: 'pool', size: 1 },
      { type: 'received', at: AT, hash: HASH, source: 'dashd', size: 1 },
    );
    const slot = (name: string, label: string) => JSON.stringify([name, label]);
    const room = new Set(
      [...pristine, ...received].flatMap(({ name, labels }) =>
        Object.entries(labels).flatMap(([label, value]) => [slot(name, label + value), slot(name, label + OTHER)]),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent(), { maxLength: 60 }), async (events) => {
        for (const { name, labels, value } of await after(...events)) {
          assert.ok(Number.isFinite(value), `${name} is ${value}`);
          for (const [label, word] of Object.entries(labels)) {
            assert.ok(room.has(slot(name, label + word)), `${name} has ${label} ${word}`);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test('after it is closed, it still answers', async () => {
    const metrics = createMetrics({ clock: clockAt(AT), version: '0.1.0', network: 'regtest' });
    metrics.close();
    metrics.close();
    metrics.listen(verdict());
    assert.equal(valueIn(await read(metrics), 'blockcast_plans_total'), 0);
  });
});
