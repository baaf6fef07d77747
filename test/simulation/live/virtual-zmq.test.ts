/** The relay's ZeroMQ sockets in virtual time. A message takes 0.1 ms, a handshake 0.4 ms. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ZmqHandlers } from '../../../src/adapters/zmq.js';
import { loadX11 } from '../../../src/block/x11.js';
import { Chain } from '../../../src/simulated/chain.js';
import { Engine } from '../../../src/simulation/engine.js';
import { Driver } from '../../../src/simulation/live/driver.js';
import { virtualNodeOptions } from '../../../src/simulation/live/live-node.js';
import { VirtualClock } from '../../../src/simulation/live/virtual-clock.js';
import { VirtualDashd } from '../../../src/simulation/live/virtual-dashd.js';
import { VirtualPool } from '../../../src/simulation/live/virtual-pool.js';
import { VirtualProcess } from '../../../src/simulation/live/virtual-process.js';
import { VirtualTcp } from '../../../src/simulation/live/virtual-tcp.js';
import { virtualPull, virtualSubscription } from '../../../src/simulation/live/virtual-zmq.js';
import { RunRandom } from '../../../src/simulation/random.js';
import { exactTransport, HOST } from './exact-transport.js';

const FEED = 'tcp://127.0.0.1:28332';
const TOPICS = ['hashblock', 'rawblock'];

before(loadX11);

function setUp() {
  const engine = new Engine();
  const driver = new Driver(engine);
  const clock = new VirtualClock(engine);
  const process = new VirtualProcess(engine, clock, driver.touch);
  const seen: string[] = [];
  const handlers: ZmqHandlers = {
    frames: (frames) => seen.push(`${engine.now} ${frames[0]?.toString()} ${frames[2]?.readUInt32LE() ?? ''}`.trim()),
    state: (state) => seen.push(`${engine.now} ${state}`),
  };
  return { engine, driver, clock, process, seen, handlers };
}

describe("the pool's socket", () => {
  const open = (pool: VirtualPool, { engine, process, handlers }: ReturnType<typeof setUp>) =>
    virtualPull({ engine, process }, pool)({ bind: 'tcp://127.0.0.1:1' })(handlers);

  test('gives what the pool pushed, in order, also what it pushed before anybody listened', () => {
    const network = setUp();
    const pool = new VirtualPool(network.engine);
    pool.push(Buffer.from('early'));
    assert.equal(pool.backlog, 1);
    open(pool, network);
    pool.push(Buffer.from('late'));
    network.engine.run();
    assert.deepEqual(network.seen, ['0 up', '100 early', '100 late']);
    assert.equal(pool.backlog, 0);
  });

  test('keeps what arrives before it is read', () => {
    const network = setUp();
    const { engine, process, handlers, seen } = network;
    const pool = new VirtualPool(engine);
    const read = virtualPull({ engine, process }, pool)({ bind: 'tcp://127.0.0.1:1' });
    pool.push(Buffer.from('block'));
    engine.run();
    assert.deepEqual(seen, []);
    read(handlers);
    engine.run();
    assert.deepEqual(seen, ['100 up', '100 block']);
  });

  test('loses what is under way when the process is killed; what is pushed later waits for the next one', () => {
    const network = setUp();
    const pool = new VirtualPool(network.engine);
    open(pool, network);
    network.engine.run();
    pool.push(Buffer.from('under way'));
    network.process.kill();
    pool.push(Buffer.from('waits'));
    network.engine.run();
    assert.deepEqual([network.seen, pool.backlog], [['0 up'], 1]);
    const next = setUp();
    open(pool, { ...next, engine: network.engine });
    network.engine.run();
    assert.equal(next.seen.length, 2);
  });

  test('is drained once nothing has come for 50 ms', async () => {
    const network = setUp();
    const { engine, driver } = network;
    const pool = new VirtualPool(engine);
    const socket = open(pool, network);
    engine.at(30_000, () => pool.push(Buffer.from('last')));
    await driver.settled(socket.drain(), 1_000);
    assert.equal(engine.now, 100_000);
    assert.deepEqual(network.seen, ['0 up', '30100 last']);
  });
});

describe("dashd's feed", () => {
  async function feed() {
    const network = setUp();
    const { engine, driver, clock, process, handlers } = network;
    const transport = exactTransport(engine);
    const tcp = new VirtualTcp({ engine, transport });
    const machine = tcp.addMachine(transport.addHost(HOST), '1.1.0.1');
    const place = { machine, port: 19_899, random: new RunRandom(1, 'dashd') };
    const newChain = () => new Chain({ clock });
    const dashd = new VirtualDashd(driver, { ...virtualNodeOptions({ driver, tcp, clock }, place), newChain }, FEED);
    await dashd.start();
    const socket = virtualSubscription({ engine, process }, dashd)({ connect: FEED, topics: TOPICS }, handlers);
    return { ...network, dashd, socket };
  }

  test('shows each new block by hash and in full, with numbers that count from 0', async () => {
    const { driver, dashd, seen } = await feed();
    await driver.run(1);
    for (let block = 0; block < 2; block += 1) dashd.generate();
    await driver.run(1);
    assert.deepEqual(seen, [
      '400 up',
      ...['hashblock 0', 'rawblock 0', 'hashblock 1', 'rawblock 1'].map((n) => `1100 ${n}`),
    ]);
  });

  test('misses what was published before it was connected', async () => {
    const { driver, dashd, seen } = await feed();
    dashd.generate();
    await driver.run(1);
    assert.deepEqual(seen, ['400 up']);
  });

  test('goes down with dashd, and comes back with it, with pauses that double up to 2 s', async () => {
    const { driver, dashd, seen } = await feed();
    await driver.run(1);
    await dashd.stop();
    await driver.run(5_000);
    await dashd.start();
    dashd.generate();
    await driver.run(2_000);
    dashd.generate();
    await driver.run(1);
    // After 0.1, 0.3, 0.7, 1.5, 3.1 and 5.1 s.
    assert.deepEqual(seen, ['400 up', '1000 down', '5101000 up', '7001100 hashblock 1', '7001100 rawblock 1']);
  });

  test('is over when it is closed', async () => {
    const { driver, dashd, socket, seen } = await feed();
    await driver.run(1);
    await socket.close();
    dashd.generate();
    await dashd.stop();
    await driver.run(10_000);
    assert.deepEqual(seen, ['400 up']);
  });
});
