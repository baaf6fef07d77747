/** A relay that may open few files: at the start it refuses plainly, and later it goes on with what it has. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../support/relay-process.js';
import { inShell, ShellStartedRelay, ShellTestNetwork } from '../support/shell-started-relay.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const isLinux = process.platform === 'linux';
const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

/** Runs a relay with a limit until it ends. */
function runWith(limit: number, flags: string, command = 'run') {
  return spawnSync('sh', ['-c', `ulimit -n ${limit}; exec ${process.execPath} ${MAIN} ${command} ${flags}`], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });
}

describe('a relay that may open too few files at once ends with a clear word', {
  skip: !isLinux && 'no /proc here',
}, () => {
  for (const limit of [40, 80, 100]) {
    test(`before it is loaded: ulimit -n ${limit}`, () => {
      const { status, stderr } = runWith(limit, '--network=regtest');
      assert.equal(status, 1, stderr);
      assert.match(
        stderr,
        new RegExp(
          `^error: the limit of open files is ${limit}, but blockcast needs 192 to start and 1144 .*"ulimit -n 1144"`,
        ),
      );
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    });
  }

  test('which check-config gives as a warning', () => {
    const { status, stderr } = runWith(300, '--network=regtest', 'check-config');
    assert.equal(status, 0, stderr);
    assert.match(
      stderr,
      /^warning: the limit of open files is 300, but blockcast needs up to 1144 for 20 peers \(broadcast\.maxPeers\), 400 members of quorums \(quorum\.maxPeers\)/m,
    );
  });

  test('by what is configured: peers, pages and proxy', () => {
    const { status, stderr } = runWith(
      700,
      '--network=regtest --broadcast-max-peers=100 --quorum-max-peers=0 --http-enabled=false --proxy-enabled=true',
    );
    assert.equal(status, 1, stderr);
    assert.match(
      stderr,
      /the limit of open files is 700, but blockcast needs up to 1480 for 100 peers \(broadcast\.maxPeers\), the JSON-RPC proxy/,
    );
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
});

const network = await ShellTestNetwork.open();
after(() => network.close());

describe('a relay that runs out of files later', { skip: !hasPrlimit && 'no prlimit(1) here' }, () => {
  let relay: ShellStartedRelay | undefined;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await relay?.remove();
    relay = undefined;
  });

  test('delivers a block, burns no core, and ends when it is asked to', async (context) => {
    relay = await ShellStartedRelay.start(network, inShell());
    const { pid } = relay;
    const highest = Math.max(...readdirSync(`/proc/${pid}/fd`).map(Number));
    const limit = String(highest + 1);
    assert.equal(spawnSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:${limit}`]).status, 0);
    // They take what is left: then neither an accept nor a dial nor a file gets one.
    for (let n = 0; n < 40; n += 1) {
      const socket = connect(relay.httpPort, '127.0.0.1');
      socket.on('error', () => undefined);
      sockets.push(socket);
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    }
    await relay.assertDelivers();
    const before = cpuMs(pid);
    const from = performance.now();
    // A window in which to measure: nothing is waited for in it.
    await until('two seconds', () => (performance.now() - from > 2_000 ? true : undefined), 50);
    const share = (cpuMs(pid) - before) / (performance.now() - from);
    context.diagnostic(`${(100 * share).toFixed(0)} % of a core`);
    assert.ok(share < 0.5, `${(100 * share).toFixed(0)} % of a core`);
    await relay.assertEnds();
  });
});

/** CPU time of a process, all its threads, milliseconds: utime and stime of proc(5), in ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields =
    readFileSync(join('/proc', String(pid), 'stat'), 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
