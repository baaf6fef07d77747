/** docs/architecture.md against the code it describes. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, normalize, sep } from 'node:path';
import { describe, test } from 'node:test';
import { documentAt, table } from './markdown.js';

const DOCUMENT = documentAt('docs/architecture.md');
const OPEN_TO_ALL = ['address', 'z85', 'time', 'events', 'view'];

/** The room of a file below src/: its folder, or its own name; `config.ts` is of `config/`. */
function roomOf(path: string): string {
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
  const rooms = new Map(
    table(DOCUMENT, ['Room', 'What it is', 'May import of ours']).map(([room = '', , imports = '']) => {
      const names = [...imports.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? '');
      return [room.replace(/[`/]|\.ts/g, ''), { names, allBut: imports.startsWith('anything but') }];
    }),
  );

  test('has every room', () => {
    const all = new Set(FILES.map(roomOf));
    assert.deepEqual([...rooms.keys(), ...OPEN_TO_ALL].sort(), [...all].sort());
  });

  for (const [room, { names, allBut }] of rooms) {
    test(`says what ${room} imports`, () => {
      for (const name of FILES.filter((file) => roomOf(file) === room)) {
        for (const path of importsOf(name)) {
          const target = roomOf(path);
          if (target === room || OPEN_TO_ALL.includes(target)) continue;
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
