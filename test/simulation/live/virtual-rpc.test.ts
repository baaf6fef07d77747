/** dashd's RPC in virtual time: 0.1 ms each way, 0.2 ms for a call and 1.5 ms for `submitblock`. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import type { RpcAnswer } from '../../../src/contracts/rpc.js';
import { mineBlock } from '../../../src/simulated/miner.js';
import type { LiveNetwork } from '../../../src/simulation/live/start.js';
import { VirtualProcess } from '../../../src/simulation/live/virtual-process.js';
import { virtualRpc } from '../../../src/simulation/live/virtual-rpc.js';
import { connectedNetwork, hashOf } from './support.js';

const CALL_MICROS = 400;
const SUBMIT_MICROS = 1_700;

before(loadX11);

/** A client beside the relay's. */
function client(network: LiveNetwork) {
  const { driver, clock, dashd } = network;
  const { engine } = driver;
  const process = new VirtualProcess(engine, clock, driver.touch);
  const rpc = virtualRpc({ engine, dashd, process });
  const from = engine.now;
  /** The answer, or its fault's code, and after how many microseconds it came. */
  const timed = async (asking: Promise<RpcAnswer>): Promise<readonly [unknown, number]> => {
    const answer = await asking;
    return [answer.ok ? answer.result : answer.code, engine.now - from];
  };
  const asked = (asking: Promise<RpcAnswer>) => driver.settled(timed(asking), 60_000);
  return { process, rpc, timed, asked };
}

describe('the RPC client', () => {
  test("gives dashd's answers, in dashd's time", async () => {
    const network = await connectedNetwork();
    const { rpc, asked } = client(network);
    assert.deepEqual(await asked(rpc.call('getblockcount')), [3, CALL_MICROS]);
  });

  test('submits blocks one after the other, and makes other calls meanwhile', async () => {
    const network = await connectedNetwork();
    const { rpc, timed } = client(network);
    const [first, second] = [network.mine(), network.mine()];
    const answers = Promise.all(
      [rpc.submitBlock(first), rpc.submitBlock(second), rpc.call('getblockcount')].map(timed),
    );
    assert.deepEqual(await network.driver.settled(answers, 1_000), [
      [null, SUBMIT_MICROS],
      ['inconclusive', 2 * SUBMIT_MICROS],
      [3, CALL_MICROS],
    ]);
  });

  test('submits a block that dashd has with `duplicate`', async () => {
    const network = await connectedNetwork();
    const { rpc, asked } = client(network);
    const raw = network.dashd.generate();
    assert.equal((await asked(rpc.submitBlock(raw)))[0], 'duplicate');
  });

  test('names what goes wrong as the real one does', async () => {
    const network = await connectedNetwork();
    for (const [faults, code] of [
      [{ warmingUp: 'Loading block index...' }, 'warming-up'],
      [{ unauthorised: true }, 'unauthorised'],
      [{ html: true }, 'not-json'],
    ] as const) {
      const { rpc, asked } = client(network);
      network.dashd.rpcFaults = faults;
      assert.equal((await asked(rpc.call('getblockcount')))[0], code);
    }
    network.dashd.rpcFaults = {};
    const { rpc, asked } = client(network);
    assert.equal((await asked(rpc.call('nonsense')))[0], 'rpc-error');
  });

  test('gives up on a dashd that hangs after 15 s, counted from the call', async () => {
    const network = await connectedNetwork();
    network.dashd.rpcFaults = { hangs: true };
    const { rpc, asked, timed } = client(network);
    const waiting = Array.from({ length: 6 }, () => timed(rpc.call('getblockcount')));
    for (const one of waiting) assert.deepEqual(await network.driver.settled(one, 60_000), ['timeout', 15_000_000]);
    network.dashd.rpcFaults = {};
    assert.equal((await asked(rpc.call('getblockcount')))[0], 3);
  });

  test('cannot reach a dashd that is down', async () => {
    const network = await connectedNetwork();
    await network.driver.settled(network.dashd.stop(), 1_000);
    const { rpc, asked } = client(network);
    assert.deepEqual(await asked(rpc.call('getblockcount')), ['unreachable', 100]);
  });

  test('loses its calls when dashd stops, but sends a block once more', async () => {
    const network = await connectedNetwork();
    network.dashd.rpcFaults = { delayMs: 500 };
    const { rpc, timed } = client(network);
    const call = timed(rpc.call('getblockcount'));
    const submission = timed(rpc.submitBlock(network.mine()));
    await network.driver.run(100);
    const { dashd } = network;
    // It is back before the second attempt arrives.
    await network.driver.settled(
      dashd.stop().then(() => dashd.start()),
      1_000,
    );
    dashd.rpcFaults = {};
    assert.deepEqual(await network.driver.settled(call, 1_000), ['unreachable', 100_000]);
    assert.deepEqual(await network.driver.settled(submission, 1_000), [null, 100_000 + SUBMIT_MICROS]);
  });

  test('sends a block again before those that were given after it', async () => {
    const network = await connectedNetwork();
    const { dashd, driver } = network;
    const parent = network.mine();
    const template = dashd.node.chain.template();
    const child = mineBlock({
      ...template,
      parent: hashOf(parent),
      height: template.height + 1,
      time: template.time + 1,
    });
    dashd.rpcFaults = { delayMs: 500 };
    const { rpc } = client(network);
    const answers = Promise.all([rpc.submitBlock(parent), rpc.submitBlock(child)]);
    await driver.run(100);
    await driver.settled(
      dashd.stop().then(() => dashd.start()),
      1_000,
    );
    dashd.rpcFaults = {};
    const results = (await driver.settled(answers, 10_000)).map((answer) => answer.ok && answer.result);
    assert.deepEqual(results, [null, null]);
  });

  test('answers nothing to a process that was killed', async () => {
    const network = await connectedNetwork();
    const { process, rpc, timed } = client(network);
    let isAnswered = false;
    void timed(rpc.call('getblockcount')).then(() => {
      isAnswered = true;
    });
    process.kill();
    await network.driver.run(60_000);
    assert.equal(isAnswered, false);
  });
});

describe('a dashd in virtual time', () => {
  test('refuses what is no block of its chain', async () => {
    const network = await connectedNetwork();
    const { rpc, asked } = client(network);
    const template = network.dashd.node.chain.template();
    const orphan = mineBlock({ ...template, parent: '11'.repeat(32) });
    assert.equal((await asked(rpc.submitBlock(orphan)))[0], 'prev-blk-not-found');
  });
});
