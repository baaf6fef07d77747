import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../../src/simulated/free-port.js';

test('who asks at the same time is given different ports', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  assert.equal(new Set(ports).size, ports.length, ports.join(' '));
});
