/** A start that fails half-way leaves nothing open: the next one has the same ports and files at once. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isHeld } from '../../src/adapters/locked-file.js';
import { bindPull } from '../../src/adapters/zmq.js';
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

/** A configuration that cannot be read at one place, from a number of readings on: the step that reads it fails. */
function failingAt<S extends keyof Config>(config: Config, section: S, key: string, reading: number): Config {
  let readings = 0;
  const broken = new Proxy(config[section] as object, {
    get(target, name) {
      if (name === key && ++readings >= reading) throw new Error(`no ${section}.${key}`);
      return Reflect.get(target, name);
    },
  });
  return { ...config, [section]: broken };
}

const STEPS = [
  ['dashd', 'rpc', 1],
  ['events', 'bind', 1],
  ['proxy', 'host', 1],
  ['history', 'maxBlocks', 1],
  ['broadcast', 'countryDb', 1],
  ['broadcast', 'peerDb', 1],
  ['broadcast', 'enabled', 2],
  ['broadcast', 'enabled', 3],
  ['broadcast', 'enabled', 4],
] as const;

test('a start that fails at any step rejects with its cause, and the next has its ports and files', async () => {
  const config = await configure();
  const userAgent = '/blockcast:test/';
  for (const [section, key, reading] of STEPS) {
    const pool = bindPull({ bind: config.pool.bind });
    const failing = startRelay(failingAt(config, section, key, reading), { userAgent, pool });
    await assert.rejects(failing, new RegExp(`no ${section}.${key}`));
    for (const path of [config.history.file, config.broadcast.peerDb, config.spool.dir]) {
      assert.equal(await isHeld(path), false, `${path} after ${section}.${key}`);
    }
  }
  const events: RelayEvent[] = [];
  const relay = await startRelay(config, { userAgent, listen: (event) => events.push(event) });
  await relay.stop();
  const ups = events.flatMap((event) => (event.type === 'service' && event.state === 'up' ? [event.service] : []));
  for (const service of ['pool socket', 'events socket', 'json-rpc proxy', 'control socket']) {
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
