/** Compares docs/architecture.md with the modules, imports and names of the code. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, normalize, sep } from 'node:path';
import { describe, test } from 'node:test';
import { documentAt, table } from './markdown.js';

const DOCUMENT = documentAt('docs/architecture.md');
const OPEN_TO_ALL = ['address', 'common', 'contracts', 'messages', 'z85', 'time'];

/** The module of a file below src/: its folder, or its own name. */
function moduleOf(path: string): string {
  return (path.split(sep)[0] ?? '').replace(/\.[jt]sx?$/, '');
}

const FILES = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));

/** What a file imports of ours, relative to src/. */
function importsOf(name: string): string[] {
  const text = readFileSync(join('src', name), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(([, path]) =>
    normalize(join(name, '..', path ?? '')),
  );
}

describe('docs/architecture.md', () => {
  const modules = new Map(
    table(DOCUMENT, ['Module', 'What it is', 'May import']).map(([module = '', , imports = '']) => {
      const names = [...imports.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? '');
      return [module.replace(/[`/]|\.ts/g, ''), { names, allBut: imports.startsWith('anything but') }];
    }),
  );

  test('has every module', () => {
    const all = new Set(FILES.map(moduleOf));
    assert.deepEqual([...modules.keys(), ...OPEN_TO_ALL].sort(), [...all].sort());
  });

  for (const [module, { names, allBut }] of modules) {
    test(`says what ${module} imports`, () => {
      for (const name of FILES.filter((file) => moduleOf(file) === module)) {
        for (const path of importsOf(name)) {
          const target = moduleOf(path);
          if (target === module || OPEN_TO_ALL.includes(target)) continue;
          assert.ok(names.includes(target) !== allBut, `${name} imports ${path}`);
        }
      }
    });
  }

  test('names functions and types by the files that have them', () => {
    const named = [...DOCUMENT.text.matchAll(/`([\w.]+)`\s\(`([\w/-]+\.ts)`\)/g)];
    assert.ok(named.length > 30, `only ${named.length} were found`);
    for (const [, what = '', file = ''] of named) {
      const path = join('src', file);
      assert.ok(statSync(path).isFile());
      const text = readFileSync(path, 'utf8');
      for (const word of what.split('.')) assert.match(text, new RegExp(`\\b${word}\\b`), `${what} in ${file}`);
    }
  });
});
