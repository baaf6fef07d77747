/** Which test files there are, and which of them share a process. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { GROUPS, type Group } from '../groups/groups.js';

/**
 * What reaches the tests of other files in the process: a hook or a mock outside of a suite, and a wait outside of a test, during which the
 * runner starts, before all suites are registered. A file with another reason says `In a process of its own:`, and the reason.
 */
const NEEDS_OWN_PROCESS = /^(?:beforeEach|afterEach|mock\.|await |(?:const|let) .* = await )|In a process of its own:/m;

/** They take minutes, and have npm scripts of their own. */
const APART = ['cluster', 'container'];

const FOLDERS = Object.entries(GROUPS)
  .flatMap(([group, folders]) => folders.map((folder) => ({ group: group as Group, folder })))
  .sort((a, b) => b.folder.length - a.folder.length);

export interface TestFile {
  /** Below `dist/test`. */
  readonly path: string;
  /** None: it has a process of its own. */
  readonly group: Group | undefined;
}

/** Source files are listed, so that compiled tests whose source was removed do not run. */
export function testFiles(): TestFile[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !APART.includes(name.split(sep)[0] ?? ''))
    .sort()
    .map((name) => ({ path: name.replace(/ts$/, 'js'), group: groupOf(name) }));
}

function groupOf(name: string): Group | undefined {
  const found = FOLDERS.find(({ folder }) => name.startsWith(join(folder, sep)));
  if (found === undefined || NEEDS_OWN_PROCESS.test(readFileSync(join('test', name), 'utf8'))) return undefined;
  return found.group;
}
