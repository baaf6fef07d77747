/** Prints the files that `npm test` runs: one for each group of folders that share a process, and each other test file. */
import { readdirSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { OF_ITS_OWN_PROCESS } from './support/load-tests.js';
import { SHARED } from './unit/folders.js';

const TESTS = join('dist', 'test');

const shared = new Set<string>(Object.values(SHARED).flat());
/** They take minutes, and have npm scripts of their own. */
const APART = new Set(['cluster', 'container']);

const others = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((name) => {
  const [folder = ''] = name.split(sep);
  return (
    name.endsWith('.test.js') &&
    !APART.has(folder) &&
    (!shared.has(folder) || basename(name, '.js') === basename(OF_ITS_OWN_PROCESS, '.ts'))
  );
});
const files = [...Object.keys(SHARED).map((group) => join('unit', `${group}.js`)), ...others.sort()];
for (const file of files) console.log(join(TESTS, file));
