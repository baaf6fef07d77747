import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { ALERT_IDS, conditionOf } from '../../src/ops/alerts/conditions.js';
import { createMetrics } from '../../src/ops/metrics.js';
import { clockAt } from '../support/clock.js';
import { type Sample, samplesOf } from '../support/exposition.js';
import { describeSelector, selectorsOf, selects } from '../support/promql.js';
import { NO_PROMTOOL, promtool } from '../support/promtool.js';

const FOLDER = 'config/prometheus';
const TESTS = ['blockcast.rules.test.yml', 'blockcast.rules.days.test.yml'];

const Alert = z.object({
  alert: z.string(),
  expr: z.string(),
  labels: z.object({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.object({ summary: z.string(), description: z.string(), runbook: z.string() }),
});
const Recorded = z.object({ record: z.string(), expr: z.string() });
const Rules = z.object({
  groups: z.array(z.object({ name: z.string(), rules: z.array(z.union([Alert, Recorded])) })),
});
const Tests = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      input_series: z.array(z.object({ series: z.string() })),
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

const rules = Rules.parse(parse(readFileSync(`${FOLDER}/blockcast.rules.yml`, 'utf8'))).groups.flatMap(
  (group) => group.rules,
);
const alerts = rules.filter((rule) => 'alert' in rule);
const recorded = rules.filter((rule) => 'record' in rule).map(({ record }) => record);
const tests = TESTS.flatMap((file) => Tests.parse(parse(readFileSync(`${FOLDER}/${file}`, 'utf8'))).tests);

/** What a process exposes that nothing has happened to yet. */
async function pristine(): Promise<Sample[]> {
  const metrics = createMetrics({ clock: clockAt(0), version: '0.1.0', network: 'regtest' });
  try {
    return samplesOf((await metrics.text()).text);
  } finally {
    metrics.close();
  }
}

/** `BlockcastRpcDown` → `blockcast-rpc-down` */
function kebab(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}

describe('Prometheus rules', () => {
  test('each leads to its chapter of the operations manual', () => {
    for (const { alert, annotations } of alerts) {
      assert.equal(annotations.runbook, `docs/operations.md#${kebab(alert)}`);
      assert.ok(annotations.summary.includes('{{ $labels.instance }}'), `${alert} does not say which relay`);
    }
    assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
  });

  test('what blockcast wakes somebody for by itself, Prometheus does under the same name, as urgently', () => {
    const severities = new Map(alerts.map(({ alert, labels }) => [kebab(alert), labels.severity]));
    for (const id of ALERT_IDS) assert.ok(severities.has(`blockcast-${id}`), `there is no rule about ${id}`);
    const differing = ALERT_IDS.filter((id) => severities.get(`blockcast-${id}`) !== conditionOf(id).severity);
    // With broadcast.fallback on, as it is by default, a block that only dashd has is a success.
    assert.deepEqual(
      differing.filter((id) => id !== 'block-local-only'),
      [],
    );
  });

  test('each series they ask for is there from the beginning, or recorded', async () => {
    const samples = await pristine();
    for (const { expr } of rules) {
      for (const selector of selectorsOf(expr)) {
        const isThere = recorded.includes(selector.name) || samples.some((sample) => selects(selector, sample));
        assert.ok(isThere, `${describeSelector(selector)} is not exposed`);
      }
    }
  });

  test('the series that their tests make up are like those that are exposed', async () => {
    const samples = await pristine();
    for (const { name, input_series } of tests) {
      for (const selector of input_series.flatMap(({ series }) => selectorsOf(series))) {
        const labels = Object.fromEntries(selector.matchers.map(({ label, value }) => [label, value]));
        const same = samples.filter((sample) => selects(selector, sample));
        assert.equal(same.length, 1, `${name}: ${describeSelector(selector)}`);
        const { job: _job, instance: _instance, ...own } = labels;
        assert.deepEqual({ ...same[0]?.labels }, own, name);
      }
    }
  });

  test('each is provoked by a test, and seen silent', () => {
    const looks = tests.flatMap((group) => group.alert_rule_test);
    for (const { alert } of alerts) {
      const of = looks.filter(({ alertname }) => alertname === alert);
      assert.ok(
        of.some(({ exp_alerts }) => exp_alerts.length > 0),
        `${alert} is never provoked`,
      );
      assert.ok(
        tests.some(
          ({ name, alert_rule_test }) =>
            name === 'health' && alert_rule_test.some(({ alertname }) => alertname === alert),
        ),
        `${alert} is not looked for in health`,
      );
    }
  });

  test('promtool finds them sound', { skip: NO_PROMTOOL }, () => {
    const { code, output } = promtool(['check', 'rules', `${FOLDER}/blockcast.rules.yml`]);
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`SUCCESS: ${rules.length} rules found`));
  });

  test('promtool sees them fire, and be silent', { skip: NO_PROMTOOL }, () => {
    const { code, output } = promtool(['test', 'rules', ...TESTS.map((file) => `${FOLDER}/${file}`)]);
    assert.equal(code, 0, output);
    assert.equal(output.match(/SUCCESS/g)?.length, TESTS.length, output);
  });
});

describe('prometheus.yml', () => {
  test('promtool finds it sound', { skip: NO_PROMTOOL }, () => {
    const { code, output } = promtool(['check', 'config', `${FOLDER}/prometheus.yml`]);
    assert.equal(code, 0, output);
    assert.match(output, /1 rule files found/);
  });

  test('scrapes the job that the rules ask for, from where the stack has it', () => {
    const config = z
      .object({
        scrape_configs: z.tuple([
          z.object({
            job_name: z.string(),
            basic_auth: z.object({ username: z.string(), password_file: z.string() }),
            static_configs: z.tuple([z.object({ targets: z.array(z.string()) })]),
          }),
        ]),
      })
      .parse(parse(readFileSync(`${FOLDER}/prometheus.yml`, 'utf8')));
    const [{ job_name, basic_auth, static_configs }] = config.scrape_configs;
    assert.ok(alerts.some(({ expr }) => expr.includes(`up{job="${job_name}"}`)));
    assert.deepEqual(basic_auth, { username: 'blockcast', password_file: '/run/secrets/blockcast_http_password' });
    assert.deepEqual(static_configs[0].targets, ['blockcast:8080']);
  });
});
