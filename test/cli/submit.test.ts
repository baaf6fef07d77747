import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { curveKeyPair, Publisher, Pull } from 'zeromq';
import { openPublisher, openPull, type ZmqSocket } from '../../src/adapters/zmq.js';
import { hashHeader, loadX11 } from '../../src/block/x11.js';
import type { BlockEvent, BlockVerdict } from '../../src/contracts/events.js';
import { cli } from './support.js';

const BLOCK = Buffer.alloc(300, 1);
const OTHER = 'f'.repeat(64);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** The two sockets of a relay that answers as it is configured. */
async function fakeRelay(answer: (raw: Buffer) => readonly (BlockEvent | string)[]) {
  const pull = new Pull({ linger: 0 });
  const publisher = new Publisher({ linger: 0 });
  await pull.bind('tcp://127.0.0.1:*');
  await publisher.bind('tcp://127.0.0.1:*');
  const frames: Buffer[] = [];
  const serve = async () => {
    for await (const [frame] of pull) {
      if (frame === undefined) continue;
      frames.push(frame);
      for (const event of answer(frame))
        await publisher.send(typeof event === 'string' ? event : JSON.stringify(event));
    }
  };
  const serving = serve();
  return {
    frames,
    flags: ['--pool-bind', pull.lastEndpoint ?? '', '--events-bind', publisher.lastEndpoint ?? ''],
    async close() {
      pull.close();
      publisher.close();
      await serving;
    },
  };
}

