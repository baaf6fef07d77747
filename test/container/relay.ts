/** The image, and a relay in it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../contract/node-under-test.js';
import { until } from '../support/relay-process.js';
import { hashOf } from '../support/relay-under-test.js';
import { ShellTestNetwork } from '../support/shell-started-relay.js';
import type { Podman } from './podman.js';
import { RelayContainer } from './relay-container.js';

interface Inspected {
  readonly Size: number;
  readonly User: string;
  readonly Healthcheck?: { readonly Test: readonly string[] };
  readonly Config: {
    readonly StopSignal: string;
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
  };
}

/** @param image its name, once it was built */
export function describeImage(podman: Podman, image: () => string): void {
  const inside = async (command: string): Promise<string> =>
    podman.do('run', '--rm', '--network=none', '--entrypoint=/bin/sh', image(), '-c', command);

  describe('the image', () => {
    test('runs `blockcast run` as user 1000, with a health check', async (t) => {
      const [inspected] = JSON.parse(await podman.do('image', 'inspect', image())) as [Inspected];
      assert.equal(inspected.User, '1000:1000');
      assert.equal(inspected.Config.StopSignal, 'SIGTERM');
      assert.deepEqual(inspected.Config.Cmd, ['run']);
      assert.equal(inspected.Healthcheck?.Test[0], 'CMD');
      t.diagnostic(`${(inspected.Size / 1e6).toFixed(0)} MB`);
    });

    test('has the program, and no sources, development packages or binaries of other systems', async () => {
      assert.match(await inside('blockcast --version'), /^\d+\.\d+\.\d+$/);
      const packages = (await inside('ls /opt/blockcast/node_modules')).split('\n');
      for (const name of ['typescript', 'esbuild', 'playwright-core', 'knip'])
        assert.ok(!packages.includes(name), name);
      assert.equal(await inside('ls -d /opt/blockcast/src /opt/blockcast/test /build 2>/dev/null || true'), '');
      assert.equal(
        await inside('ls /opt/blockcast/node_modules/zeromq/build | grep -v linux || true'),
        'manifest.json',
      );
    });

    test('lets its user write to /var/lib/blockcast, and to nothing else that stays', async () => {
      const places = await inside(
        'find / -xdev -writable -not -type l -not -path "/proc/*" -not -path "/sys/*" 2>/dev/null || true',
      );
      const others = places
        .split('\n')
        .filter((path) => !/^\/(dev|run\/lock|tmp|var\/tmp|home\/node)(\/|$)/.test(path));
      assert.deepEqual(others, ['/var/lib/blockcast']);
      assert.equal(await inside('stat -c "%u %g %a" /var/lib/blockcast'), '1000 1000 700');
    });
  });
}

/** @param image its name, once it was built */
export function describeRelay(podman: Podman, image: () => string): void {
  describe('a relay in the image, read-only, without capabilities', () => {
    let network: ShellTestNetwork;
    let relay: RelayContainer;
    before(async () => {
      network = await ShellTestNetwork.open();
      relay = await RelayContainer.of(podman, image(), network, 'relay-data');
      await relay.start();
    });
    after(async () => {
      await relay?.remove();
      await network?.close();
    });

    const isAtAll = async (raw: Buffer): Promise<void> => {
      const nodes = [network.dashd.node, network.peer];
      const have = (): boolean => nodes.every(({ chain }) => chain.get(hashOf(raw))?.connected === true);
      await relay.explained(until('the block at dashd and the peer', () => (have() ? true : undefined)));
    };
    const verdictOn = async (raw: Buffer): Promise<true | undefined> => {
      const block = await relay.get(`/api/v1/blocks/${hashOf(raw)}`);
      return /"outcome":"delivered"/.test(block ?? '') ? true : undefined;
    };

    test('is process 1, user 1000, and can gain no privilege', async () => {
      const { output } = await relay.exec('cat', '/proc/1/status');
      assert.match(output, /^Name:\s+(node|MainThread)$/m);
      assert.match(output, /^Uid:\s+1000\s+1000\s+1000\s+1000$/m);
      assert.match(output, /^NoNewPrivs:\s+1$/m);
      for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.match(output, new RegExp(`^${set}:\\s+0{16}$`, 'm'));
      assert.match((await relay.exec('touch', '/opt/blockcast/file')).output, /Read-only file system/);
    });

    test('sends a block that the pool pushes to dashd and to the peer, and writes a verdict', async () => {
      const raw = network.mine();
      await relay.push(raw);
      await isAtAll(raw);
      await eventually(() => verdictOn(raw), 'the verdict');
    });

    test('answers the commands of its own container', async () => {
      // The peer book is saved a second after the first verdict.
      const output = await eventually(async () => {
        const answer = await relay.exec('blockcast', 'peers', 'explain', network.peer.address);
        return answer.code === 0 ? answer.output : undefined;
      }, 'the answer of blockcast peers explain');
      assert.ok(output.includes(network.peer.address), output);
    });

    test('is healthy; is not while it hangs', async () => {
      assert.equal(await relay.health(), 0);
      await relay.signal('SIGSTOP');
      assert.equal(await relay.health(), 1);
      await relay.signal('SIGCONT');
      assert.equal(await relay.health(), 0);
    });

    test('ends on SIGTERM within 10 s, and has its history and its peers when it starts again', async () => {
      const raw = network.mine();
      await relay.push(raw);
      await isAtAll(raw);
      await eventually(() => verdictOn(raw), 'the verdict');
      assert.equal(await relay.stop(), 0, await relay.log());
      await relay.start();
      assert.equal(await verdictOn(raw), true, 'the block is in the history');
      assert.match(await relay.log(), /peer file up/);
      assert.doesNotMatch(await relay.log(), /does not exist yet/);
    });

    test('sends a block that nobody had when it was killed, after it starts again', async () => {
      await Promise.all([network.dashd.stop(), network.peer.stop()]);
      await relay.shows('no connection', /^blockcast_peers\{state="connected"\} 0$/m);
      const raw = network.mine();
      await relay.push(raw);
      await relay.hasStored(hashOf(raw));
      await relay.kill();
      await Promise.all([network.dashd.start(), network.peer.start()]);
      await relay.start();
      await isAtAll(raw);
    });
  });
}
