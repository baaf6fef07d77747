import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { RelayEvent } from '../../src/contracts/events.js';
import type { Kpis, RelayView } from '../../src/contracts/view.js';
import { createMetrics } from '../../src/ops/metrics.js';
import { clockAt } from '../support/clock.js';
import { type Sample, samplesOf } from '../support/exposition.js';
import { describeSelector, selectorsOf, selects } from '../support/promql.js';
import { NO_PROMTOOL, promtool } from '../support/promtool.js';

const FOLDER = 'config/grafana';
const HASH = '000000000000000f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a697887';

const Datasource = z.object({ type: z.string(), uid: z.string() });
const Panel = z.object({
  id: z.number().int(),
  type: z.string(),
  title: z.string().min(1),
  description: z.string().min(1).optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  datasource: Datasource.optional(),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string().min(1) }) }).optional(),
  targets: z.array(z.object({ datasource: Datasource, expr: z.string(), refId: z.string() })).optional(),
});
type Panel = z.infer<typeof Panel>;
const Dashboard = z.object({
  uid: z.string(),
  schemaVersion: z.number(),
  panels: z.array(Panel),
  annotations: z.object({
    list: z.array(z.object({ name: z.string(), expr: z.string().optional(), datasource: Datasource })),
  }),
  templating: z.object({
    list: z.array(z.object({ name: z.string(), definition: z.string(), datasource: Datasource })),
  }),
});

const dashboard = Dashboard.parse(JSON.parse(readFileSync(`${FOLDER}/dashboards/blockcast.json`, 'utf8')));
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const { list: variables } = dashboard.templating;
const expressions = [
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.flatMap(({ expr }) => expr ?? []),
];
const recorded = readFileSync('config/prometheus/blockcast.rules.yml', 'utf8');

/** All that a relay exposes once a block has gone its way. */
async function exposed(): Promise<Sample[]> {
  const metrics = createMetrics({ clock: clockAt(0), version: '0.1.0', network: 'regtest' });
  const kpis: Kpis = {
    blocks: 1,
    successRate: 1,
    averageBroadcastMs: 20,
    peerAvailability: 1,
    orphanRate: 0,
    propagationMs: 50,
    networkPropagationMs: 90,
    chainLockMs: 1_000,
    delayedRate: 0,
    finality: { pending: 1, chainlocked: 0, buried: 0, orphaned: 0 },
  };
  const view: RelayView = {
    network: 'regtest',
    startedAt: 0,
    tip: () => ({ hash: HASH, height: 1 }),
    peers: () => [],
    peer: () => undefined,
    counts: () => ({ connected: 0, connecting: 0, dashd: false, highBandwidth: 0, tor: 0 }),
    known: () => 0,
    wanted: { min: 5, max: 20 },
    lockForecast: () => ({ at: 0, transactions: 1, locked: 1, delaying: 0, aged: 0, unchecked: 0, named: [] }),
    quorums: () => ({
      height: 1,
      wanted: 400,
      members: 400,
      connected: 1,
      quorums: [{ hash: HASH, type: 2, signing: true, members: 400, connected: 1, highBandwidth: 0 }],
    }),
    history: { size: 1, latest: () => [], get: () => undefined, kpis: () => kpis },
  };
  const events: readonly RelayEvent[] = [
    { type: 'received', at: 1, hash: HASH, source: 'pool', size: 300, gateMs: 1 },
    { type: 'tip', at: 1, hash: HASH, source: 'feed' },
  ];
  try {
    metrics.attach(view);
    for (const event of events) metrics.listen(event);
    return samplesOf((await metrics.text()).text);
  } finally {
    metrics.close();
  }
}

function overlap(a: Panel['gridPos'], b: Panel['gridPos']): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

describe("Grafana's dashboard", () => {
  test('asks for what is exposed or recorded, and nothing else', async () => {
    const samples = await exposed();
    const selectors = [...expressions, ...variables.map(({ definition }) => definition)].flatMap(selectorsOf);
    assert.ok(selectors.length > 40);
    for (const selector of selectors) {
      const isThere =
        recorded.includes(`- record: ${selector.name}\n`) || samples.some((sample) => selects(known(selector), sample));
      assert.ok(isThere, `${describeSelector(selector)} is not exposed`);
    }
  });

  test('each question is about the relay that was chosen', () => {
    assert.deepEqual(
      variables.map(({ name }) => name),
      ['network', 'instance'],
    );
    for (const selector of expressions.flatMap(selectorsOf)) {
      assert.ok(
        selector.matchers.some(({ label, value }) => label === 'instance' && value === '$instance'),
        describeSelector(selector),
      );
    }
  });

  test('promtool understands each question', { skip: NO_PROMTOOL }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'blockcast-grafana-'));
    try {
      const file = join(folder, 'rules.yml');
      const rules = expressions.map((expr, index) => ({
        record: `panel:${index}`,
        expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', 'relay:8080'),
      }));
      writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
      const { code, output } = promtool(['check', 'rules', file]);
      assert.equal(code, 0, output);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('no panel covers another or leaves the page, and each has a number of its own', () => {
    const { panels: all } = dashboard;
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
    for (const [index, { title, gridPos }] of all.entries()) {
      assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, `${title} is too wide`);
      for (const other of all.slice(index + 1)) {
        assert.ok(!overlap(gridPos, other.gridPos), `${title} and ${other.title} overlap`);
      }
    }
  });

  test('each panel says what it shows, in which unit', () => {
    for (const { title, description, fieldConfig, targets = [] } of panels) {
      assert.ok(description !== undefined, `${title} has no description`);
      assert.ok(fieldConfig !== undefined, `${title} has no unit`);
      assert.ok(targets.length > 0, `${title} asks for nothing`);
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    }
  });

  test('marks blocks and orphans', () => {
    const marked = dashboard.annotations.list.map(({ expr }) => expr ?? '').join('\n');
    assert.match(marked, /blockcast_last_block_timestamp_seconds/);
    assert.match(marked, /blockcast_block_finality_total\{[^}]*state="orphaned"/);
  });

  test('finds the data source that is provisioned with it, and is found where the stack has it', () => {
    const { datasources } = z
      .object({ datasources: z.tuple([Datasource.extend({ url: z.string() })]) })
      .parse(parse(readFileSync(`${FOLDER}/provisioning/datasources/blockcast.yml`, 'utf8')));
    const [{ type, uid, url }] = datasources;
    assert.equal(url, 'http://prometheus:9090');
    const asked = [
      ...panels.flatMap(({ datasource, targets = [] }) => [datasource, ...targets.map((target) => target.datasource)]),
      ...variables.map(({ datasource }) => datasource),
      ...dashboard.annotations.list.flatMap(({ expr, datasource }) => (expr === undefined ? [] : [datasource])),
    ];
    for (const datasource of asked) assert.deepEqual(datasource, { type, uid });

    const { providers } = z
      .object({ providers: z.tuple([z.object({ options: z.object({ path: z.string() }) })]) })
      .parse(parse(readFileSync(`${FOLDER}/provisioning/dashboards/blockcast.yml`, 'utf8')));
    const compose = readFileSync('docker-compose.yml', 'utf8');
    assert.ok(compose.includes(`./config/grafana/dashboards:${providers[0].options.path}:ro`));
  });
});

/** Without what is filled in when somebody looks. */
function known(selector: ReturnType<typeof selectorsOf>[number]): typeof selector {
  return { ...selector, matchers: selector.matchers.filter(({ value }) => !value.startsWith('$')) };
}