describe('submit', () => {
  let hash: string;
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-submit-'));
  const path = join(folder, 'block');
  const open: { close(): Promise<void> }[] = [];
  before(async () => {
    await loadX11();
    hash = hashHeader(BLOCK.subarray(0, 80));
    writeFileSync(path, BLOCK);
  });
  afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));
  after(() => rmSync(folder, { recursive: true }));

  async function relay(answer: (raw: Buffer) => readonly (BlockEvent | string)[]) {
    const started = await fakeRelay(answer);
    open.push(started);
    return started;
  }

  const received = (of = hash): BlockEvent => ({
    type: 'received',
    at: 1,
    hash: of,
    source: 'pool',
    size: 300,
    transactions: 2,
    height: 9,
  });
  const verdict = (success: boolean, more: Partial<BlockVerdict> = {}): BlockVerdict => ({
    type: 'verdict',
    at: 3,
    hash,
    source: 'pool',
    size: 300,
    height: 9,
    outcome: success ? 'delivered' : 'failed',
    success,
    rpc: { outcome: 'duplicate', ms: 4.5 },
    peersReached: 1,
    peersTried: 2,
    accepted: 0,
    alreadyHad: 0,
    failed: 1,
    firstMs: 2.25,
    medianMs: 2.25,
    lastMs: 2.25,
    peers: [
      { peer: '[2001:db8::1]:9999', protected: false, status: 'failed', reason: 'evil \u001b[2J\nline' },
      { peer: '127.0.0.1:9999', protected: true, status: 'acknowledged', writtenMs: 0.5, acknowledgedMs: 2.25 },
    ],
    ...more,
  });
  const proof = (): BlockEvent => ({
    type: 'proof',
    at: 2,
    hash,
    peer: '127.0.0.1:9999',
    protected: true,
    status: 'acknowledged',
    writtenMs: 0.5,
    acknowledgedMs: 2.25,
  });

  test('reports the race as it goes, and its end', async () => {
    const { flags, frames } = await relay(() => [received(), proof(), verdict(true)]);
    const { code, stdout, stderr } = await cli(['submit', path, ...flags]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.equal(
      stdout,
      [
        `received  ${hash}, 300 B, 2 transactions, height 9`,
        'proof     127.0.0.1:9999 (local dashd): acknowledged after 2.3 ms',
        'verdict   delivered',
        '          submitblock: duplicate in 4.5 ms',
        '          peers: 1 of 2 reached; 0 accepted, 0 already had it, 1 failed',
        '          times: first 2.3 ms, median 2.3 ms, last 2.3 ms',
        '          ',
        '          peer                status        written  acknowledged  accepted',
        '          127.0.0.1:9999      acknowledged  0.5 ms   2.3 ms        –',
        '          [2001:db8::1]:9999  failed        –        –             –         evil  [2J line',
        '',
      ].join('\n'),
    );
    assert.ok(frames[0]?.equals(BLOCK));
  });

  for (const [name, write] of [
    ['raw', () => BLOCK],
    ['hex', () => Buffer.from(`${BLOCK.toString('hex').toUpperCase()}\r\n`)],
  ] as const) {
    test(`reads a file of ${name}`, async () => {
      const { flags, frames } = await relay(() => [verdict(true)]);
      const file = join(folder, name);
      writeFileSync(file, write());
      assert.equal((await cli(['submit', file, ...flags])).code, 0);
      assert.ok(frames[0]?.equals(BLOCK));
    });
  }

  test('reads hex from the command line', async () => {
    const { flags, frames } = await relay(() => [verdict(true)]);
    assert.equal((await cli(['submit', BLOCK.toString('hex'), ...flags])).code, 0);
    assert.ok(frames[0]?.equals(BLOCK));
  });

  test('prints the events as they are with --json, and only those about its block', async () => {
    const ours = [received(), proof(), verdict(true)];
    const noise: (BlockEvent | string)[] = [
      '{',
      '[]',
      '{"type":"novelty"}',
      received(OTHER),
      { ...verdict(false), hash: OTHER },
    ];
    const { flags } = await relay(() => [...noise, ...ours]);
    const { code, stdout } = await cli(['submit', path, '--json', ...flags]);
    assert.equal(code, 0);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
      ours,
    );
  });

  const ends: [string, () => BlockEvent[], number, RegExp][] = [
    [
      'a failure',
      () => [received(), verdict(false, { reason: 'nobody was reached' })],
      1,
      /verdict {3}failed \(nobody was reached\)/,
    ],
    [
      'a rejection',
      () => [
        received(),
        verdict(false, { outcome: 'rejected', rpc: { outcome: 'rejected', reason: 'bad-cb-height', ms: 1 } }),
      ],
      1,
      /submitblock: rejected \(bad-cb-height\)/,
    ],
    [
      'a refusal',
      () => [
        { type: 'refused', at: 1, source: 'pool', hash, size: 300, code: 'pow', reason: 'none', sha256: sha256(BLOCK) },
      ],
      1,
      /^refused {3}pow: none\n$/,
    ],
    [
      'a repetition',
      () => [{ type: 'repeated', at: 1, hash, source: 'pool' }],
      0,
      /^repeated {2}the relay already had/,
    ],
    [
      'a repetition while the first is under way',
      () => [received(), { type: 'repeated', at: 1, hash, source: 'pool' }, verdict(false)],
      1,
      /verdict/,
    ],
    [
      'a block that waits for dashd',
      () => [{ ...received(), held: ['unknown parent'] } as BlockEvent, verdict(true)],
      0,
      /peers wait for dashd's answer: unknown parent/,
    ],
  ];
  for (const [name, answer, expected, pattern] of ends) {
    test(`ends with ${expected} on ${name}`, async () => {
      const { flags } = await relay(answer);
      const { code, stdout } = await cli(['submit', path, ...flags]);
      assert.equal(code, expected);
      assert.match(stdout, pattern);
    });
  }

  test('knows the refusal of bytes that have no hash, by their digest', async () => {
    const refused = (bytes: Buffer): BlockEvent => ({
      type: 'refused',
      at: 1,
      source: 'pool',
      size: bytes.length,
      code: 'short',
      reason: sha256(bytes),
      sha256: sha256(bytes),
    });
    const { flags } = await relay((raw) => [refused(Buffer.from('another')), refused(raw)]);
    const { code, stdout } = await cli(['submit', '00ff', ...flags]);
    assert.equal(code, 1);
    assert.equal(stdout, `refused   short: ${sha256(Buffer.of(0, 255))}\n`);
  });

  for (const [name, block, message] of [
    ['no such file', '/nonexistent/block', /^error: \/nonexistent\/block cannot be read \(ENOENT\), and is not hex\./],
    ['a folder', tmpdir(), /cannot be read \(EISDIR\)/],
    ['half a byte', 'abc', /^error: abc is not a block: an odd number of hex digits: 3\./],
    ['an empty file', '/dev/null', /is not a block: the frame is empty\./],
  ] as const) {
    test(`does not send ${name}`, async () => {
      const { code, stderr } = await cli(['submit', block]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }

  test('cannot know a port that the system chose', async () => {
    const { code, stderr } = await cli(['submit', path, '--pool-bind', 'tcp://127.0.0.1:*']);
    assert.equal(code, 2);
    assert.match(stderr, /pool\.bind has no fixed port/);
  });

  test('ends with 2 when the configuration is wrong', async () => {
    const { code, stderr } = await cli(['submit', path], { BLOCKCAST_NETWORK: 'moon' });
    assert.equal(code, 2);
    assert.match(stderr, /network \(from BLOCKCAST_NETWORK\)/);
  });

  test('may push to a relay elsewhere: it binds nothing itself', async () => {
    const stop = AbortSignal.abort();
    const { stderr } = await cli(
      ['submit', path, '--pool-bind', 'tcp://192.0.2.1:1', '--events-bind', 'tcp://127.0.0.1:1'],
      {},
      { stop },
    );
    assert.match(stderr, /stopped before/);
  });

  describe('without a relay', () => {
    const nobody = `ipc://${join(folder, 'nobody')}`;
    test('ends with 3 and says what to do', async () => {
      const { code, stderr } = await cli(['submit', path, '--timeout', '1', '--events-bind', nobody]);
      assert.equal(code, 3);
      assert.match(stderr, /^error: no relay answered at ipc:.*nobody within 1 s\. Start one \(blockcast run\), or/);
    });

    test('names the pool socket when only that is missing', async () => {
      const { flags } = await relay(() => []);
      const { code, stderr } = await cli(['submit', path, '--timeout', '1', ...flags.slice(2), '--pool-bind', nobody]);
      assert.equal(code, 3);
      assert.match(stderr, /no relay answered at ipc:.*nobody/);
    });

    test('reports a relay that says nothing', async () => {
      const { flags } = await relay(() => []);
      const { code, stderr } = await cli(['submit', path, '--timeout', '1', ...flags]);
      assert.equal(code, 3);
      assert.match(stderr, /the block was pushed, but no event about it came from/);
    });

    test('reports a relay that received the block and then sent no event: that is a failure', async () => {
      const { flags } = await relay(() => [received()]);
      const { code, stderr } = await cli(['submit', path, '--timeout', '1', ...flags]);
      assert.equal(code, 1);
      assert.match(stderr, /received the block, but sent no event for 1 s/);
    });

    test('stops when asked to', async () => {
      const stop = new AbortController();
      const { flags } = await relay(() => {
        stop.abort();
        return [];
      });
      const { code, stderr } = await cli(['submit', path, ...flags], {}, { stop: stop.signal });
      assert.equal(code, 1);
      assert.match(stderr, /stopped before the verdict/);
    });
  });

  describe('with CURVE', () => {
    const server = curveKeyPair();
    const pools = curveKeyPair();
    const endpoints = { pool: `ipc://${join(folder, 'pool')}`, events: `ipc://${join(folder, 'events')}` };
    const env = (keys: { publicKey: string; secretKey: string }) => ({
      BLOCKCAST_POOL_CURVE_ENABLED: 'true',
      BLOCKCAST_POOL_CURVE_PUBLIC_KEY: keys.publicKey,
      BLOCKCAST_POOL_CURVE_SECRET_KEY: keys.secretKey,
      BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: pools.publicKey,
      BLOCKCAST_POOL_BIND: endpoints.pool,
      BLOCKCAST_EVENTS_BIND: endpoints.events,
    });

    before(async () => {
      const curve = { ...server, allowedClients: [pools.publicKey, server.publicKey] };
      await new Promise<void>((resolve) => {
        let up = 0;
        const state = (value: string) => {
          if (value === 'up' && ++up === 2) resolve();
        };
        const publisher = openPublisher({ bind: endpoints.events, curve }, { state });
        const pull = openPull(
          { bind: endpoints.pool, curve },
          { state, frames: () => publisher.publish(JSON.stringify(verdict(true))) },
        );
        sockets.push(publisher, pull);
      });
    });
    const sockets: ZmqSocket[] = [];
    after(() => Promise.all(sockets.map((socket) => socket.close())));

    test("the relay's own configuration opens its sockets", async () => {
      assert.equal((await cli(['submit', path], env(server))).code, 0);
    });

    test('other keys do not', async () => {
      const { code, stderr } = await cli(['submit', path, '--timeout', '2'], env(curveKeyPair()));
      assert.equal(code, 3);
      assert.match(stderr, /events/);
    });
  });
});
