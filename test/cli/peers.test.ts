import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectControl, controlPath, openControl } from '../../src/adapters/control.js';
import { openPeerFile } from '../../src/adapters/peer-file.js';
import { systemRandom } from '../../src/adapters/system.js';
import type { QuorumStanding } from '../../src/contracts/explained.js';
import { PeerBook } from '../../src/peers/book.js';
import { applyEdit } from '../../src/peers/edit.js';
import { parse, serialise } from '../../src/peers/format.js';
import type { PeerRecord } from '../../src/peers/record.js';
import { placeOf, planPush } from '../../src/quorum/push-plan.js';
import { publicAddress } from '../../src/simulated/public-address.js';
import { address, outcomes, peer, provenPeer } from '../peers/support.js';
import { cli } from './support.js';

const HOUR = 3_600_000;

describe('peers', () => {
  const root = mkdtempSync(join(tmpdir(), 'blockcast-peers-'));
  after(() => rmSync(root, { recursive: true }));
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(root, 'case-'));
    path = join(folder, 'peers.json');
  });
  const peers = (...args: string[]) => cli(['peers', ...args, '--broadcast-peer-db', path]);
  const now = Date.now();
  const local = '127.0.0.1:9999';
  const best = provenPeer('203.1.1.1:9999', {
    sources: ['dashd', 'p2p_discovery'],
    lastSeen: now - 90_000,
    lastConnected: now - 90_000,
    broadcasts: outcomes(15, 1),
    ping: { minMs: 20, smoothedMs: 25, at: now },
    userAgent: 'Dash Core 23',
    protocolVersion: 70238,
  });
  const middling = peer('[2a01:4f8::1]:9999', { lastSeen: now - 3 * HOUR });
  const worst = peer('198.1.1.1:9999', {
    lastSeen: now - 48 * HOUR,
    connections: { succeeded: 0, failed: 2, lastFailure: { at: now - HOUR, code: 'unreachable' } },
    backoff: { state: 'closed', failures: 2, retryAt: now + 10 * 60_000 },
  });

  function write(records: readonly PeerRecord[], at = path): void {
    writeFileSync(at, [...serialise(records, now - 120_000, local)].join(''));
  }

  function saved(at = path): Map<string, PeerRecord> {
    const book = parse(readFileSync(at, 'utf8'));
    if (!book.ok) throw new Error(book.reason);
    return new Map(book.records.map((record) => [record.key, record]));
  }

  describe('list', () => {
    test('is sorted by score, whose terms it shows', async () => {
      write([worst, best, middling]);
      const { code, stdout, stderr } = await peers('list');
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
      assert.deepEqual(
        rows.map(([name]) => name),
        ['peer', best.key, middling.key, worst.key, '3 peers', ''],
      );
      assert.deepEqual(rows[1]?.slice(1), [
        ...['538.8', '100.0', '71.7', '50.0', '30.0', '287.2', '–'],
        ...['15', '1', '25 ms', '1000', '2 min ago', 'dashd, p2p_discovery'],
      ]);
      assert.deepEqual(rows[2]?.slice(1, 8), ['103.7', '50.0', '0.0', '30.0', '–', '23.7', '–']);
    });

    test('as JSON has all that is known', async () => {
      write([worst, best]);
      const { code, stdout } = await peers('list', '--json');
      assert.equal(code, 0);
      const list = JSON.parse(stdout) as Record<string, unknown>[];
      assert.deepEqual(
        list.map((entry) => entry['peer']),
        [best.key, worst.key],
      );
      const [first] = list;
      const terms = first?.['terms'] as { value: number }[];
      assert.equal(first?.['services'], '1');
      assert.equal(first?.['userAgent'], 'Dash Core 23');
      assert.equal(
        first?.['score'],
        terms.reduce((sum, { value }) => sum + value, 0),
      );
    });

    test('without a file says what to do', async () => {
      const { code, stdout, stderr } = await peers('list');
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
      assert.equal(
        stderr,
        `error: no peer book at ${path}. Start the relay, or give another file with --broadcast-peer-db.\n`,
      );
    });

    test('reads the copy before a corrupt file, and leaves both as they are', async () => {
      write([best], `${path}.bak`);
      writeFileSync(path, '{"version":"1.0","peers":{');
      const { code, stdout, stderr } = await peers('list');
      assert.equal(code, 0);
      assert.match(stdout, /1 peers\n$/);
      assert.match(stderr, /^warning: .*peers\.json is not a peer book \(not-json/);
      assert.ok(existsSync(path));
    });

    test('finds the file that the configuration names', async () => {
      write([best]);
      const config = join(folder, 'blockcast.yaml');
      writeFileSync(config, `broadcast: {peerDb: ${path}}\npool: {bind: "tcp://*:1", allowInsecureBind: false}\n`);
      assert.match((await cli(['peers', 'list', '--config', config])).stdout, /203\.1\.1\.1:9999/);
      const { stdout } = await cli(['peers', 'list'], { BLOCKCAST_BROADCAST_PEER_DB: path });
      assert.match(stdout, /203\.1\.1\.1:9999/);
      assert.match(
        (await cli(['peers', 'list', '--network', 'testnet'])).stderr,
        /data\/dash_testnet\/broadcast_peers/,
      );
    });

    test('does not mind a reader that has seen enough', async () => {
      write(Array.from({ length: 2_000 }, (_, n) => peer(`${publicAddress(n)}:9999`)));
      const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
      const child = spawn(process.execPath, [main, 'peers', 'list', '--broadcast-peer-db', path], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += String(chunk);
      });
      await once(child.stdout, 'data');
      child.stdout.destroy();
      assert.deepEqual([await once(child, 'exit'), stderr], [[0, null], '']);
    });
  });

  describe('replay', () => {
    test('compares the plain and the learned choice on blocks that were recorded with blockcast demo', async () => {
      const { code, stdout, stderr } = await cli([
        'peers',
        'replay',
        join('test', 'vectors', 'peers', 'demo-history.jsonl'),
      ]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      const meanOf = (choice: string) => Number(new RegExp(`^${choice} +[\\d.]+ +([\\d.]+) `, 'm').exec(stdout)?.[1]);
      assert.ok(meanOf('learned') < meanOf('plain score'), stdout);
      assert.match(stdout, /Of 15 blocks, each choice of 5 peers/);
    });

    test('of a file that is no recording, or of none, says what to give', async () => {
      const nonsense = join(folder, 'nonsense');
      writeFileSync(nonsense, 'no\nblock\nevents');
      const refused = await cli(['peers', 'replay', nonsense]);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /2 lines are no block events/);
      assert.match(refused.stderr, /Give a longer recording, or a smaller --choose/);
      const missing = await cli(['peers', 'replay', join(folder, 'missing')]);
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, /cannot be read \(ENOENT\). Give a block history/);
    });
  });

  describe('explain', () => {
    test('gives each term its reason, and what else is known', async () => {
      write([best, worst]);
      const { code, stdout } = await peers('explain', '203.1.1.1');
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^203\.1\.1\.1:9999\n {2}100\.0 {2}initial: known from dashd\n {3}71\.7 {2}success: at least/,
      );
      assert.match(
        stdout,
        /\n {3}50\.0 {2}recency: last seen 0\.0 h ago\n {3}30\.0 {2}from-dashd: .*\n {2}287\.2 {2}learned: no announcement seen yet.*\n {2}538\.8 {2}score\n/,
      );
      assert.match(stdout, /blocks +15 acknowledged, 0 accepted, 0 already had, 1 failed \(timeout\)\n/);
      const other = await peers('explain', worst.key);
      assert.match(other.stdout, /dials +0 succeeded, 2 failed, last 1\.0 h ago \(unreachable\)\n/);
      assert.match(other.stdout, /backoff +2 failures in a row, next attempt in (9|10) min\n/);
    });

    test('of an onion peer says that it needs Tor, unless that is set up', async () => {
      const onion = peer(`${'a'.repeat(55)}d.onion:9999`);
      write([onion]);
      const { stdout } = await peers('explain', onion.key);
      assert.match(stdout, /dialled +never: unreachable-family: its kind of address cannot be dialled: .*tor\.mode/);
      const env = { BLOCKCAST_TOR_MODE: 'onion' };
      const set = await cli(['peers', 'explain', onion.key, '--broadcast-peer-db', path], env);
      assert.match(set.stdout, /dialled +when a connection slot is free/);
    });

    test('of a peer it does not know fails, and says what to do', async () => {
      write([best]);
      const { code, stderr } = await peers('explain', '8.8.8.8:9999');
      assert.equal(code, 1);
      assert.equal(stderr, 'error: 8.8.8.8:9999 is not in the peer book. Add it: blockcast peers add 8.8.8.8:9999\n');
    });

    test('of what is no address is wrong use', async () => {
      const { code, stderr } = await peers('explain', '1.2.3.4:99999');
      assert.equal(code, 2);
      assert.match(stderr, /^error: 1\.2\.3\.4:99999 has no port .*Give host, host:port or \[ipv6\]:port\.\n$/);
    });
  });

  describe('export and import', () => {
    test('carry a book to another instance', async () => {
      write([best, middling]);
      const target = join(folder, 'export.json');
      assert.equal((await peers('export', target)).stderr, `2 peers written to ${target}\n`);
      assert.deepEqual(saved(target).get(best.key)?.broadcasts, best.broadcasts);
      const again = await peers('export', target);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /EEXIST.*Give the name of a new file/);

      path = join(folder, 'other', 'peers.json');
      const imported = await peers('import', target);
      assert.deepEqual([imported.code, imported.stdout], [0, '2 added, 0 known\n']);
      assert.match(imported.stderr, /^done in .*other\/peers\.json; no relay is running on it\n$/);
      assert.deepEqual([...saved().keys()].sort(), [best.key, middling.key].sort());
      assert.equal((await peers('import', target)).stdout, '0 added, 2 known\n');
    });

    test('export - writes to standard output', async () => {
      write([best]);
      const { stdout } = await peers('export', '-');
      const book = parse(stdout);
      assert.ok(book.ok && book.records[0]?.key === best.key && book.localDashd === local);
    });

    test('add takes a wildcard for this machine, as the configuration does', async () => {
      const { stdout } = await peers('add', '0.0.0.0', '[::]:1234');
      assert.equal(stdout, '127.0.0.1:9999: added\n[::1]:1234: added\n');
    });

    test('import reports what it left out, and why', async () => {
      const source = join(folder, 'source.json');
      write([best, peer('10.0.0.1:9999'), { ...middling, lastSeen: now - 40 * 24 * HOUR }], source);
      const { code, stdout } = await peers('import', source);
      assert.equal(code, 0);
      assert.equal(stdout, '1 added, 0 known, 1 refused (unroutable), 1 refused (stale)\n');
    });

    test('import of what is not a peer book fails and changes nothing', async () => {
      const source = join(folder, 'source.json');
      writeFileSync(source, '[]');
      const { code, stderr } = await peers('import', source);
      assert.equal(code, 1);
      assert.match(stderr, /source\.json is not a peer book \(not-a-peer-book: /);
      assert.equal(existsSync(path), false);
      assert.match((await peers('import', join(folder, 'none'))).stderr, /none cannot be read \(ENOENT\)/);
    });
  });

  describe('add and remove, in the file', () => {
    test('change it, keep what was known, and the copy before', async () => {
      write([best, middling]);
      const added = await peers('add', '8.8.8.8', '[2001:db8::1]:1234', best.key);
      assert.deepEqual(
        [added.code, added.stdout],
        [0, '8.8.8.8:9999: added\n[2001:db8::1]:1234: added\n203.1.1.1:9999: known\n'],
      );
      assert.deepEqual(saved().get('8.8.8.8:9999')?.sources, ['configured']);
      assert.deepEqual(saved().get(best.key)?.broadcasts, best.broadcasts);
      assert.equal(saved(`${path}.bak`).size, 2);

      const removed = await peers('remove', '8.8.8.8', '9.9.9.9');
      assert.deepEqual([removed.code, removed.stdout], [1, '8.8.8.8:9999: removed\n9.9.9.9:9999: unknown\n']);
      assert.equal(saved().has('8.8.8.8:9999'), false);
    });

    test('never remove the local dashd', async () => {
      write([{ ...peer(local), protected: true, sources: ['local_dashd'] }]);
      const { code, stdout } = await peers('remove', local);
      assert.deepEqual([code, stdout], [1, '127.0.0.1:9999: protected\n']);
      assert.equal(saved().get(local)?.protected, true);
    });

    test('with one address wrong change nothing', async () => {
      const { code, stdout, stderr } = await peers('add', '8.8.8.8', 'two words', '1:2:3');
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.equal(stderr.match(/^error: /gm)?.length, 2);
      assert.equal(existsSync(path), false);
    });

    test('wait for the lock of a relay that was killed to go stale', async () => {
      const lock = `${path}.lock`;
      mkdirSync(lock);
      const almost = Date.now() / 1000 - 4.5;
      utimesSync(lock, almost, almost);
      assert.equal((await peers('add', '8.8.8.8')).code, 0);
    });

    test('stop waiting for it when asked to', async () => {
      const other = openPeerFile(path);
      await other.lock();
      const stop = new AbortController();
      const ended = cli(['peers', 'add', '8.8.8.8', '--broadcast-peer-db', path], {}, { stop: stop.signal });
      stop.abort();
      const { code, stderr } = await ended;
      assert.equal(code, 1);
      assert.match(stderr, /^error: .*peers\.json is held by another blockcast .*stop that one/);
      await other.close();
    });
  });

  describe('of a running relay', () => {
    const closing: (() => Promise<void>)[] = [];
    after(() => Promise.all(closing.map((close) => close())));

    /** What a relay does about its peer file, without the rest of it. */
    async function relay() {
      const book = new PeerBook('mainnet', systemRandom);
      book.protect(address(local), now);
      const file = openPeerFile(path);
      await file.lock();
      const states: string[] = [];
      let listening: (() => void) | undefined;
      const up = new Promise<void>((resolve) => {
        listening = resolve;
      });
      const control = openControl(controlPath(file.path), {
        request: (request) => applyEdit(book, request, Date.now()),
        state: (state, code) => {
          states.push(`${state} ${code}`);
          if (state === 'up') listening?.();
        },
      });
      closing.push(
        () => control.close(),
        () => file.close(),
      );
      await up;
      return { book, file, states, control };
    }

    test('add, remove and import are done by it', async () => {
      const { book } = await relay();
      const added = await peers('add', '8.8.8.8');
      assert.deepEqual(added, { code: 0, stdout: '8.8.8.8:9999: added\n', stderr: 'done by the running relay\n' });
      assert.deepEqual(book.get('8.8.8.8:9999')?.sources, ['configured']);
      assert.equal((await peers('remove', '8.8.8.8')).code, 0);
      assert.equal(book.get('8.8.8.8:9999'), undefined);
      assert.equal((await peers('remove', local)).stdout, '127.0.0.1:9999: protected\n');

      const source = join(folder, 'source.json');
      write(
        Array.from({ length: 95 }, (_, n) => provenPeer(`${publicAddress(n)}:9999`, { lastConnected: now - HOUR })),
        source,
      );
      const imported = await peers('import', source);
      assert.deepEqual([imported.code, imported.stdout], [0, '95 added, 0 known\n']);
      assert.equal(book.size, 96);
      assert.equal(existsSync(path), false, 'the file is the relay’s');
    });

    test('list, explain and export read what it saved, and say so', async () => {
      await relay();
      write([best]);
      for (const args of [['list'], ['explain', best.key], ['export', '-']]) {
        const { code, stderr } = await peers(...args);
        assert.equal(code, 0);
        assert.match(stderr, /^note: a relay is running; this is the state it saved \d\.\d min ago\n$/);
      }
    });

    test('explain says what it knows of a peer as a quorum member, in the book or not', async () => {
      write([best, worst]);
      const member = { active: 4, memberOf: 2, height: 1_001, masternode: 'ab'.repeat(32) } as const;
      const standings: Readonly<Record<string, QuorumStanding>> = {
        [best.key]: { ...member, role: 'signer', connection: 'quorum', code: 'several-quorums' },
        '203.9.9.9:9999': { ...member, role: 'member', connection: 'none', code: 'over-max' },
        '203.9.9.8:9999': { active: 4, memberOf: 0, height: 1_001, connection: 'none' },
      };
      const plan = planPush({
        peers: [
          { peer: 'second', role: 'signer', protected: false, compact: 'chosen' },
          { peer: 'first', role: 'other', protected: true, compact: 'taken' },
        ],
      });
      let isUp: () => void = () => undefined;
      const up = new Promise<void>((resolve) => {
        isUp = resolve;
      });
      const control = openControl(controlPath(path), {
        request: (request) => {
          const { explain } = request as { readonly explain: string };
          const push = explain === best.key ? { push: placeOf(plan, 'second') } : {};
          const witness = explain === worst.key ? { witness: 'network 1.2.0.0/16' } : {};
          return { ok: true, standing: standings[explain], ...push, ...witness };
        },
        state: () => isUp(),
      });
      closing.push(() => control.close());
      await up;
      const known = await peers('explain', best.key);
      assert.match(known.stdout, /masternode +(ab){32}/);
      assert.match(
        known.stdout,
        /quorums +a member of 2 of the 4 active ChainLock quorums; one of them signs the ChainLock of block 1001/,
      );
      assert.match(known.stdout, /connection +connected as a quorum member: a member of more than one active quorum/);
      assert.match(known.stdout, /order +2 of 2: it is a member of the quorum that signs the next block/);
      assert.match(known.stdout, /sent +compact: the peer asked for our blocks in this form/);
      const { stdout: watcher } = await peers('explain', worst.key);
      assert.match(watcher, /witness +never sent a block, to tell how fast the network is: network 1\.2\.0\.0\/16/);
      const stranger = await peers('explain', '203.9.9.9');
      assert.equal(stranger.code, 0);
      assert.match(stranger.stdout, /^203\.9\.9\.9:9999\n/);
      assert.match(stranger.stdout, /connection +not connected: all connections of quorum.maxPeers are in use/);
      assert.equal((await peers('explain', '203.9.9.8')).code, 1, 'a peer that is neither in the book nor a member');
    });

    test('its socket is its owner’s alone, and goes with it', async () => {
      const { control, file } = await relay();
      assert.equal(statSync(`${path}.sock`).mode & 0o777, 0o600);
      await control.close();
      await file.close();
      assert.equal(existsSync(`${path}.sock`), false);
      assert.equal((await peers('add', '8.8.8.8')).code, 0);
      assert.ok(saved().has('8.8.8.8:9999'));
    });

    test('a second one leaves the first its socket, and takes it when the first is gone', async () => {
      const first = await relay();
      const states: string[] = [];
      let news: (() => void) | undefined;
      const reported = (count: number) =>
        new Promise<void>((resolve) => {
          news = () => states.length >= count && resolve();
          news();
        });
      const second = openControl(controlPath(path), {
        request: () => 'second',
        state: (state, code) => {
          states.push(`${state} ${code}`);
          news?.();
        },
      });
      closing.push(() => second.close());
      await reported(1);
      assert.deepEqual(states, ['down in-use']);
      await first.control.close();
      await reported(2);
      assert.deepEqual(states, ['down in-use', 'up listening']);
    });

    test('a killed one’s socket is replaced; what is no socket is left alone', async () => {
      const script = `require('net').createServer().listen(${JSON.stringify(`${path}.sock`)}, () => console.log('up'))`;
      const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      assert.ok(existsSync(`${path}.sock`));
      assert.deepEqual((await relay()).states, ['up listening']);

      const file = join(folder, 'mine.sock');
      writeFileSync(file, 'mine');
      const state = await new Promise<string>((resolve) => {
        const control = openControl(file, { request: () => null, state: (_, code) => resolve(code) });
        closing.push(() => control.close());
      });
      assert.equal(state, 'EADDRINUSE');
      assert.equal(readFileSync(file, 'utf8'), 'mine');
    });

    test('a path too long for a socket is reported', async () => {
      const codes: string[] = [];
      const control = openControl(`/tmp/${'x'.repeat(120)}`, {
        request: () => null,
        state: (state, code) => codes.push(`${state} ${code}`),
      });
      await control.close();
      assert.deepEqual(codes, ['down path-too-long']);
    });

    test('answers what is no request with an error, in order, and ends one without end', async () => {
      const { file } = await relay();
      const connected = await connectControl(controlPath(file.path));
      assert.ok(connected.ok);
      const { connection } = connected;
      const answers = (await Promise.all([
        connection.ask({ edit: 'add', peers: ['nonsense'] }),
        connection.ask({ edit: 'destroy' }),
        connection.ask({ edit: 'import', book: 'x' }),
        connection.ask(null),
      ])) as Record<string, unknown>[];
      assert.deepEqual(
        answers.map((answer) => answer['code'] ?? answer['outcomes']),
        [[{ peer: 'nonsense', outcome: 'malformed' }], 'not-an-edit', 'not-json', 'not-an-edit'],
      );
      const endless = { edit: 'add', peers: ['x'.repeat(2 * 1024 * 1024)] };
      const answer = await connection.ask(endless);
      assert.ok(answer === undefined || (answer as { code?: string }).code === 'too-long');
      assert.equal(await connection.ask({ edit: 'add', peers: [] }), undefined);
    });

    test('that gives no sound answer is not believed', async () => {
      await new Promise<void>((resolve) => {
        const control = openControl(controlPath(path), {
          request: () => ({ ok: 'perhaps' }),
          state: () => resolve(),
        });
        closing.push(() => control.close());
      });
      const { code, stderr } = await peers('add', '8.8.8.8');
      assert.equal(code, 1);
      assert.match(stderr, /the relay applied 0 of 1 parts, and gave no valid answer to the next: see its log/);
    });
  });
});
