import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { start } from './support.js';

/** A module that sends the process these signals when it loads the command line. */
const HOOK = `export async function load(url, context, next) {
  if (url.endsWith('/cli/program.js')) for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP']) process.kill(process.pid, signal);
  return next(url, context);
}`;
const asModule = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
const SIGNALLED_WHILE_LOADING = asModule(
  `import { register } from 'node:module'; register(${JSON.stringify(asModule(HOOK))});`,
);

describe('run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-run-'));
  after(() => rmSync(folder, { recursive: true }));

  /** A port at which nobody listens. */
  async function deadPort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  test('relays without a dashd, answers a client, hides its password, and stops when asked to', async () => {
    const dead = await deadPort();
    const sockets = [`--pool-bind=ipc://${folder}/pool`, `--events-bind=ipc://${folder}/events`];
    const flags = [
      '--network=regtest',
      `--dashd-p2p-port=${dead}`,
      `--dashd-rpc-url=http://pool:hunter2@127.0.0.1:${dead}`,
      '--dashd-zmq-url=none',
      `--broadcast-peer-db=${folder}/peers.json`,
      `--history-file=${folder}/blocks.jsonl`,
      '--http-port=0',
    ];
    const relay = start(['run', ...flags, ...sockets, '--log-level=debug', '--log-format=json']);
    const seen: Record<string, unknown>[] = [];
    for await (const line of createInterface({ input: relay.child.stdout })) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      seen.push(entry);
      if (/^(pool|events) socket up/.test(String(entry['message']))) {
        if (seen.filter(({ message }) => /socket up/.test(String(message))).length < 2) continue;
        const client = await start(['submit', 'ff'.repeat(300), ...sockets]).ended;
        assert.equal(client.code, 1, client.stderr);
        assert.match(client.stdout, /^refused/);
        relay.child.kill('SIGTERM');
      }
    }
    const { code, stderr } = await relay.ended;
    assert.equal(code, 0);
    const messages = seen.map((entry) => String(entry['message']));
    assert.match(messages[0] ?? '', /^blockcast \d+\.\d+\.\d+: regtest, pool socket ipc:/);
    assert.equal(messages.at(-1), 'stopped');
    assert.ok(
      seen.some((entry) => entry['level'] === 'critical'),
      'the dashd that is not there is critical',
    );
    assert.ok(messages.some((message) => message.includes(' refused: ')));
    assert.ok(!JSON.stringify(seen).includes('hunter2') && !stderr.includes('hunter2'));
  });

  /** Flags of a relay without dashd and pages, whose files and sockets have a suffix of their own. */
  const aloneIn = (suffix: string, dead: number): string[] => [
    '--network=regtest',
    `--dashd-p2p-port=${dead}`,
    `--dashd-rpc-url=http://pool:hunter2@127.0.0.1:${dead}`,
    '--dashd-zmq-url=none',
    `--pool-bind=ipc://${folder}/pool${suffix}`,
    `--events-bind=ipc://${folder}/events${suffix}`,
    `--broadcast-peer-db=${folder}/peers${suffix}.json`,
    `--history-file=${folder}/blocks${suffix}.jsonl`,
    '--http-enabled=false',
  ];

  test('goes on when a signal for reload or log rotation comes while it starts', async () => {
    const dead = await deadPort();
    const relay = start(['run', ...aloneIn('3', dead)]);
    let isFirst = true;
    for await (const line of createInterface({ input: relay.child.stdout })) {
      if (isFirst) for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) relay.child.kill(signal);
      isFirst = false;
      if (line.includes('configuration reloaded')) relay.child.kill('SIGTERM');
    }
    const { code, stderr } = await relay.ended;
    assert.equal(code, 0, stderr);
    assert.ok(!stderr.includes('Debugger'), stderr);
  });

  for (const { command, end } of [
    { command: 'run', end: { code: 0, reloads: true } },
    { command: 'check-config', end: { code: null, reloads: false } },
  ]) {
    test(`${command} heeds a signal that comes while the program is loaded as one that comes later`, async () => {
      const dead = await deadPort();
      const early = start([command, ...aloneIn('4', dead)], { NODE_OPTIONS: `--import=${SIGNALLED_WHILE_LOADING}` });
      let reloads = false;
      for await (const line of createInterface({ input: early.child.stdout })) {
        if (!line.includes('configuration reloaded')) continue;
        reloads = true;
        early.child.kill('SIGTERM');
      }
      const { code, stderr } = await early.ended;
      assert.deepEqual({ code, reloads }, end, stderr);
      assert.equal(early.child.signalCode, code === null ? 'SIGHUP' : null);
      assert.ok(!stderr.includes('Debugger'), stderr);
    });
  }

  test('shows its pages, takes over what may change on SIGHUP, and names what may not', async () => {
    const dead = await deadPort();
    const file = join(folder, 'blockcast.yaml');
    const settings = {
      network: 'regtest',
      dashd: {
        p2p: { port: dead },
        rpc: { url: `http://127.0.0.1:${dead}`, user: 'pool', password: 'hunter2' },
        zmq: { url: 'none' },
      },
      pool: { bind: `ipc://${folder}/pool2` },
      events: { bind: `ipc://${folder}/events2` },
      broadcast: { peerDb: `${folder}/peers2.json` },
      history: { file: `${folder}/blocks2.jsonl` },
      http: { port: 0 },
      alerts: { webhook: { url: `http://127.0.0.1:${dead}/hunter2`, secret: 'hunter2' } },
      log: { level: 'info', format: 'json' },
    };
    const write = (changed: object) => writeFileSync(file, stringify({ ...settings, ...changed }));
    write({});
    const relay = start(['run', '--config', file]);
    const lines = createInterface({ input: relay.child.stdout });
    const messages: string[] = [];
    // Several lines may come at once.
    let arrived: () => void = () => undefined;
    lines.on('line', (line) => {
      messages.push(String(JSON.parse(line).message));
      arrived();
    });
    let read = 0;
    const next = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const found = messages.slice(read).find((message) => pattern.test(message));
        if (found !== undefined) {
          read = messages.indexOf(found, read) + 1;
          return found;
        }
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
    };
    const [, url = ''] = /(http:\/\/\S+)$/.exec(await next(/^HTTP up/)) ?? [];
    assert.equal((await fetch(new URL('/healthz', url))).status, 200);
    const ready = await fetch(new URL('/readyz', url));
    assert.equal(ready.status, 503, 'neither dashd nor a peer could take a block');
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    assert.match(metrics, /^blockcast_build_info\{.*network="regtest"/m);
    for (const path of [
      '',
      'api/v1/status',
      'api/v1/peers',
      'api/v1/blocks',
      'broadcaster_status',
      'readyz',
      'nothing',
    ]) {
      const shown = await (await fetch(new URL(path, url))).text();
      assert.ok(shown !== '' && !shown.includes('hunter2') && !metrics.includes('hunter2'), path);
    }

    write({
      log: { level: 'debug', format: 'json' },
      peers: [`127.0.0.1:${dead}`],
      pool: { bind: 'tcp://127.0.0.1:1' },
    });
    relay.child.kill('SIGHUP');
    assert.equal(await next(/^configuration reloaded/), 'configuration reloaded, applied: peers, log.level');
    assert.equal(await next(/restart/), 'configuration changes that need a restart: pool.bind');

    writeFileSync(file, 'network: moon');
    relay.child.kill('SIGHUP');
    await next(/^configuration reload failed/);
    assert.match(await next(/^network/), /"moon" is not one of the choices/);
    assert.equal((await fetch(new URL('/healthz', url))).status, 200, 'it goes on as it was');

    // Opened as any file, it would be waited for by the whole process, signals included.
    rmSync(file);
    execFileSync('mkfifo', [file]);
    relay.child.kill('SIGHUP');
    assert.match(await next(/^config \(/), /cannot be read: not a regular file/);
    assert.equal((await fetch(new URL('/healthz', url))).status, 200, 'it goes on as it was');

    relay.child.kill('SIGTERM');
    const { code, stderr } = await relay.ended;
    assert.equal(code, 0, stderr);
    assert.ok(!messages.join('\n').includes('hunter2') && !stderr.includes('hunter2'));
    await assert.rejects(fetch(new URL('/healthz', url)));
  });

  test('does not start on a wrong configuration', async () => {
    const { code, stdout, stderr } = await start(['--network=moon']).ended;
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^error: network \(from --network\): "moon" is not one of the choices\./);
  });
});
