/** What becomes of blocks in dashd's own chain, as a relay follows it: without masternodes, so without ChainLocks. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, it } from 'node:test';
import { systemClock, systemRandom } from '../../src/adapters/system.js';
import { loadX11 } from '../../src/block/x11.js';
import type { StatusReply } from '../../src/contracts/api.js';
import type { BlockFinality } from '../../src/contracts/events.js';
import { createLogger } from '../../src/ops/logger.js';
import { createServices } from '../../src/ops/services.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import type { Template } from '../../src/simulated/miner.js';
import { load } from '../config/support.js';
import { eventually, following, mine, templateOn } from '../contract/node-under-test.js';
import { httpReceiver } from '../ops/alerts/receivers.js';
import { hashOf, RelayUnderTest } from '../support/relay-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

describeWithDashd("the pool's blocks in dashd's chain", () => {
  let dashd: DashdProcess;
  let relay: RelayUnderTest;
  let folder: string;
  const relays: RelayUnderTest[] = [];
  // A chain for each test: after 150 blocks those mined here would pay themselves too much.
  beforeEach(async () => {
    await loadX11();
    folder = mkdtempSync(join(tmpdir(), 'blockcast-finality-'));
    // The log then names each call.
    dashd = await startDashd({ arguments: ['-debug=rpc'] });
    await dashd.generate(3);
    relay = await start();
    await relay.connected(1);
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((one) => one.stop()));
    await dashd?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(): Promise<RelayUnderTest> {
    const started = await RelayUnderTest.start({
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-cookie-file': dashd.cookieFile,
      'dashd-p2p-port': String(dashd.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'broadcast-skip-bootstrap': 'true',
      'history-file': join(folder, 'blocks.jsonl'),
    });
    relays.push(started);
    await started.tipKnown();
    return started;
  }

  const reported = (hash: string) =>
    relay.events.filter((event): event is BlockFinality => event.type === 'finality' && event.hash === hash);
  const untilReported = (hash: string, state: BlockFinality['state']) =>
    relay.until(`${hash} to be ${state}`, () => reported(hash).find((event) => event.state === state));
  const give = async (raw: Buffer) => dashd.rpc('submitblock', raw.toString('hex'));
  const kpis = () => relay.relay.view.history.kpis();
  const calls = (method: string) => dashd.log().split(`method=${method} `).length - 1;

  /** Pushes a block, on dashd's tip by default. */
  async function push(template?: Template): Promise<{ raw: Buffer; hash: string; template: Template }> {
    const on = template ?? (await templateOn(dashd));
    const raw = mine(on);
    await relay.push(raw);
    await relay.verdict(raw);
    return { raw, hash: hashOf(raw), template: on };
  }

  /** All that listens to a relay, with a webhook of ours. */
  async function listening() {
    const posts: { readonly state: string; readonly alert: string; readonly details: unknown }[] = [];
    const receiver = await httpReceiver((response, { body }) => {
      posts.push(JSON.parse(body));
      response.end();
    });
    const loaded = load({
      options: {
        network: 'regtest',
        'http-port': '0',
        'alerts-webhook-url': receiver.origin,
        'alerts-repeat-after': '0',
      },
    });
    assert.ok(loaded.ok);
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const services = createServices(loaded.config, {
      logger: createLogger({ level: 'critical', format: 'json' }, nowhere),
      version: '0.1.0',
      clock: systemClock,
      random: systemRandom,
    });
    relay.relay.events$.subscribe(services.listen);
    const url = await services.open(relay.relay.view);
    assert.ok(url);
    const stop = async () => {
      await services.close();
      await receiver.close();
    };
    return { posts, url, stop };
  }

  it('are orphaned by a longer branch, by which block, once; the orphan rate says so, and one alert', async () => {
    const { posts, url, stop } = await listening();
    const { hash, template } = await push();
    const before = kpis();
    assert.equal(relay.relay.view.history.get(hash)?.finality.state, 'pending');
    const rival = mine(template);
    assert.equal(await give(rival), 'inconclusive');
    const second = mine(following(template, hashOf(rival)));
    assert.equal(await give(second), null);
    const event = await untilReported(hash, 'orphaned');
    assert.equal(event.by, hashOf(rival));
    assert.equal(event.height, template.height);
    assert.equal(event.confirmations, undefined);
    assert.deepEqual(relay.relay.view.history.get(hash)?.finality, {
      at: event.at,
      state: 'orphaned',
      by: hashOf(rival),
    });
    const { orphanRate, finality } = kpis();
    assert.equal(before.orphanRate, undefined);
    assert.equal(orphanRate, 1);
    assert.deepEqual([finality.orphaned, finality.pending], [1, 0]);
    // The end of another block shows that this one was looked at meanwhile, and nothing more reported.
    await dashd.generate(1);
    const next = await push();
    await dashd.generate(99);
    await untilReported(next.hash, 'buried');
    assert.equal(reported(hash).length, 1);
    assert.equal(kpis().orphanRate, 0.5);
    const status = (await (await fetch(new URL('/api/v1/status', url))).json()) as StatusReply;
    assert.equal(status.kpis.all.orphanRate, 0.5);
    await stop();
    const orphaned = posts.filter(({ alert }) => alert === 'block-orphaned');
    assert.deepEqual(
      orphaned.map(({ state }) => state),
      ['firing'],
    );
    assert.ok(JSON.stringify(orphaned).includes(hash) && JSON.stringify(orphaned).includes(hashOf(rival)));
  });

  it('are buried by their hundredth confirmation, not before', async () => {
    const { hash } = await push();
    await dashd.generate(98);
    await eventually(
      () => (relay.relay.view.history.get(hash)?.finality.confirmations === 99 ? true : undefined),
      '99 confirmations',
    );
    assert.deepEqual(reported(hash), []);
    await dashd.generate(1);
    assert.equal((await untilReported(hash, 'buried')).confirmations, 100);
    assert.equal(reported(hash).length, 1);
  });

  it('are in the chain again when it comes back to them', async () => {
    const { hash, template } = await push();
    const rival = mine(template);
    await give(rival);
    await give(mine(following(template, hashOf(rival))));
    await untilReported(hash, 'orphaned');
    await dashd.rpc('invalidateblock', hashOf(rival));
    await dashd.generate(2);
    assert.equal(await dashd.rpc('getblockhash', template.height), hash);
    await untilReported(hash, 'pending');
    await dashd.generate(99);
    await untilReported(hash, 'buried');
    assert.deepEqual(
      reported(hash).map(({ state }) => state),
      ['orphaned', 'pending', 'buried'],
    );
  });

  it('are not orphaned by a race that is still open', async () => {
    const template = await templateOn(dashd);
    const rival = mine(template);
    assert.equal(await give(rival), null);
    const [looks, expensive] = [calls('getblockhash'), calls('getchaintips')];
    const { hash } = await push(template);
    assert.equal(
      await dashd.rpc('getblockhash', template.height),
      hashOf(rival),
      'dashd keeps the one that came first',
    );
    // One of the calls is our own.
    await eventually(() => (calls('getblockhash') > looks + 1 ? true : undefined), 'the relay to ask who stands there');
    const child = mine(following(template, hash));
    assert.equal(await give(child), null);
    await dashd.generate(98);
    await untilReported(hash, 'buried');
    assert.deepEqual(
      reported(hash).map(({ state }) => state),
      ['buried'],
    );
    assert.equal(calls('getchaintips'), expensive);
  });

  it('that dashd has never had are orphaned once what stands at their height is final', async () => {
    const template = await templateOn(dashd);
    // Its parent exists nowhere.
    const { hash } = await push({ ...template, parent: 'ab'.repeat(32) });
    const [winner] = await dashd.generate(1);
    await dashd.generate(98);
    await eventually(() => (calls('getblockhash') > 0 ? true : undefined), 'the relay to ask');
    assert.deepEqual(reported(hash), []);
    await dashd.generate(1);
    assert.equal((await untilReported(hash, 'orphaned')).by, winner);
  });

  it('are followed on after a restart, by a relay that has read them from its file', async () => {
    const { hash, template } = await push();
    await relay.stop();
    relays.splice(0);
    const rival = mine(template);
    await give(rival);
    await give(mine(following(template, hashOf(rival))));
    relay = await start();
    assert.equal((await untilReported(hash, 'orphaned')).by, hashOf(rival));
    await relay.stop();
    relays.splice(0);
    relay = await start();
    assert.equal(relay.relay.view.history.get(hash)?.finality.by, hashOf(rival));
    assert.equal(relay.relay.view.history.get(hash)?.verdict?.success, true);
    await dashd.generate(1);
    assert.deepEqual(reported(hash), []);
  });
});
