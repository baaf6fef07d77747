import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { runDemo } from '../../src/demo/main.js';
import { startNetwork } from '../../src/demo/network.js';

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

describe('demo network', () => {
  it('is the same for the same seed', async () => {
    const draw = async (seed: number) => {
      const network = await startNetwork({ seed, nodes: 8 });
      await network.stop();
      return network.profiles.map(({ line, behaviour }) => ({ line, behaviour }));
    };
    const first = await draw(4);
    assert.deepEqual(await draw(4), first);
    assert.notDeepEqual(await draw(5), first);
    assert.deepEqual(first.at(-2)?.behaviour, { diesMidBlock: true });
    assert.deepEqual(first.at(-1)?.behaviour, { silent: 'after the handshake' });
  });

  it('shares a chain and tells its dashd of some nodes', async () => {
    const network = await startNetwork({ nodes: 6, latency: false, faults: false, blocks: 5 });
    for (const { chain } of [network.dashd.node, ...network.nodes]) assert.equal(chain.tip.height, 5);
    assert.ok([...network.dashd.node.peers].filter(({ inbound }) => !inbound).length === 6);
    await network.stop();
  });
});

describe('demo', () => {
  it('races blocks to every node, and ends by itself', async () => {
    const { output, text } = capture();
    const demo = await runDemo({ nodes: 6, blocks: 2, everyMs: 50, latency: false, faults: false, output });
    await demo.done;
    await demo.stop();
    const outcomes = text().match(/delivered, 7 of 7 peers/g);
    assert.equal(outcomes?.length, 2, text());
    assert.doesNotMatch(text(), /not connected|failed/);
  });

  it('shows the one that dies and the one that never answers, and delivers all the same', async () => {
    const { output, text } = capture();
    const demo = await runDemo({ nodes: 6, blocks: 1, latency: false, output });
    await demo.done;
    await demo.stop();
    assert.match(text(), /node-05 +dies mid-block +failed: /);
    assert.match(text(), /node-06 +never answers +sent, no answer yet/);
    assert.match(text(), /delivered, 5 of 7 peers/);
    assert.equal(text().includes('\x1b'), false, 'no colours outside a terminal');
  });

  it('can be stopped at any time', async () => {
    const { output } = capture();
    const demo = await runDemo({ nodes: 3, latency: false, faults: false, output });
    await demo.stop();
    await demo.done;
  });
});
