/** A relay whose port for the pages is taken: it runs without them, and has them once the port is free. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, test } from 'node:test';
import { until } from '../support/relay-process.js';
import { inShell, ShellStartedRelay, ShellTestNetwork } from '../support/shell-started-relay.js';

const network = await ShellTestNetwork.open();
after(() => network.close());

test('a taken http.port is reported once, and the pages are there soon after it is free', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const relay = await ShellStartedRelay.spawn(network, inShell(), { httpPort: port });
  try {
    let output = '';
    relay.shell.stdout?.on('data', (text: Buffer) => {
      output += text.toString();
    });
    const connected = () => (output.match(/connected/g) ?? []).length >= 2;
    await until('the peers, and the word about the port', () =>
      connected() && output.includes('cannot listen on') ? true : undefined,
    );
    await relay.assertDelivers();
    other.close();
    await relay.isReady();
    await relay.assertWell();
    const lines = output.split('\n').filter((line) => line.includes('cannot listen on'));
    assert.equal(lines.length, 1, lines.join('\n'));
    await relay.assertEnds();
  } finally {
    other.close();
    await relay.remove();
  }
});
