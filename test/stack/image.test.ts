/** The Dockerfile: who runs in the image, what it is made from, and whether its health check is right. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { parseEndpoint } from '../../src/address/endpoint.js';
import { hashHeader, loadX11 } from '../../src/block/x11.js';
import { loadConfig } from '../../src/config/config.js';
import { read } from './support.js';

/** The instructions of each stage, one a line, comments left out. */
const STAGES = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split(/^(?=FROM )/m)
  .map((stage) => stage.split('\n').filter((line) => line !== ''));
const INSTRUCTIONS = STAGES.flat();
const LAST = STAGES.at(-1) ?? [];
const only = (word: string): string => {
  const found = LAST.filter((line) => line.startsWith(`${word} `));
  assert.equal(found.length, 1, `${word} in the last stage`);
  return found[0]?.slice(word.length + 1) ?? '';
};

const pack = JSON.parse(read('package.json')) as {
  files: string[];
  bin: { blockcast: string };
  engines: { node: string };
};

test('the image is made from one release of Node that will do, pinned by its digest', () => {
  const names = new Set<string>();
  for (const [from = ''] of STAGES) {
    const [, image = '', name] = /^FROM (\S+)(?: AS (\w+))?$/.exec(from) ?? [];
    if (!names.has(image)) {
      const version = /^node:(\d+)\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/.exec(image)?.[1];
      assert.ok(Number(version) >= Number(/^>=(\d+)/.exec(pack.engines.node)?.[1]), image);
    }
    if (name !== undefined) names.add(name);
  }
});

test('it has a user who is not root, and does not own the program', () => {
  assert.match(only('USER'), /^[1-9]\d*:[1-9]\d*$/);
  for (const line of LAST.filter((line) => line.startsWith('COPY '))) assert.ok(!line.includes('--chown'), line);
});

test('it is built with neither secrets nor what happens to lie about', () => {
  assert.ok(!INSTRUCTIONS.some((line) => /^(ARG|ADD) |PASSWORD|TOKEN/.test(line)));
  const [first, ...allowed] = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(first, '*');
  for (const line of allowed) {
    assert.ok(line.startsWith('!') && existsSync(line.slice(1)), line);
    assert.doesNotMatch(line, /secret|\.env|\.git|data|node_modules|dist/);
  }
  for (const file of pack.files.filter((line) => !line.startsWith('!'))) {
    const source = file.replace(/^dist\//, '');
    assert.ok(allowed.includes(`!${source}`), `${file} cannot be made without ${source}`);
  }
});

test('what is installed for development does not come into it', () => {
  const installs = STAGES.flatMap((stage) => stage.filter((line) => line.includes('npm ci')));
  assert.equal(installs.filter((line) => line.includes('--omit=dev')).length, 1);
  const modules = LAST.filter((line) => line.includes('node_modules'));
  assert.deepEqual(modules, ['COPY --from=dependencies /build/node_modules /opt/blockcast/node_modules']);
});

test('no test tools of a dependency come into it, and what is installed is what loads', async () => {
  const lock: unknown = JSON.parse(read('package-lock.json'));
  assert.ok(typeof lock === 'object' && lock !== null && 'packages' in lock);
  const installed = Object.entries(lock.packages as Record<string, { readonly dev?: boolean; readonly name?: string }>)
    .filter(([, { dev }]) => dev !== true)
    .map(([path, { name }]) => name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
  const tools = installed.filter((name) => /^(@?tsd|@?jest|@babel|eslint|mocha)\b/.test(name));
  assert.deepEqual(tools, []);
  // The dependency whose test tools are left out.
  await loadX11();
  assert.match(hashHeader(Buffer.alloc(80)), /^a33e7ae4978d4c85/);
});

test("it starts what the package's bin starts", () => {
  assert.deepEqual(JSON.parse(only('ENTRYPOINT')), ['node', `/opt/blockcast/${pack.bin.blockcast}`]);
  assert.equal(only('STOPSIGNAL'), 'SIGTERM');
});

test('it names the ports that are listened on by default', () => {
  const result = loadConfig({ options: {}, env: {}, readFile: () => '', platform: 'linux' });
  assert.ok(result.ok);
  const { http, pool, events, proxy } = result.config;
  const ports = [pool.bind, events.bind].map((bind) => {
    const endpoint = parseEndpoint(bind);
    return endpoint?.transport === 'tcp' ? endpoint.port : 0;
  });
  assert.deepEqual(only('EXPOSE').split(' ').map(Number), [http.port, ...ports, proxy.port]);
});

describe('its health check', () => {
  const words = JSON.parse(/CMD (\[.*\])$/.exec(only('HEALTHCHECK'))?.[1] ?? '[]') as string[];
  const asked: (string | undefined)[] = [];
  const servers: Server[] = [];

  async function listening(status: number): Promise<number> {
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  after(() => {
    for (const server of servers) server.close();
  });

  async function check(port: number): Promise<unknown> {
    const [, ...args] = words;
    const child = spawn(process.execPath, args, { env: { BLOCKCAST_HTTP_PORT: String(port) }, stdio: 'ignore' });
    const [code] = await once(child, 'exit');
    return code;
  }

  test('is node alone', () => {
    assert.deepEqual(words.slice(0, 2), ['node', '-e']);
  });

  test('is passed by a relay that answers, at the port that is set', async () => {
    assert.equal(await check(await listening(200)), 0);
    assert.deepEqual(asked, ['/healthz']);
  });

  test('is failed by one that answers with an error', async () => {
    assert.equal(await check(await listening(500)), 1);
  });

  test('is failed where nobody listens', async () => {
    const port = await listening(200);
    const server = servers.pop();
    server?.close();
    await (server && once(server, 'close'));
    assert.equal(await check(port), 1);
  });
});
