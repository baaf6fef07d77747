/**
 * Bundles the dashboard, and the style sheet of the simulator's report: `node dist/src/dashboard/build.js [folder]`. Needs the development
 * dependencies; the result needs only a browser.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'esbuild';
import { makeWorld } from './world.js';

const TARGET = ['es2022', 'chrome123', 'firefox120', 'safari17.5'];

/** @param outdir emptied first @param source the folder of the page's source @throws Error when it cannot be bundled */
export async function buildDashboard(outdir: string, source: string): Promise<readonly string[]> {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: [
      { in: join(source, 'main.tsx'), out: 'app' },
      { in: join(source, 'app.css'), out: 'app' },
      { in: join(source, 'theme.ts'), out: 'theme' },
    ],
    outdir,
    bundle: true,
    minify: true,
    format: 'iife',
    target: TARGET,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: join(source, '../tsconfig.json'),
    define: { WORLD: JSON.stringify(makeWorld()) },
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'favicon.svg']) await cp(join(source, file), join(outdir, file));
  const files = await readdir(outdir);
  // Compressed at build time at the best level, so that the relay spends no time on it.
  for (const file of files) await compress(join(outdir, file));
  return files;
}

/** Bundles a style sheet with those that it imports into one file. @throws Error when it cannot be bundled */
export async function buildStyles(outfile: string, source: string): Promise<void> {
  const options = { bundle: true, minify: true, target: TARGET, legalComments: 'none', logLevel: 'warning' } as const;
  await build({ ...options, entryPoints: [source], outfile });
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes));
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outdir = process.argv[2] ?? fileURLToPath(new URL('assets', import.meta.url));
  await buildDashboard(outdir, join(process.cwd(), 'src/dashboard/page'));
  const report = 'simulation/report/report.css';
  await buildStyles(fileURLToPath(new URL(`../${report}`, import.meta.url)), join(process.cwd(), 'src', report));
}
