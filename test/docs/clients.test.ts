/** Runs the clients of docs/clients as processes: with a relay, and with a simulated one that loses a block. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { Publisher, Pull } from 'zeromq';
import { InProcessNetwork } from '../support/in-process-network.js';
import { hashOf } from '../support/relay-under-test.js';

const folder = mkdtempSync(join(tmpdir(), 'blockcast-clients-'));
after(() => rmSync(folder, { recursive: true }));

const hasPyzmq = spawnSync('python3', ['-c', 'import zmq']).status === 0;

for (const [name, command, skip] of [
  ['Node', [process.execPath, 'docs/clients/push-block.mjs'], false],
  ['Python', ['python3', 'docs/clients/push_block.py'], hasPyzmq ? false : 'no python3 with pyzmq here'],
] as const) {
  describe(`the client in ${name}`, { skip }, () => {
    const run = async (raw: Buffer, hash: string, until: string, endpoints: readonly string[]) => {
      const file = join(folder, 'block');
      writeFileSync(file, raw);
      const [program, script] = command;
      const child = spawn(program, [script, file, hash, until, ...endpoints], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [[code], out] = await Promise.all([once(child, 'exit'), text(child.stdout)]);
      return { code: code as number, event: JSON.parse(out) as Record<string, unknown> };
    };

    test('pushes a block until it is received or stored, and reports a refused one', async () => {
      const embedded = await InProcessNetwork.start({ peers: [{}] });
      const { relay } = embedded;
      await relay.connected(2);
      await relay.tipKnown();
      const endpoints = [relay.poolBind, relay.eventsBind];
      const raw = embedded.mine();
      const received = await run(raw, hashOf(raw), 'received', endpoints);
      assert.deepEqual([received.code, received.event['type']], [0, 'received']);
      const again = await run(raw, hashOf(raw), 'stored', endpoints);
      assert.deepEqual([again.code, again.event['type'], again.event['stored']], [0, 'repeated', true]);
      const next = embedded.mine();
      assert.equal((await run(next, hashOf(next), 'stored', endpoints)).event['type'], 'stored');
      const refused = await run(Buffer.alloc(200, 1), 'ff'.repeat(32), 'received', endpoints);
      assert.deepEqual([refused.code, refused.event['type']], [1, 'refused']);
      await embedded.stop();
    });

    test('pushes a block again if no event follows', async () => {
      const pool = new Pull();
      const events = new Publisher({ linger: 0 });
      await pool.bind('tcp://127.0.0.1:*');
      await events.bind('tcp://127.0.0.1:*');
      const ended = run(Buffer.from('block'), 'ab'.repeat(32), 'received', [
        pool.lastEndpoint ?? '',
        events.lastEndpoint ?? '',
      ]);
      assert.equal((await pool.receive())[0]?.toString(), 'block');
      assert.equal((await pool.receive())[0]?.toString(), 'block');
      const event = { type: 'received', at: 1, hash: 'ab'.repeat(32), source: 'pool', size: 5 };
      // Not on disk: no reason to stop.
      await events.send(JSON.stringify({ ...event, unspooled: 'disk-full' }));
      assert.equal((await pool.receive())[0]?.toString(), 'block');
      await events.send(JSON.stringify(event));
      assert.deepEqual(await ended, { code: 0, event });
      pool.close();
      events.close();
    });
  });
}
