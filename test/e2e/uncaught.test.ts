/** A mistake of ours that nothing catches: it is reported once, and the process ends in time, whoever reads that. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, afterEach, describe, test } from 'node:test';
import { PATIENCE_MS } from '../support/patience.js';
import { inShell, ShellStartedRelay, ShellTestNetwork } from '../support/shell-started-relay.js';

const hasFullDevice = existsSync('/dev/full');

/** Loaded before the program: on SIGUSR2 it throws, again and again, so that the handler is called while it is at work. */
const THROWS = `process.on('SIGUSR2', () => {
  for (let n = 0; n < 10; n += 1) setTimeout(() => { throw new Error('provoked ' + n); }, n);
  setTimeout(() => { Promise.reject(new Error('provoked by a promise')); }, 5);
});`;
/** As if each write to standard error failed within the call. */
const DEAD_STDERR = `Object.defineProperty(process, 'stderr', { get() { throw new Error('no standard error'); } });`;

function loading(...modules: readonly string[]) {
  const url = `data:text/javascript,${encodeURIComponent(modules.join('\n'))}`;
  return { env: { NODE_OPTIONS: `--import=${url}` } };
}

const network = await ShellTestNetwork.open();
after(() => network.close());

describe('an uncaught exception ends the process, with exit code 1', () => {
  let relay: ShellStartedRelay | undefined;
  afterEach(async () => {
    await relay?.remove();
    relay = undefined;
  });

  async function assertCrashes(running: ShellStartedRelay): Promise<void> {
    const ended = once(running.shell, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) });
    running.signal('SIGUSR2');
    const [code] = await ended;
    assert.equal(code, 1);
  }

  test('reported once, though others follow while it is reported', async () => {
    relay = await ShellStartedRelay.start(network, inShell(), loading(THROWS));
    let reported = '';
    relay.shell.stderr?.on('data', (text: Buffer) => {
      reported += text.toString();
    });
    await assertCrashes(relay);
    if (relay.shell.stderr?.closed === false) await once(relay.shell.stderr, 'close');
    assert.equal(reported.match(/fatal: uncaught exception/g)?.length, 1, reported);
    assert.match(reported, /fatal: uncaught exception: provoked 0/);
  });

  test('when standard output and error are full', { skip: !hasFullDevice && 'no /dev/full here' }, async () => {
    relay = await ShellStartedRelay.start(network, inShell('> /dev/full 2>&1'), loading(THROWS));
    await assertCrashes(relay);
  });

  test('when nobody reads standard output and error any more', async () => {
    relay = await ShellStartedRelay.start(network, inShell(), loading(THROWS));
    relay.shell.stdout?.destroy();
    relay.shell.stderr?.destroy();
    await assertCrashes(relay);
  });

  test('when reporting it fails by itself', async () => {
    const dieLater = THROWS.replace('for (let', `${DEAD_STDERR}\n  for (let`);
    relay = await ShellStartedRelay.start(network, inShell(), loading(dieLater));
    await assertCrashes(relay);
  });
});
