/** The npm package: it has what the program reads at run time, and finds it wherever it is installed and from wherever it is started. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { shippedScenarios } from '../../src/simulation/shipped.js';

const run = promisify(execFile);

describe('the npm package', () => {
  const folders: string[] = [];
  after(async () => {
    for (const folder of folders) await rm(folder, { recursive: true });
  });

  test('has the scenarios, and the style sheet of the report', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json', '--offline']);
    const [{ files } = { files: [] }] = JSON.parse(stdout) as { files: { path: string }[] }[];
    const paths = files.map(({ path }) => path);
    for (const name of shippedScenarios().keys()) assert.ok(paths.includes(`config/scenarios/${name}.yaml`), name);
    assert.ok(paths.includes('dist/src/simulation/report/report.css'));
    assert.ok(!paths.some((path) => path.startsWith('dist/test/')));
  });

  test('finds them from any working directory', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'blockcast-package-'));
    folders.push(folder);
    const root = join(folder, 'node_modules', 'blockcast');
    for (const part of ['package.json', 'config', 'dist/src']) await cp(part, join(root, part), { recursive: true });
    await symlink(resolve('node_modules'), join(root, 'node_modules'));
    const { stdout } = await run(process.execPath, [join(root, 'dist/src/main.js'), 'simulate', '--list'], {
      cwd: dirname(folder),
    });
    for (const name of shippedScenarios().keys()) assert.match(stdout, new RegExp(`^ {2}${name} +\\S`, 'm'));
  });
});
