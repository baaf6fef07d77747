/** A relay whose output nobody reads: blocks go on, it answers, and it ends when it is asked to. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, afterEach, describe, test } from 'node:test';
import { inShell, ShellStartedRelay, ShellTestNetwork } from '../support/shell-started-relay.js';

const hasTerminals = spawnSync('script', ['--version']).status === 0;
const hasFullDevice = existsSync('/dev/full');

const network = await ShellTestNetwork.open();
after(() => network.close());

const inTerminal = (relay: string) => ['script', '-qfc', relay, '/dev/null'] as const;

describe('a relay goes on', () => {
  let relay: ShellStartedRelay | undefined;
  afterEach(async () => {
    await relay?.remove();
    relay = undefined;
  });

  test('when its terminal is closed', { skip: !hasTerminals && 'no script(1) here' }, async () => {
    relay = await ShellStartedRelay.start(network, inTerminal);
    relay.shell.kill('SIGKILL');
    await once(relay.shell, 'exit');
    for (let n = 0; n < 3; n += 1) relay.signal('SIGHUP');
    await relay.assertWell();
    await relay.assertLost();
    await relay.assertEnds();
  });

  test('when its terminal is stopped, and lines pile up', { skip: !hasTerminals && 'no script(1) here' }, async () => {
    relay = await ShellStartedRelay.start(network, inTerminal);
    relay.shell.kill('SIGSTOP');
    await relay.chatter(1_000);
    await relay.assertWell();
    await relay.assertEnds();
    relay.shell.kill('SIGCONT');
  });

  test('when standard output and error are full from the start', {
    skip: !hasFullDevice && 'no /dev/full here',
  }, async () => {
    relay = await ShellStartedRelay.start(network, inShell('> /dev/full 2>&1'));
    await relay.assertWell();
    await relay.assertLost();
    await relay.assertEnds();
  });

  // Beyond the limit the kernel sends SIGXFSZ with each EFBIG.
  test('when its log file reaches the limit of what a file may hold', async () => {
    relay = await ShellStartedRelay.start(network, inShell('> log 2>&1'), { before: 'ulimit -f 16' });
    for (let n = 0; n < 3; n += 1) await relay.assertWell();
    await relay.assertLost();
    await relay.assertEnds();
  });

  test('when it can only read from what it should write to', async () => {
    relay = await ShellStartedRelay.start(network, inShell('1< /dev/null 2>&1'));
    await relay.assertWell();
    await relay.assertLost();
    await relay.assertEnds();
  });

  test('when the reader of its pipe leaves', async () => {
    relay = await ShellStartedRelay.start(network, inShell(''));
    relay.shell.stdout?.destroy();
    relay.shell.stderr?.destroy();
    await relay.chatter(10);
    await relay.assertWell();
    await relay.assertLost();
    await relay.assertEnds();
  });

  test('when the reader of its pipe reads no more', async () => {
    relay = await ShellStartedRelay.start(network, inShell(''));
    await relay.chatter(2_000);
    await relay.assertWell();
    await relay.assertEnds();
  });
});
