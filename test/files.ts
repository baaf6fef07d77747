/** Prints the files that `npm test` runs: one for each group of folders that share a process, and each other test file. */
import { join } from 'node:path';
import { GROUPS } from './groups/groups.js';
import { testFiles } from './support/test-files.js';

/** What takes longest, so that it does not run on alone at the end: what waits is beside what computes. */
const FIRST = ['e2e/peers-growth', 'browser/layout', 'browser/dashboard', 'adapters/history-file', 'browser/crowd'];

const groups = Object.keys(GROUPS).map((group) => join('groups', `${group}.js`));
const others = testFiles().flatMap(({ path, group }) => (group === undefined ? [path] : []));
const first = FIRST.map((name) => `${name}.test.js`).filter((path) => others.includes(path));
for (const path of new Set([...first, ...groups, ...others])) console.log(join('dist', 'test', path));
