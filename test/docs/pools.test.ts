/** Checks that the examples of docs/pools.md are valid JSON, and use the ports on which blockcast and dashd listen. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import { NETWORKS } from '../../src/wire/network.js';
import { codeBlocks, documentAt } from './markdown.js';

const DOCUMENT = documentAt('docs/pools.md');
const result = loadConfig({ options: {}, env: {}, readFile: () => '', platform: 'linux' });
assert.ok(result.ok);
const { proxy, pool, dashd, http } = result.config;
const RPC_PORT = Number(new URL(dashd.rpc.url).port);

interface Daemon {
  readonly host?: string;
  readonly port?: number;
  readonly zmqBlockNotifySocket?: string;
}
const examples = codeBlocks(DOCUMENT, 'json').map((text) => JSON.parse(text) as Record<string, unknown>);
const exampleWith = (key: string): Record<string, unknown> =>
  examples.find((example) => Object.hasOwn(example, key)) ?? assert.fail(`no example has ${key}`);

describe('docs/pools.md', () => {
  test('configures NOMP to use the proxy, and dashd for payments and notifications', () => {
    const { daemons, p2p, paymentProcessing } = exampleWith('daemons') as {
      daemons: Daemon[];
      p2p: Daemon;
      paymentProcessing: { daemon: Daemon };
    };
    assert.deepEqual(
      daemons.map(({ host, port }) => ({ host, port })),
      [{ host: proxy.host, port: proxy.port }],
    );
    assert.equal(p2p.port, dashd.p2p.port);
    assert.equal(paymentProcessing.daemon.port, RPC_PORT);
    const magic = /"peerMagic": "([0-9a-f]{8})"/.exec(DOCUMENT.text)?.[1];
    assert.equal(magic, Buffer.from(NETWORKS.mainnet.magic).toString('hex'));
  });

  test("configures Miningcore to use the proxy and dashd's feed", () => {
    const { pools } = exampleWith('pools') as { pools: { daemons: Daemon[] }[] };
    const [daemon] = pools[0]?.daemons ?? [];
    assert.deepEqual([daemon?.host, daemon?.port], [proxy.host, proxy.port]);
    assert.equal(daemon?.zmqBlockNotifySocket, dashd.zmq.url);
  });

  test("configures ckpool to use the proxy and dashd's feed", () => {
    const { btcd, zmqblock } = exampleWith('btcd') as { btcd: { url: string }[]; zmqblock: string };
    assert.equal(btcd[0]?.url, `${proxy.host}:${proxy.port}`);
    assert.equal(zmqblock, dashd.zmq.url);
  });

  test('configures p2pool to use the proxy for RPC, and dashd for P2P', () => {
    const [command = ''] = codeBlocks(DOCUMENT, 'sh').filter((code) => code.includes('run_p2pool.py'));
    assert.ok(
      command.includes(
        `--dashd-address ${proxy.host} --dashd-rpc-port ${proxy.port} --dashd-p2p-port ${dashd.p2p.port} `,
      ),
    );
  });

  test('names only ports on which blockcast or dashd listens', () => {
    const ours = [proxy.port, http.port, RPC_PORT, dashd.p2p.port];
    const known = new Set([...ours.map(String), pool.bind.split(':').at(-1), dashd.zmq.url.split(':').at(-1)]);
    const named = [...DOCUMENT.text.matchAll(/(?:127\.0\.0\.1:|rpcport=|port": )(\d{4,5})/g)].map(
      ([, port = '']) => port,
    );
    assert.ok(named.length > 10);
    for (const port of named) assert.ok(known.has(port), port);
  });
});
