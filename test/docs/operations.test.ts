/** Compares docs/operations.md with the alerts, ports, figures, reloads and log lines that it explains. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { parseEndpoint } from '../../src/address/endpoint.js';
import { loadConfig } from '../../src/config/config.js';
import { isLive, KEYS } from '../../src/config/settings.js';
import { SERVICE_NAMES } from '../../src/contracts/services.js';
import type { Kpis } from '../../src/contracts/view.js';
import { ALERT_IDS, chapterOf } from '../../src/ops/alerts/conditions.js';
import { anchors, documentAt, table } from './markdown.js';

const DOCUMENT = documentAt('docs/operations.md');
const HEADING_PREFIX = 'blockcast-';

interface Rule {
  readonly alert?: string;
  readonly annotations?: { readonly runbook?: string };
}
const RULES = (
  parse(readFileSync('config/prometheus/blockcast.rules.yml', 'utf8')) as { groups: { rules: Rule[] }[] }
).groups
  .flatMap(({ rules }) => rules)
  .flatMap(({ alert, annotations }) => (alert === undefined ? [] : [{ alert, chapter: annotations?.runbook ?? '' }]));

/** The text below each heading, by anchor. */
const SECTIONS = new Map(
  DOCUMENT.text
    .split(/^#+ /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      return [heading.toLowerCase().replaceAll(' ', '-'), lines.join('\n')];
    }),
);

function sectionOf(chapter: string): string {
  const [file, anchor = ''] = chapter.split('#');
  assert.equal(file, DOCUMENT.path);
  return SECTIONS.get(anchor) ?? assert.fail(`there is no section ${anchor}`);
}

describe('the alerts in docs/operations.md', () => {
  for (const id of ALERT_IDS) {
    test(`include ${id}`, () => assert.ok(sectionOf(chapterOf(id)).includes(`\`${id}\``)));
  }

  for (const { alert, chapter } of RULES) {
    test(`include ${alert}`, () => assert.ok(sectionOf(chapter).includes(`\`${alert}\``)));
  }

  test('include no other', () => {
    const known = [...ALERT_IDS.map(chapterOf), ...RULES.map(({ chapter }) => chapter)].map(
      (chapter) => chapter.split('#')[1],
    );
    const described = anchors(DOCUMENT).filter((anchor) => anchor.startsWith(HEADING_PREFIX));
    assert.deepEqual([...described].sort(), [...new Set(known)].sort());
  });

  test('say if only the alert or only the Prometheus rule exists', () => {
    const ruled = new Set(RULES.map(({ chapter }) => chapter));
    for (const chapter of ALERT_IDS.map(chapterOf)) {
      assert.equal(sectionOf(chapter).includes('no rule'), !ruled.has(chapter), chapter);
    }
    const sent = new Set(ALERT_IDS.map(chapterOf));
    for (const { chapter } of RULES)
      assert.equal(sectionOf(chapter).includes('Rule alone'), !sent.has(chapter), chapter);
  });
});

test('docs/operations.md lists the default ports', () => {
  const result = loadConfig({ options: {}, env: {}, readFile: () => '', platform: 'linux' });
  assert.ok(result.ok);
  const { pool, events, proxy, http, dashd } = result.config;
  const portOf = (bind: string): number | undefined => {
    const endpoint = parseEndpoint(bind);
    return endpoint?.transport === 'tcp' ? endpoint.port : undefined;
  };
  const expected = [
    [portOf(pool.bind), '`pool.bind`'],
    [portOf(events.bind), '`events.bind`'],
    [proxy.port, '`proxy.port`'],
    [http.port, '`http.port`'],
    [`out to ${dashd.p2p.port}`, '–'],
  ].map(([port, setting]) => [String(port), setting]);
  const rows = table(DOCUMENT, ['Port', 'Setting', 'Who connects']).map((row) => row.slice(0, 2));
  assert.deepEqual(rows.slice(0, expected.length), expected);
});

test('docs/operations.md defines each figure', () => {
  const figures: Record<keyof Kpis, true> = {
    blocks: true,
    successRate: true,
    averageBroadcastMs: true,
    peerAvailability: true,
    orphanRate: true,
    propagationMs: true,
    networkPropagationMs: true,
    chainLockMs: true,
    delayedRate: true,
    finality: true,
  };
  const defined = table(DOCUMENT, ['Figure', 'Name in the API', 'Definition']).map(([, name]) => name);
  assert.deepEqual(
    defined,
    Object.keys(figures).map((name) => `\`${name}\``),
  );
});

test('docs/operations.md says which settings a reload applies', () => {
  const [, sentence = ''] =
    /blockcast reads the configuration again\. (.*?) take effect at once/s.exec(DOCUMENT.text) ?? [];
  const named = [...sentence.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name);
  const covered = KEYS.filter((key) => named.some((name) => key === name || key.startsWith(`${name}.`)));
  assert.deepEqual(covered, KEYS.filter(isLive));
});

describe('the symptoms in docs/operations.md', () => {
  const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join('src', name), 'utf8'))
    .join('\n');
  /** Of other programs: libzmq, the system, dashd's own page. */
  const foreign = /^(Address already in use|E[A-Z]+|HTTP 503)$/;
  const states = new RegExp(`^(${Object.values(SERVICE_NAMES).join('|')}) (up|down|fault)$`);
  const rows = table(DOCUMENT, ['Symptom', 'Cause', 'Remedy']).filter(
    ([symptom = '']) => !symptom.startsWith('in the stack'),
  );

  for (const [symptom = ''] of rows) {
    test(`are texts of the source: ${symptom}`, () => {
      const codes = [...symptom.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => code.split(/…|: |\?/));
      const pieces = codes.map((code) => code.trim().replace(/^:|:$/g, '')).filter((code) => /\w{3}/.test(code));
      assert.ok(pieces.length > 0);
      for (const piece of pieces.filter((piece) => !foreign.test(piece) && !states.test(piece))) {
        const words = piece.replace(/^(frame) of$/, '$1').replace(/^from the pool refused$/, 'the pool');
        assert.ok(source.includes(words), piece);
      }
    });
  }
});
