/** The files that a public project is expected to have: workflows, issue forms, git hooks and editor settings. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { parse } from 'yaml';

const read = (path: string): string => readFileSync(path, 'utf8');
const yaml = (path: string): unknown => parse(read(path), { strict: true, uniqueKeys: true });

interface Job {
  readonly uses?: string;
  readonly needs?: string;
  readonly permissions?: Record<string, string>;
  readonly strategy?: { readonly matrix: { readonly node: readonly string[] } };
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
}
interface Workflow {
  readonly on: Record<string, unknown>;
  readonly permissions: Record<string, string>;
  readonly jobs: Record<string, Job>;
}
const WORKFLOWS = readdirSync('.github/workflows').map((name) => join('.github/workflows', name));
const CI = yaml('.github/workflows/ci.yml') as Workflow;
const RELEASE = yaml('.github/workflows/release.yml') as Workflow;
const { version, engines, scripts } = JSON.parse(read('package.json')) as {
  version: string;
  engines: { node: string };
  scripts: Record<string, string>;
};

const runs = (job: Job | undefined): string[] => (job?.steps ?? []).flatMap(({ run }) => run ?? []);

describe('the CI workflow', () => {
  const { checks } = CI.jobs;

  test('runs the script that contributors run', () => {
    assert.deepEqual(runs(checks), ['.ci/run']);
    accessSync('.ci/run', constants.X_OK);
  });

  test('tests every supported version of Node, from the oldest that package.json allows', () => {
    const versions = checks?.strategy?.matrix.node ?? [];
    assert.deepEqual(versions, ['20', '22', '24']);
    assert.equal(/^>=(\d+)\./.exec(engines.node)?.[1], versions[0]);
  });

  test('may read the repository and nothing else', () => assert.deepEqual(CI.permissions, { contents: 'read' }));
});

describe('the release workflow', () => {
  test('starts on a version tag, and publishes only after the checks', () => {
    assert.deepEqual(Object.keys(RELEASE.on), ['push']);
    assert.equal(RELEASE.jobs['checks']?.uses, './.github/workflows/ci.yml');
    for (const name of ['npm', 'image']) assert.equal(RELEASE.jobs[name]?.needs, 'checks');
  });

  test('publishes with provenance, and attests the image', () => {
    assert.ok(runs(RELEASE.jobs['npm']).includes('npm publish --provenance --access public'));
    assert.ok(RELEASE.jobs['image']?.steps?.some(({ uses }) => uses?.startsWith('actions/attest-build-provenance@')));
  });

  test('gives each job the permissions that it needs', () => {
    assert.deepEqual(RELEASE.permissions, {});
    assert.deepEqual(RELEASE.jobs['npm']?.permissions, { contents: 'read', 'id-token': 'write' });
    assert.deepEqual(RELEASE.jobs['image']?.permissions, {
      contents: 'read',
      packages: 'write',
      'id-token': 'write',
      attestations: 'write',
    });
  });
});

describe('workflows', () => {
  for (const path of WORKFLOWS) {
    test(`${path} pins every action to a commit, with its version beside it`, () => {
      const actions = [...read(path).matchAll(/uses: ([^./\s].*)$/gm)].map(([, action = '']) => action);
      for (const action of actions) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    });

    test(`${path} runs npm scripts that exist`, () => {
      for (const job of Object.values((yaml(path) as Workflow).jobs)) {
        for (const run of runs(job)) {
          const script = /^npm run (\S+)/.exec(run)?.[1];
          if (script !== undefined) assert.ok(Object.hasOwn(scripts, script), run);
        }
      }
    });
  }
});

describe('issue forms', () => {
  for (const name of readdirSync('.github/ISSUE_TEMPLATE').filter((name) => name !== 'config.yml')) {
    test(`${name} has a name, a description, and fields with unique ids`, () => {
      const form = yaml(join('.github/ISSUE_TEMPLATE', name)) as Record<string, unknown>;
      const body = form['body'] as { type: string; id?: string; attributes: { label?: string } }[];
      assert.ok(form['name'] !== undefined && form['description'] !== undefined);
      const fields = body.filter(({ type }) => type !== 'markdown');
      assert.equal(new Set(fields.map(({ id }) => id)).size, fields.length);
      for (const { id, attributes } of fields) assert.ok(id !== undefined && attributes.label !== undefined);
    });
  }

  test('may be left out', () =>
    assert.deepEqual(yaml('.github/ISSUE_TEMPLATE/config.yml'), { blank_issues_enabled: true }));
});

test('the git hooks check format and spelling before a commit, and run the unit tests before a push', () => {
  const hooks = yaml('lefthook.yml') as Record<string, { jobs: { run: string }[] }>;
  const runsOf = (hook: string): string => (hooks[hook]?.jobs ?? []).map(({ run }) => run).join('\n');
  assert.match(runsOf('pre-commit'), /biome check --write .*\{staged_files\}\nnpx cspell .*\{staged_files\}/);
  assert.equal(runsOf('pre-push'), 'npm run test:unit');
  assert.equal(scripts['hooks'], 'lefthook install');
});

test('.editorconfig agrees with the formatter', () => {
  const { formatter } = JSON.parse(read('biome.json')) as { formatter: { indentStyle: string; indentWidth: number } };
  const common = /^\[\*\]\n(.*?)\n\n/ms.exec(read('.editorconfig'))?.[1]?.split('\n') ?? [];
  assert.ok(common.includes(`indent_style = ${formatter.indentStyle}`));
  assert.ok(common.includes(`indent_size = ${formatter.indentWidth}`));
});

test('CHANGELOG.md has a section for the version in package.json', () => {
  assert.match(read('CHANGELOG.md'), new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\]`, 'm'));
});

test('the project dictionary is sorted and has each word once', () => {
  const words = read('dictionary.txt').trimEnd().split('\n');
  assert.deepEqual(words, [...new Set(words)].sort());
});

describe('CONTRIBUTING.md', () => {
  const text = read('CONTRIBUTING.md');

  for (const [name, args] of [
    ['npm run chaos', ['dist/test/chaos/main.js', '--help']],
    ['npm run fuzz', ['dist/test/fuzz/main.js', '--help']],
    ['npm run simulate:faults', ['dist/test/simulation/faults/main.js', '--help']],
    ['npm run demo', ['dist/src/main.js', 'demo', '--help']],
  ] as const) {
    test(`has every flag of ${name}`, () => {
      const help = execFileSync(process.execPath, [...args], { encoding: 'utf8' });
      const flags = [...help.matchAll(/^ +(--[a-z-]+)/gm)].map(([, flag]) => flag ?? '');
      assert.ok(flags.length > 2);
      for (const flag of flags) assert.match(text, new RegExp(`^\\| \`${flag}[ \`]`, 'm'), flag);
    });
  }

  test('has a program that runs the simulated network alone', async () => {
    const [, program = ''] = /```js\n(.*?)```/s.exec(text) ?? [];
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (lines.length === 2) break;
    }
    child.kill();
    await once(child, 'exit');
    assert.match(lines[0] ?? '', /^peers (127\.0\.0\.1:\d+,?){20}$/);
    assert.match(lines[1] ?? '', /^dashd 127\.0\.0\.1:\d+, RPC http:.*, ZeroMQ tcp:/);
  });
});
