import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PATH, page } from './messages-page.js';

test('docs/messages.md is what the code generates: npm run docs writes it', () => {
  assert.equal(readFileSync(PATH, 'utf8'), page());
});
