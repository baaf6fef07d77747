import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type JobThread, openJobThread } from '../../src/adapters/job-thread.js';
import { loadX11 } from '../../src/block/x11.js';
import type { BlockContents } from '../../src/contracts/anatomy.js';
import type { RpcAnswer } from '../../src/contracts/rpc.js';
import type { BlockRecord } from '../../src/contracts/view.js';
import { openAnatomy } from '../../src/relay/anatomy.js';
import type { AnatomyJob } from '../../src/relay/anatomy-thread.js';
import { Scope } from '../../src/relay/scope.js';
import { buildBlock, buildCoinbase, buildPayment, buildTx } from '../block/support.js';

const HASH = 'ab'.repeat(32);
const TIP = 'cd'.repeat(32);
const MINER = 'yPRviMJaEHGafsc5EKovpa5Nw2Jewo9mdj';
const MASTERNODE = '8j6BWHXLETu2JXH4frbX7QdJggkK3STMFT';
const outputs = [`76a914${'22'.repeat(20)}88ac`, `a914${'33'.repeat(20)}87`].map((script) => ({
  value: 5n,
  script: Buffer.from(script, 'hex'),
}));
const inputs = [{ outpoint: Buffer.alloc(36).fill(0xff, 32), script: Buffer.from('\u0001\u0002pool'), sequence: 0 }];
const BLOCK = buildBlock({ transactions: [buildTx({ inputs, outputs }), buildPayment(200, 1)] });

type Thread = Pick<JobThread<AnatomyJob, BlockContents>, 'run'>;

interface World {
  /** What dashd answers, by method; it answers no other. */
  readonly dashd?: Readonly<Record<string, unknown>>;
  readonly thread?: Thread;
  readonly inMemory?: Buffer;
  readonly tipHeight?: number;
}

const fakeThread: Thread = {
  run: async () => ({
    ok: true,
    reply: {
      ...{ size: 9, transactions: 1, inputs: 1, outputs: 2, kinds: [] },
      coinbase: { text: '', script: '', outputs: 2, payees: [{ address: MINER }, { address: MASTERNODE }] },
    },
  }),
};

/** What the anatomy is asked of, and the calls that it made of dashd. */
function anatomyIn({ dashd = {}, thread = fakeThread, inMemory, tipHeight = 1_000 }: World) {
  const calls: string[] = [];
  const scope = new Scope();
  const frame = inMemory && Buffer.concat([Buffer.alloc(24), inMemory]);
  const record: BlockRecord = {
    ...{ hash: HASH, height: 1_000, size: 9, receivedAt: 0 },
    finality: { at: 0, state: 'pending' },
  };
  const rpc = {
    async call(method: string, params: readonly unknown[] = []): Promise<RpcAnswer> {
      calls.push([method, ...params.map(String)].join(' '));
      const key = method === 'masternode' ? 'masternode winners' : method;
      return key in dashd
        ? { ok: true, result: dashd[key] }
        : { ok: false, code: 'rpc-error', detail: 'Method not found' };
    },
    submitBlock: () => assert.fail(),
    submitConnectionPing: () => assert.fail(),
  };
  const ask = openAnatomy(
    {
      context: {
        config: { network: 'regtest' },
        openJobThread: () => ({ close: async () => undefined, ...thread }) as never,
      },
      dashd: { rpc },
      recent: { get: () => frame && { hash: HASH, previous: TIP, header: frame, frame } },
      tip: { hash: TIP, heightOf: () => tipHeight },
      history: { get: (hash) => (hash === HASH ? record : undefined) },
    },
    scope,
  );
  return { ask, calls };
}

