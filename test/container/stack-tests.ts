/** dashd, blockcast and Prometheus as docker-compose.yml starts them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { Push } from 'zeromq';
import { eventually, mine, templateOn, tipOf } from '../contract/node-under-test.js';
import { hashOf } from '../support/relay-under-test.js';
import type { BaseImage } from './base-image.js';
import { COMPOSE, dashdImage, fullName, prometheusImage } from './images.js';
import type { Podman } from './podman.js';
import { NO_COMPOSE, Stack } from './stack.js';

interface Alert {
  readonly labels: { readonly alertname: string };
  readonly state: string;
}
interface Reply {
  readonly data: {
    readonly activeTargets?: readonly { readonly health: string; readonly lastError: string }[];
    readonly groups?: readonly {
      readonly rules: readonly { readonly name: string; readonly health: string; readonly lastError?: string }[];
    }[];
    readonly alerts?: readonly Alert[];
    readonly result?: readonly { readonly value: readonly [number, string] }[];
  };
}

const { services } = parse(COMPOSE) as { services: Readonly<Record<string, { image: string }>> };
const imageOf = (name: string): string => fullName(services[name]?.image ?? '');

/** @param base the image that others are made of where they cannot be pulled */
export function describeStack(podman: Podman, base: () => BaseImage): void {
  describe('the services of docker-compose.yml', { skip: NO_COMPOSE }, () => {
    let stack: Stack | undefined;
    const pool = new Push({ linger: 0, reconnectInterval: 10 });

    before(async () => {
      const dashd = await dashdImage(podman, base(), imageOf('dashd'));
      const prometheus = await prometheusImage(podman, base(), imageOf('prometheus'));
      console.log(`images: dashd ${dashd ?? 'missing'}, prometheus ${prometheus ?? 'missing'}, grafana not started`);
      if (dashd === undefined || prometheus === undefined) return;
      const names = ['dashd', 'blockcast', 'prometheus'];
      stack = new Stack(podman, names);
      await stack.up();
      pool.connect(`tcp://${await stack.published('blockcast', 28500)}`);
    });
    after(async () => {
      pool.close();
      await stack?.remove();
    });

    /** Defines a test, which is skipped where the images of dashd and of Prometheus are missing. */
    const stacked = (title: string, run: (started: Stack) => Promise<void>): void => {
      test(title, async (t) => {
        if (stack === undefined) t.skip('no image of dashd or of Prometheus, and no such programs to make one of');
        else await run(stack);
      });
    };
    const dashdOf = async (started: Stack) => ({
      rpcUrl: `http://${await started.published('dashd', 9998)}`,
      credentials: (await started.exec('dashd', 'cat', '/run/dashd/.cookie')).output,
    });
    const api = async (started: Stack, path: string): Promise<Reply['data']> => {
      const url = `http://127.0.0.1:9090/api/v1/${path}`;
      const { code, output } = await started.exec('prometheus', 'wget', '-q', '-O', '-', url);
      assert.equal(code, 0, output);
      return (JSON.parse(output) as Reply).data;
    };
    const isFiring = async (started: Stack, name: string): Promise<true | undefined> => {
      const { alerts = [] } = await api(started, 'alerts');
      return alerts.some(({ labels, state }) => labels.alertname === name && state === 'firing') ? true : undefined;
    };

    stacked('blockcast has the limits and the network settings that the file gives it', async (started) => {
      assert.equal(await started.inspect('blockcast', '.HostConfig.ReadonlyRootfs'), true);
      assert.equal(await started.inspect('blockcast', '.HostConfig.Memory'), 2 ** 30);
      assert.equal(await started.inspect('blockcast', '.HostConfig.PidsLimit'), 128);
      const { output } = await started.exec(
        'blockcast',
        'cat',
        '/proc/1/status',
        '/proc/sys/net/ipv4/tcp_slow_start_after_idle',
      );
      assert.match(output, /^CapEff:\s+0{16}$/m);
      assert.match(output, /^NoNewPrivs:\s+1$/m);
      assert.match(output, /^0$/m);
    });

    stacked(
      'a block that is pushed to the published port reaches dashd, with its cookie and over its names',
      async (started) => {
        const raw = mine(await templateOn(await dashdOf(started)));
        await pool.send(raw);
        await eventually(
          async () => ((await tipOf(await dashdOf(started))).hash === hashOf(raw) ? true : undefined),
          'the block in dashd',
        );
        await eventually(async () => {
          const block = await started.page(`/api/v1/blocks/${hashOf(raw)}`);
          return block.includes('"outcome":"local-only"') ? true : undefined;
        }, 'the verdict');
      },
    );

    stacked('Prometheus scrapes blockcast with the password, and evaluates each rule', async (started) => {
      const checked = await started.exec('prometheus', 'promtool', 'check', 'config', '/etc/prometheus/prometheus.yml');
      assert.equal(checked.code, 0, checked.output);
      await eventually(async () => {
        const { activeTargets = [] } = await api(started, 'targets');
        return activeTargets.length === 1 && activeTargets[0]?.health === 'up' ? true : undefined;
      }, 'the target to be up');
      await eventually(async () => {
        const { groups = [] } = await api(started, 'rules');
        const rules = groups.flatMap((group) => group.rules);
        for (const { name, lastError = '' } of rules) assert.equal(lastError, '', name);
        return rules.length > 0 && rules.every(({ health }) => health === 'ok') ? true : undefined;
      }, 'each rule to be evaluated');
      await eventually(async () => {
        const { result = [] } = await api(started, 'query?query=sum(blockcast_block_verdicts_total)');
        return result[0]?.value[1] === '1' ? true : undefined;
      }, 'the verdict in Prometheus');
    });

    stacked('an alert fires: blockcast has no peer but dashd', async (started) => {
      await eventually(() => isFiring(started, 'BlockcastNoPeers'), 'BlockcastNoPeers to fire', ALERT_MS);
    });

    stacked('an alert fires while blockcast is stopped, and ends when it is back', async (started) => {
      await started.do('stop', 'blockcast');
      await eventually(() => isFiring(started, 'BlockcastDown'), 'BlockcastDown to fire', ALERT_MS);
      await started.do('start', 'blockcast');
      await eventually(
        async () => ((await isFiring(started, 'BlockcastDown')) ? undefined : true),
        'its end',
        ALERT_MS,
      );
    });
  });
}

/** Above `for:` of the rules, with the intervals of scrapes and evaluations. */
const ALERT_MS = 5 * 60_000;
