import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { hashHeader, loadX11 } from '../../../src/block/x11.js';
import { fileName, formatHead } from '../../../src/history/spool-entry.js';
import { regtestGenesis } from '../../../src/simulated/genesis.js';
import { countFiles, spooledBlocks } from '../../../src/simulation/faults/files.js';
import { MemoryTree } from '../../../src/simulation/live/memory-tree.js';

const SPOOL = '/data/spool';

describe('What is on the disk of a run', () => {
  before(loadX11);
  const raw = regtestGenesis();

  function open() {
    const hash = hashHeader(raw.subarray(0, 80));
    const tree = new MemoryTree(() => 0);
    const head = formatHead({ hash, previous: '00'.repeat(32), at: 0, size: raw.length });
    tree.makeFolders(SPOOL);
    return { hash, tree, content: Buffer.concat([head, raw]) };
  }

  it('is a block in the spool when its file is whole', () => {
    const { hash, tree, content } = open();
    const file = tree.makeFile(`${SPOOL}/${fileName(hash)}`, 0o600);
    file.append(content.subarray(0, -1));
    assert.deepEqual(spooledBlocks({ tree }, SPOOL), new Set());
    file.append(content.subarray(-1));
    assert.deepEqual(spooledBlocks({ tree }, SPOOL), new Set([hash]));
  });

  it('is no block under the name of another', () => {
    const { tree, content } = open();
    tree.makeFile(`${SPOOL}/${fileName('ab'.repeat(32))}`, 0o600).append(content);
    assert.deepEqual(spooledBlocks({ tree }, SPOOL), new Set());
  });

  it('is nothing where there is no spool', () => {
    assert.deepEqual(spooledBlocks({ tree: new MemoryTree(() => 0) }, SPOOL), new Set());
  });

  it('is so many files, in all folders', () => {
    const { tree } = open();
    for (const path of ['/data/a', `${SPOOL}/b`, `${SPOOL}/b.tmp-1`]) tree.makeFile(path, 0o600);
    assert.equal(countFiles(tree.root), 3);
  });
});