describe('what a block is made of', () => {
  test('of a block in memory nothing is asked of dashd but its fees and who had to be paid', async () => {
    const stats = { totalfee: 1_234, minfeerate: 1, avgfeerate: 2, maxfeerate: 9 };
    const world = { getblockstats: stats, 'masternode winners': { 1000: MASTERNODE } };
    const { ask, calls } = anatomyIn({ inMemory: BLOCK, dashd: world, tipHeight: 1_003 });
    const answer = await ask(HASH);
    assert.ok(answer.ok);
    assert.deepEqual(answer.anatomy.fees, { total: 1_234, lowestRate: 1, meanRate: 2, highestRate: 9 });
    assert.deepEqual(
      answer.anatomy.coinbase?.payees.map(({ share }) => share),
      ['miner', 'masternode'],
    );
    assert.deepEqual(calls.sort(), [
      `getblockstats ${HASH} totalfee,minfeerate,avgfeerate,maxfeerate`,
      'masternode winners 4',
    ]);
    await ask(HASH);
    assert.equal(calls.length, 2, 'what is known is not asked again');
  });

  test('what dashd did not know yet is asked again, the block is not read again', async () => {
    let jobs = 0;
    const thread: Thread = {
      run(job) {
        jobs += 1;
        return fakeThread.run(job);
      },
    };
    const { ask, calls } = anatomyIn({ inMemory: BLOCK, thread });
    for (let times = 0; times < 2; times++) {
      const answer = await ask(HASH);
      assert.ok(answer.ok && answer.anatomy.fees === undefined);
    }
    assert.deepEqual([jobs, calls.length], [1, 4]);
  });

  test('only at the height of a superblock are further addresses those of proposals', async () => {
    for (const [cycle, share] of [
      [500, 'superblock'],
      [7, 'masternode'],
    ] as const) {
      const dashd = {
        'masternode winners': { 1000: `${MINER}, ${MASTERNODE}` },
        getgovernanceinfo: { superblockcycle: cycle },
      };
      const answer = await anatomyIn({ inMemory: BLOCK, dashd }).ask(HASH);
      assert.ok(answer.ok);
      assert.equal(answer.anatomy.coinbase?.payees[1]?.share, share);
    }
  });

  test('who had to be paid is not asked for a block that is 100 heights old', async () => {
    const { ask, calls } = anatomyIn({ inMemory: BLOCK, tipHeight: 1_100 });
    await ask(HASH);
    assert.deepEqual(
      calls.map((call) => call.split(' ')[0]),
      ['getblockstats'],
    );
  });

  test('a block that is no longer in memory is fetched from dashd; without dashd there are no bytes', async () => {
    const answer = await anatomyIn({ dashd: { getblock: BLOCK.toString('hex') } }).ask(HASH);
    assert.ok(answer.ok);
    assert.deepEqual(await anatomyIn({}).ask(HASH), {
      ok: false,
      code: 'no-bytes',
      reason: 'Method not found',
    });
  });

  test('a block that is not in the history is unknown', async () => {
    const answer = await anatomyIn({}).ask(TIP);
    assert.ok(!answer.ok && answer.code === 'unknown-block');
  });

  test('many who ask at once cost one reading', async () => {
    let jobs = 0;
    const thread: Thread = {
      run(job) {
        jobs += 1;
        return fakeThread.run(job);
      },
    };
    const { ask } = anatomyIn({ inMemory: BLOCK, thread });
    await Promise.all(Array.from({ length: 20 }, () => ask(HASH)));
    assert.equal(jobs, 1);
  });

  test('a thread that runs out of memory, or has too much to do, is an answer', async () => {
    for (const [code, expected] of [
      ['failed', 'unreadable'],
      ['timeout', 'unreadable'],
      ['busy', 'busy'],
    ] as const) {
      const thread: Thread = { run: async () => ({ ok: false, code, detail: 'ERR_WORKER_OUT_OF_MEMORY' }) };
      const answer = await anatomyIn({ inMemory: BLOCK, thread }).ask(HASH);
      assert.ok(!answer.ok && answer.code === expected);
    }
  });
});

describe('the thread that reads blocks', () => {
  const module = new URL('../../src/relay/anatomy-thread.js', import.meta.url);
  let thread: JobThread<AnatomyJob, BlockContents>;
  before(async () => {
    await loadX11();
    thread = openJobThread({ module });
  });
  after(() => thread.close());

  test('reads one block after the other, of 180,000 transactions too, and leaves the bytes as they are', async () => {
    const tiny = Buffer.from('03000a0000000000000000', 'hex');
    const transactions = [buildCoinbase(), ...Array<Buffer>(180_000).fill(tiny)];
    for (const block of [BLOCK, buildBlock({ transactions, merkleRoot: Buffer.alloc(32) })]) {
      const before = Buffer.from(block);
      const { ask } = anatomyIn({ inMemory: block, thread });
      const answer = await ask(HASH);
      assert.ok(answer.ok, JSON.stringify(answer));
      assert.equal(answer.anatomy.size, block.length);
      assert.equal(answer.anatomy.transactions, block === BLOCK ? 2 : 180_001);
      assert.ok(block.equals(before));
    }
  });
});

describe('a thread for jobs', () => {
  /** It answers with the length of a text; `hang` never ends, `throw` ends it. */
  const source = `
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (text) => {
      if (text === 'throw') throw new RangeError('text');
      if (text === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      parentPort.postMessage(text.length);
    });`;
  const module = new URL(`data:text/javascript,${encodeURIComponent(source)}`);

  test('a job that throws is answered so, and the next one is done', async () => {
    const thread = openJobThread<string, number>({ module });
    assert.deepEqual(await Promise.all(['throw', 'four'].map((job) => thread.run(job))), [
      { ok: false, code: 'failed', detail: 'RangeError' },
      { ok: true, reply: 4 },
    ]);
    await thread.close();
  });

  test('a job that takes too long is given up', async () => {
    const thread = openJobThread<string, number>({ module, timeoutMs: 100 });
    assert.deepEqual(await thread.run('hang'), { ok: false, code: 'timeout', detail: '100 ms' });
    await thread.close();
  });

  test('more jobs than may wait are refused, and all of them when it is closed', async () => {
    const thread = openJobThread<string, number>({ module, maxWaiting: 2 });
    const jobs = ['hang', 'hang', 'four'].map((job) => thread.run(job));
    assert.deepEqual(await jobs[2], { ok: false, code: 'busy', detail: 'busy' });
    await thread.close();
    assert.deepEqual(
      (await Promise.all(jobs)).map((answer) => (answer.ok ? 'done' : answer.code)),
      ['closed', 'closed', 'busy'],
    );
    assert.deepEqual(await thread.run('four'), { ok: false, code: 'closed', detail: 'closed' });
  });
});
