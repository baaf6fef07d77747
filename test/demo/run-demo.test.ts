import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { runDemo } from '../../src/demo/run-demo.js';
import { startNetwork } from '../../src/simulated/simulated-network.js';
import { until } from '../support/relay-process.js';

function capture() {
  const text: string[] = [];
  const output = new Writable({
    write(chunk, _encoding, done) {
      text.push(String(chunk));
      done();
    },
  });
  return { output, text: () => text.join('') };
}

/** Gives this process a folder of its own for temporary files. @returns what is left in it, once it is removed */
function temporaryFolder(t: TestContext): () => string[] {
  const before = process.env['TMPDIR'];
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-test-'));
  process.env['TMPDIR'] = folder;
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(folder, { recursive: true });
  });
  return () => readdirSync(folder);
}

describe('demo network', () => {
  it('is the same for the same seed', async () => {
    const draw = async (seed: number) => {
      const network = await startNetwork({ seed, nodes: 8 });
      await network.stop();
      return network.nodes.map(({ linkQuality }) => linkQuality);
    };
    const first = await draw(4);
    assert.deepEqual(await draw(4), first);
    assert.notDeepEqual(await draw(5), first);
  });

  it('shares a chain, and its dashd knows as many of it as it dialled', async () => {
    const network = await startNetwork({ nodes: 6, latency: false, blocks: 5, known: 4, dashdPeers: 2 });
    for (const { chain } of [network.dashd.node, ...network.nodes]) assert.equal(chain.tip.height, 5);
    assert.equal([...network.dashd.node.peers].filter(({ inbound }) => !inbound).length, 2);
    assert.equal(network.dashd.node.addressBook.size, 2);
    for (const { addressBook } of network.nodes) assert.equal(addressBook.size, 4);
    await network.stop();
  });
});

describe('demo', () => {
  it('grows from one known peer to twenty connections, races blocks to them, replaces the one that turns slow', async (t) => {
    const leftovers = temporaryFolder(t);
    const { output, text } = capture();
    const demo = await runDemo({ everyMs: 2_800, latency: false, output });
    t.after(() => demo.stop());
    const delivered = () => text().match(/^ {2}delivered, \d+ of \d+ peers/gm)?.length ?? 0;
    const slowPeer = () => /^(node-\d+) was .* is now 2600 ms away\.$/m.exec(text())?.[1];
    const replaced = () =>
      new RegExp(`^ {2}\\+ node-\\d+ {2}rotation: score \\d+, for ${slowPeer()}$`, 'm').test(text());
    await until(
      'four blocks, and a peer in place of the slow one',
      () => (delivered() >= 4 && replaced()) || undefined,
    );
    await demo.stop();
    await demo.done;
    assert.match(text(), /^peers {2}1 → .*→ 20 of \d+ known$/m);
    assert.match(text(), /^ {2}node-\d+ +dies mid-block +failed: /m);
    assert.match(text(), /^ {2}node-\d+ +never answers +sent, no answer yet/m);
    const left = new RegExp(
      `^ {2}− ${slowPeer()} {2}unfit: its ping is \\d+ ms, over \\d+ ms \\((one|\\d+) looks? after that\\)$`,
      'm',
    );
    assert.match(text(), left);
    assert.equal(text().includes('\x1b'), false, 'no colours outside a terminal');
    assert.deepEqual(leftovers(), []);
  });

  it('can be stopped at any time', async (t) => {
    const leftovers = temporaryFolder(t);
    const { output } = capture();
    const demo = await runDemo({ latency: false, output });
    await demo.stop();
    await demo.done;
    assert.deepEqual(leftovers(), []);
  });
});
