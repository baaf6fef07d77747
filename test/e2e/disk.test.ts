/** A relay whose files cannot be written: a block goes out all the same, what is amiss is reported, and the process goes on. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { until } from '../support/relay-process.js';
import { inShell, ShellStartedRelay, ShellTestNetwork } from '../support/shell-started-relay.js';

const network = await ShellTestNetwork.open();
after(() => network.close());

describe('a relay delivers, answers and ends in time', () => {
  let relay: ShellStartedRelay | undefined;
  afterEach(async () => {
    await relay?.remove();
    relay = undefined;
  });

  // As on a disk that is full (ENOSPC): each write fails, by EFBIG and SIGXFSZ.
  test('when no byte can be written to spool, history and peer file', async () => {
    relay = await ShellStartedRelay.start(network, inShell(), { before: 'ulimit -f 0' });
    await relay.assertWell();
    for (const service of ['spool', 'history-file', 'peer-file']) await relay.is(service, 'down');
    await relay.assertWell();
    await relay.assertEnds();
  });

  test('when its data folder is deleted: all is written again', async () => {
    relay = await ShellStartedRelay.start(network, inShell());
    await relay.assertWell();
    rmSync(relay.data, { recursive: true });
    const hash = await relay.assertWell();
    const files = [
      join(relay.data, 'peers.json'),
      join(relay.data, 'blocks.jsonl'),
      join(relay.data, 'peers.json.sock'),
    ];
    await until('the files', () => (files.every((file) => existsSync(file)) ? true : undefined));
    await until('the block in the history', () =>
      readFileSync(files[1] ?? '', 'utf8').includes(hash) ? true : undefined,
    );
    await relay.assertEnds();
  });

  test('when a file takes the place of its data folder, and when that is gone again', async () => {
    relay = await ShellStartedRelay.start(network, inShell());
    renameSync(relay.data, `${relay.data}.old`);
    writeFileSync(relay.data, '');
    const hash = await relay.assertWell();
    for (const service of ['spool', 'history-file', 'peer-file']) await relay.is(service, 'down');
    assert.match(
      await relay.get('/metrics'),
      /^blockcast_service_faults_total\{service="spool",code="not-a-file"\} [1-9]/m,
    );
    assert.match(
      await relay.get('/metrics'),
      /^blockcast_service_faults_total\{service="history-file",code="not-a-file"\} [1-9]/m,
    );
    rmSync(relay.data);
    await relay.assertWell();
    for (const service of ['spool', 'history-file', 'peer-file']) await relay.is(service, 'up');
    assert.ok(readFileSync(join(relay.data, 'blocks.jsonl'), 'utf8').includes(hash));
    await relay.assertEnds();
  });
});
