/** A start that fails half-way leaves nothing open: the next one has the same ports and files at once. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import { isHeld } from '../../src/adapters/locked-file.js';
import { bindPull } from '../../src/adapters/zmq.js';
import { run } from '../../src/cli/run.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import type { RelayEvent } from '../../src/contracts/events.js';
import { startRelay } from '../../src/relay/relay.js';
import { freePort } from '../../src/simulated/free-port.js';

const folder = mkdtempSync(join(tmpdir(), 'blockcast-failed-start-'));
after(() => rmSync(folder, { recursive: true }));

async function configure(): Promise<Config> {
  const loaded = loadConfig({
    options: {
      network: 'regtest',
      'dashd-zmq-url': 'none',
      'dashd-rpc-url': `http://127.0.0.1:${await freePort()}`,
      'dashd-p2p-port': String(await freePort()),
      'pool-bind': `tcp://127.0.0.1:${await freePort()}`,
      'events-bind': `tcp://127.0.0.1:${await freePort()}`,
      'proxy-enabled': 'true',
      'proxy-port': String(await freePort()),
      'broadcast-skip-bootstrap': 'true',
      'broadcast-peer-db': join(folder, 'peers.json'),
      'history-file': join(folder, 'history.jsonl'),
      'spool-dir': join(folder, 'spool'),
    },
    env: { HOME: '/nonexistent' },
    readFile: () => '',
    platform: process.platform,
  });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

/** A configuration of which each reading is counted, and named to `read`. */
function watched(config: Config, read: (name: string) => void): Config {
  const watch = <T extends object>(value: T, path: string): T =>
    new Proxy(
      { ...value },
      {
        get(target, key) {
          const found: unknown = Reflect.get(target, key);
          const name = `${path}${String(key)}`;
          if (path === '' && isPlain(found)) return watch(found, `${name}.`);
          read(name);
          return found;
        },
      },
    );
  return watch(config, '');
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

test('a start that fails at any reading of its configuration rejects with its cause, and the next has its ports and files', async () => {
  const config = await configure();
  const userAgent = '/blockcast:test/';
  const readings: string[] = [];
  const started = await startRelay(
    watched(config, (name) => readings.push(name)),
    { userAgent, pool: bindPull({ bind: config.pool.bind }) },
  );
  const steps = [...readings];
  await started.stop();
  // A reading for each part of the relay, at the least.
  for (const step of ['dashd.rpc', 'events.bind', 'history.file', 'broadcast.peerDb', 'spool.dir', 'proxy.host']) {
    assert.ok(steps.includes(step), step);
  }
  for (const [index, step] of steps.entries()) {
    const pool = bindPull({ bind: config.pool.bind });
    let count = 0;
    const failing = watched(config, (name) => {
      count += 1;
      if (count > index) throw new Error(`no ${name}`);
    });
    await assert.rejects(startRelay(failing, { userAgent, pool }), new RegExp(`no ${step}`), step);
    for (const path of [config.history.file, config.broadcast.peerDb, config.spool.dir]) {
      assert.equal(await isHeld(path), false, `${path} after ${step}`);
    }
  }
  const events: RelayEvent[] = [];
  const relay = await startRelay(config, { userAgent, listen: (event) => events.push(event) });
  await relay.stop();
  const ups = events.flatMap((event) => (event.type === 'service' && event.state === 'up' ? [event.service] : []));
  for (const service of ['pool-socket', 'events-socket', 'json-rpc-proxy', 'control-socket']) {
    assert.ok(
      ups.some((up) => up === service),
      service,
    );
  }
  const refused = events.filter(
    (event) => event.type === 'service' && /cannot listen|locked|in use/.test(event.detail),
  );
  assert.deepEqual(refused, []);
});

test('a run whose pages cannot be opened stops the relay, and rejects with the cause', async () => {
  const config = await configure();
  const http = {
    ...config.http,
    get enabled(): boolean {
      throw new Error('no pages');
    },
  };
  const context = {
    args: [],
    env: {},
    platform: process.platform,
    readFile: () => '',
    stdout: new Writable({ write: (_chunk, _encoding, done) => done() }),
    stderr: new Writable({ write: (_chunk, _encoding, done) => done() }),
    stop: new AbortController().signal,
  };
  const pool = bindPull({ bind: config.pool.bind });
  const running = run({ config: { ...config, http }, warnings: [] }, { version: 'test', pool }, context, () => {
    throw new Error('nothing is reloaded');
  });
  await assert.rejects(running, /^Error: no pages$/);
  for (const path of [config.history.file, config.broadcast.peerDb, config.spool.dir]) {
    assert.equal(await isHeld(path), false, path);
  }
});
