import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { HEADER_SIZE, hashHeader, loadX11 } from '../../src/block/x11.js';
import { REGTEST_BLOCKS } from '../vectors/block/regtest.js';
import { genesisBlocks } from './genesis.js';

const header = (raw: Buffer) => raw.subarray(0, HEADER_SIZE);

for (const { network, raw, hash } of genesisBlocks) {
  test(`the hash of ${network}'s genesis block`, async () => {
    await loadX11();
    assert.equal(hashHeader(header(raw)), hash);
  });
}

test('the hashes of blocks that dashd mined', async () => {
  await loadX11();
  for (const block of REGTEST_BLOCKS) assert.equal(hashHeader(header(Buffer.from(block.hex, 'hex'))), block.hash);
});

test('the WebAssembly agrees with the JavaScript, hash after hash', async () => {
  await loadX11();
  const require = createRequire(import.meta.url);
  const js: { digest(input: Buffer, from: 1, to: 1): number[] } = createRequire(
    require.resolve('@dashevo/dashcore-lib'),
  )('@dashevo/x11-hash-js');
  for (let i = 0; i < 20; i++) {
    const bytes = randomBytes(HEADER_SIZE);
    const expected = Buffer.from(js.digest(bytes, 1, 1))
      .reverse()
      .toString('hex');
    assert.equal(hashHeader(bytes), expected, bytes.toString('hex'));
  }
});

test('anything but 80 bytes is a mistake', async () => {
  await loadX11();
  assert.throws(() => hashHeader(Buffer.alloc(79)), /80 bytes, not 79/);
  assert.throws(() => hashHeader(Buffer.alloc(81)), /80 bytes, not 81/);
});
