/** Runs the client examples of README.md, and checks its length. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Pull } from 'zeromq';
import { codeBlocks, documentAt } from './markdown.js';

const BLOCK = Buffer.from('00000020c0ffee', 'hex');
const hasPyzmq = spawnSync('python3', ['-c', 'import zmq']).status === 0;

test('README.md has at most 140 lines', () => {
  assert.ok(documentAt('README.md').text.split('\n').length <= 141);
});

describe('the examples in README.md that push a block', () => {
  let pull: Pull;
  let endpoint: string;
  beforeEach(async () => {
    pull = new Pull({ linger: 0 });
    await pull.bind('tcp://127.0.0.1:*');
    endpoint = pull.lastEndpoint ?? '';
  });
  afterEach(() => pull.close());

  /** The example in a language, with a block to push and the relay's address. */
  const example = (language: string, block: string) => {
    const [code = ''] = codeBlocks(documentAt('README.md'), language);
    assert.ok(code.includes('tcp://127.0.0.1:28500'));
    return `${block}\n${code.replace('tcp://127.0.0.1:28500', endpoint)}`;
  };

  test('in Node', async () => {
    const script = example('js', `const rawBlock = Buffer.from('${BLOCK.toString('hex')}', 'hex');`);
    assert.deepEqual(await pushed(process.execPath, ['--input-type=module', '-e', script]), [BLOCK]);
  });

  test('in Python', { skip: hasPyzmq ? false : 'there is no pyzmq' }, async () => {
    const script = example('python', `raw_block = bytes.fromhex('${BLOCK.toString('hex')}')`);
    assert.deepEqual(await pushed('python3', ['-c', script]), [BLOCK]);
  });

  async function pushed(program: string, args: readonly string[]): Promise<Buffer[]> {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const exit = once(child, 'exit');
    const failed = exit.then(([code]) =>
      code === 0 ? new Promise<never>(() => undefined) : assert.fail(`exit ${code}`),
    );
    const frames = await Promise.race([pull.receive(), failed]);
    await exit;
    return frames;
  }
});
