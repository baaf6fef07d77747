/** In a process of its own: what is loaded once stays loaded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from '../../src/block/gate.js';
import { HEADER_SIZE, hashHeader, loadX11 } from '../../src/block/x11.js';
import { NETWORKS } from '../../src/wire/network.js';
import { buildBlock } from './support.js';

test('inspecting before X11 is loaded is a mistake that says so', () => {
  assert.throws(() => inspect(buildBlock(), NETWORKS.regtest), /await loadX11/);
});

test('hashing before X11 is loaded is a mistake that says so', async () => {
  assert.throws(() => hashHeader(Buffer.alloc(HEADER_SIZE)), /await loadX11/);
  const first = loadX11();
  assert.throws(() => hashHeader(Buffer.alloc(HEADER_SIZE)), /await loadX11/, 'begun is not done');
  assert.equal(loadX11(), first, 'a second call waits for the first');
  await first;
});
