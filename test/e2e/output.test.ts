/** A relay whose output nobody reads: blocks go on, it answers, and it ends when it is asked to. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Push } from 'zeromq';
import { loadX11 } from '../../src/block/x11.js';
import { DashdStandIn } from '../../src/demo/dashd.js';
import { freePort } from '../../src/demo/free-port.js';
import { mineBlock } from '../../src/demo/miner.js';
import { SimulatedNode } from '../../src/demo/node.js';
import { until } from '../support/process.js';
import { hashOf } from '../support/relay.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const STOP_MS = 10_000;
const hasTerminals = spawnSync('script', ['--version']).status === 0;
const hasFullDevice = existsSync('/dev/full');

await loadX11();
const dashd = new DashdStandIn({ user: 'user', password: 'secret' });
const peer = new SimulatedNode({ line: { latencyMs: 0 } });
await Promise.all([dashd.start(), peer.start()]);
for (const raw of dashd.generate(1)) peer.submit(raw);
after(() => Promise.all([dashd.stop(), peer.stop()]));

let extraNonce = 0;

/** A relay that a shell started. */
class Shelled {
  readonly folder = mkdtempSync(join(tmpdir(), 'blockcast-output-'));
  readonly shell: ChildProcess;
  private readonly pool = new Push({ linger: 0, reconnectInterval: 10 });

  private constructor(
    private readonly port: number,
    start: (relay: string) => readonly [string, ...string[]],
  ) {
    const words = [
      process.execPath,
      MAIN,
      'run',
      '--network=regtest',
      `--pool-bind=ipc://${this.folder}/pool`,
      `--events-bind=ipc://${this.folder}/events`,
      `--broadcast-peer-db=${this.folder}/peers.json`,
      `--history-file=${this.folder}/blocks.jsonl`,
      '--broadcast-skip-bootstrap=true',
      `--dashd-rpc-url=${dashd.rpcUrl}`,
      `--dashd-rpc-user=${dashd.user}`,
      `--dashd-rpc-password=${dashd.password}`,
      `--dashd-p2p-port=${dashd.node.port}`,
      `--dashd-zmq-url=${dashd.zmqUrl}`,
      `--peers=${peer.address}`,
      `--http-port=${port}`,
      '--log-level=debug',
    ];
    const [command, ...args] = start(`echo $$ > ${this.folder}/pid; exec ${words.join(' ')}`);
    this.shell = spawn(command, args, {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.pool.connect(`ipc://${this.folder}/pool`);
  }

  static async start(start: (relay: string) => readonly [string, ...string[]]): Promise<Shelled> {
    const shelled = new Shelled(await freePort(), start);
    await shelled.isReady();
    return shelled;
  }

  /** Waits until a block would reach dashd and the peer. */
  async isReady(): Promise<void> {
    let isReady = false;
    let asking = false;
    await until(
      'the relay to be ready',
      () => {
        if (!asking && !isReady) {
          asking = true;
          void this.get('/metrics')
            .then((text) => {
              isReady = /^blockcast_peers\{state="connected"\} 2$/m.test(text);
            })
            .catch(() => undefined)
            .finally(() => {
              asking = false;
            });
        }
        return isReady ? true : undefined;
      },
      50,
    );
  }

  private get pid(): number {
    return Number(readFileSync(join(this.folder, 'pid'), 'utf8'));
  }

  async get(path: string): Promise<string> {
    const reply = await fetch(`http://127.0.0.1:${this.port}${path}`, { signal: AbortSignal.timeout(5_000) });
    assert.equal(reply.status, 200, path);
    return reply.text();
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Frames that are refused, each a line of the log. */
  async chatter(lines: number): Promise<void> {
    for (let line = 0; line < lines; line += 1) await this.pool.send(Buffer.alloc(100, line));
  }

  /** What the issue asks for: it answers, delivers, and ends in time. */
  async assertWell(): Promise<void> {
    await this.get('/healthz');
    extraNonce += 1;
    const raw = mineBlock(dashd.node.chain.template(), { extraNonce });
    const hash = hashOf(raw);
    await this.pool.send(raw);
    await until('the block at dashd and the peer', () =>
      [dashd.node, peer].every(({ chain }) => chain.get(hash)?.connected === true) ? true : undefined,
    );
    await this.get('/healthz');
  }

  async assertLost(): Promise<void> {
    const metrics = await this.get('/metrics');
    assert.match(metrics, /^blockcast_log_lines_lost_total [1-9]\d*$/m);
  }

  async assertEnds(): Promise<void> {
    const from = performance.now();
    this.signal('SIGTERM');
    await until('the end', () => (isGone(this.pid) ? true : undefined), 20, STOP_MS + 5_000);
    const took = performance.now() - from;
    assert.ok(took < STOP_MS, `${took} ms`);
  }

  async remove(): Promise<void> {
    if (!isGone(this.pid)) this.signal('SIGKILL');
    this.shell.kill('SIGKILL');
    this.pool.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // Killed, and not yet buried by whoever started it.
    return existsSync(`/proc/${pid}/stat`) && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

const inShell = (redirect: string) => (relay: string) => ['sh', '-c', `${relay} ${redirect}`] as const;
const inTerminal = (relay: string) => ['script', '-qfc', relay, '/dev/null'] as const;

describe('a relay goes on', () => {
  let relay: Shelled | undefined;
  afterEach(async () => {
    await relay?.remove();
    relay = undefined;
  });

  test('when its terminal is closed', { skip: !hasTerminals && 'no script(1) here' }, async () => {
    relay = await Shelled.start(inTerminal);
    relay.shell.kill('SIGKILL');
    await once(relay.shell, 'exit');
    for (let n = 0; n < 3; n += 1) relay.signal('SIGHUP');
    await relay.assertWell();
    await relay.assertLost();
    await relay.assertEnds();
  });

  test('when its terminal is stopped, and lines pile up', { skip: !hasTerminals && 'no script(1) here' }, async () => {
    relay = await Shelled.start(inTerminal);
    relay.shell.kill('SIGSTOP');
    await relay.chatter(1_000);
    await relay.assertWell();
    await relay.assertEnds();
    relay.shell.kill('SIGCONT');
  });

  test('when standard output and error are full from the start', {
    skip: !hasFullDevice && 'no /dev/full here',
  }, async () => {
    relay = await Shelled.start(inShell('> /dev/full 2>&1'));
    await relay.assertWell();
    await relay.assertLost();
    await relay.assertEnds();
  });

  test('when it can only read from what it should write to', async () => {
    relay = await Shelled.start(inShell('1< /dev/null 2>&1'));
    await relay.assertWell();
    await relay.assertLost();
    await relay.assertEnds();
  });

  test('when the reader of its pipe leaves', async () => {
    relay = await Shelled.start(inShell(''));
    relay.shell.stdout?.destroy();
    relay.shell.stderr?.destroy();
    await relay.chatter(10);
    await relay.assertWell();
    await relay.assertLost();
    await relay.assertEnds();
  });

  test('when the reader of its pipe reads no more', async () => {
    relay = await Shelled.start(inShell(''));
    await relay.chatter(2_000);
    await relay.assertWell();
    await relay.assertEnds();
  });
});
