/** docs/alerts.md against what is sent. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { ALERT_IDS, chapterOf, conditionOf } from '../../../src/ops/alerts/conditions.js';
import { resolved } from '../../../src/ops/alerts/notice.js';
import { payload, signature } from '../../../src/ops/alerts/webhook.js';
import { codeBlocks, documentAt, table } from '../../docs/markdown.js';
import { aNotice } from './support.js';

const DOCUMENT = documentAt('docs/alerts.md');
const sender = { network: 'mainnet', instance: 'pool-1' };
const run = promisify(execFile);

describe('docs/alerts.md', () => {
  test('has the table of alerts as it is', () => {
    const rows = ALERT_IDS.map((id) => {
      const { severity, raised, recovers } = conditionOf(id);
      return [`[${id}](${chapterOf(id).replace('docs/', '')})`, severity, raised, recovers];
    });
    assert.deepEqual(table(DOCUMENT, ['Alert', 'Severity', 'Raised when', 'Over when']), rows);
  });

  test('reports each field of the payload, and its example has them', () => {
    const course = { key: 'dashd-lost', id: 'dashd-lost', since: 0, facts: aNotice(), repeat: 0, returns: 0 } as const;
    const whole = payload({ notice: resolved(course, 1, 2), id: '', leftOut: 0 }, sender);
    const described = table(DOCUMENT, ['Field', '']).map(([name]) => name);
    assert.deepEqual(
      described,
      Object.keys(whole).map((name) => `\`${name}\``),
    );
    const [json = ''] = codeBlocks(DOCUMENT, 'json');
    const example = JSON.parse(json) as Record<string, unknown>;
    assert.deepEqual(
      Object.keys(example),
      Object.keys(whole).filter((name) => name !== 'lastedMs'),
    );
    assert.equal(example['version'], whole.version);
  });

  test('has an example of a signature that holds', () => {
    const [header = '', hex = ''] = codeBlocks(DOCUMENT, 'text').map((text) => text.trim());
    const [, secret = '', t = '', body = ''] =
      /secret `(\w+)`, `t` (\d+) and the body `([^`]+)`/.exec(DOCUMENT.text) ?? [];
    assert.equal(signature(secret, Number(t), body), `t=${t},v1=${hex}`);
    assert.equal(header, `X-Blockcast-Signature: t=${t},v1=${hex}`);
  });
});

describe("docs/alerts.md's ways to verify a signature", () => {
  const languages = [
    { language: 'js', file: 'verify.mjs', program: process.execPath, probe: ['--version'] },
    { language: 'python', file: 'verify.py', program: 'python3', probe: ['--version'] },
    { language: 'bash', file: 'verify.sh', program: 'bash', probe: ['-c', 'openssl version'] },
  ];
  const secret = 'a long random text, “quoted”';
  const body = JSON.stringify(payload({ notice: aNotice({ summary: 'Grüße 🔴' }), id: 'f00d', leftOut: 0 }, sender));
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blockcast-alerts-'));
    await writeFile(join(folder, 'body'), body);
    await writeFile(join(folder, 'forged'), body.replace('critical', 'warning'));
    for (const { language, file } of languages) {
      const [code = ''] = codeBlocks(DOCUMENT, language);
      await writeFile(join(folder, file), code);
    }
  });
  after(() => rm(folder, { recursive: true }));

  for (const { language, file, program, probe } of languages) {
    test(`in ${language} distinguish the genuine from the forged, the old and the foreign`, async (context: TestContext) => {
      if (!(await succeeds(program, probe))) return context.skip(`there is no ${program} here, or no openssl`);
      const verify = (header: string, content: string, key = secret) =>
        succeeds(program, [join(folder, file), header, join(folder, content)], { SECRET: key });
      const now = Math.floor(Date.now() / 1_000);
      const header = signature(secret, now, body);
      assert.equal(await verify(header, 'body'), true, 'genuine');
      assert.equal(await verify(header, 'forged'), false, 'forged');
      assert.equal(await verify(header, 'body', 'another secret'), false, 'of another');
      assert.equal(await verify(signature(secret, now - 400, body), 'body'), false, 'old');
      assert.equal(await verify(header.replace(`t=${now}`, `t=${now - 1}`), 'body'), false, 'dated anew');
      assert.equal(await verify(`t=${now},v1=`, 'body'), false, 'unsigned');
    });
  }
});

async function succeeds(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<boolean> {
  try {
    await run(program, args, { env: { ...process.env, ...env } });
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // 1 is the answer no; anything else is a script that does not work.
    assert.ok(code === 1 || code === 'ENOENT' || args[0]?.startsWith('-'), `${program}: ${String(error)}`);
    return false;
  }
}
