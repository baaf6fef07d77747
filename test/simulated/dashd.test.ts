import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Subscriber } from 'zeromq';
import { createRpc } from '../../src/adapters/rpc.js';
import { loadX11 } from '../../src/block/x11.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import { TestPeer } from '../contract/test-peer.js';

describe('dashd stand-in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-stand-in-'));
  const cookieFile = join(folder, '.cookie');
  let dashd: SimulatedDashd;
  before(async () => {
    await loadX11();
    dashd = new SimulatedDashd({ cookieFile });
    await dashd.start();
    dashd.generate(2);
  });
  after(async () => {
    await dashd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const connect = () => createRpc({ url: dashd.rpcUrl, cookieFile, timeoutMs: 300 });

  it('starts again on the same ports, with its chain and a new cookie', async () => {
    const rpc = connect();
    const [{ rpcUrl, zmqUrl }, { port, chain }] = [dashd, dashd.node];
    const { hash } = chain.tip;
    assert.deepEqual(await rpc.call('getbestblockhash'), { ok: true, result: hash });
    const cookie = readFileSync(cookieFile, 'utf8');
    await dashd.stop();
    assert.equal(existsSync(cookieFile), false);
    assert.equal((await rpc.call('getbestblockhash')).ok, false);
    await dashd.start();
    assert.deepEqual([dashd.rpcUrl, dashd.zmqUrl, dashd.node.port], [rpcUrl, zmqUrl, port]);
    assert.notEqual(readFileSync(cookieFile, 'utf8'), cookie);
    assert.deepEqual(await rpc.call('getbestblockhash'), { ok: true, result: hash });
    await rpc.close();
  });

  it('reports its peers', async () => {
    const rpc = connect();
    const peer = await TestPeer.ready(dashd.node);
    const answer = await rpc.call('getpeerinfo');
    assert.ok(answer.ok && Array.isArray(answer.result));
    assert.equal(answer.result.length, 1);
    const { inbound, subver, version } = answer.result[0];
    assert.deepEqual({ inbound, subver, version }, { inbound: true, subver: '/contract:1/', version: 70240 });
    await peer.hangUp();
    await rpc.close();
  });

  it('can be slow, silent, closed to us, or a web page', async () => {
    const rpc = connect();
    const code = async () => {
      const answer = await rpc.call('getblockcount');
      return answer.ok ? 'ok' : answer.code;
    };
    dashd.rpcFaults = { html: true };
    assert.equal(await code(), 'not-json');
    dashd.rpcFaults = { unauthorised: true };
    assert.equal(await code(), 'unauthorised');
    dashd.rpcFaults = { hangs: true };
    assert.equal(await code(), 'timeout');
    dashd.rpcFaults = { delayMs: 5_000 };
    assert.equal(await code(), 'timeout');
    dashd.rpcFaults = { delayMs: 1 };
    assert.equal(await code(), 'ok');
    dashd.rpcFaults = {};
    await rpc.close();
  });

  it('can lose messages of its feed, or fall silent', async () => {
    const socket = new Subscriber({ linger: 0, receiveTimeout: 100 });
    socket.connect(dashd.zmqUrl);
    socket.subscribe('hashblock');
    const sequences: number[] = [];
    const hear = async () => {
      const frames = await socket.receive().catch(() => undefined);
      if (frames?.[2] !== undefined) sequences.push(frames[2].readUInt32LE());
      return frames !== undefined;
    };
    do dashd.generate(1);
    while (!(await hear()));
    while (await hear());
    const last = sequences.at(-1) ?? 0;
    dashd.zmqFaults = { swallows: 'both' };
    dashd.generate(2);
    dashd.zmqFaults = {};
    dashd.generate(1);
    assert.equal(await hear(), true);
    assert.equal(sequences.at(-1), last + 3);
    dashd.zmqFaults = { silent: true };
    dashd.generate(1);
    dashd.zmqFaults = {};
    dashd.generate(1);
    assert.equal(await hear(), true);
    assert.equal(sequences.at(-1), last + 4, 'what was never sent is not missing');
    socket.close();
  });
});
