import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InProcessNetwork } from '../support/in-process-network.js';
import { hashOf } from '../support/relay-under-test.js';
import { inShell, ShellStartedRelay, ShellTestNetwork } from '../support/shell-started-relay.js';

test('a relay that is stopped with a block under way waits for its verdict, and has it on disk', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-stop-'));
  const file = join(folder, 'blocks.jsonl');
  const embedded = await InProcessNetwork.start({
    peers: [{}, { silent: 'after-the-handshake' }],
    flags: { 'history-file': file },
  });
  const { relay, dashd } = embedded;
  await relay.connected(3);
  await relay.tipKnown();
  const raw = embedded.mine();
  const hash = hashOf(raw);
  await relay.push(raw);
  await relay.until('the block', (events) => events.find((event) => event.type === 'received' && event.hash === hash));
  await embedded.stop();
  const verdict = relay.events.find((event) => event.type === 'verdict' && event.hash === hash);
  assert.ok(verdict?.type === 'verdict', 'the verdict fell before the end');
  assert.equal(verdict.outcome, 'delivered');
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  const kept = lines.find((line) => JSON.stringify(line).includes('"verdict"') && JSON.stringify(line).includes(hash));
  assert.deepEqual(kept, verdict);
  assert.equal(dashd.node.chain.tip.hash, hash);
  rmSync(folder, { recursive: true });
});

test('signals at once are one request: npm passes on the Ctrl-C that the relay has had as well', async () => {
  const network = await ShellTestNetwork.open();
  const relay = await ShellStartedRelay.start(network, inShell());
  const ended = once(relay.shell, 'exit');
  for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM'] as const) relay.signal(signal);
  assert.deepEqual(await ended, [0, null]);
  await relay.remove();
  await network.close();
});
