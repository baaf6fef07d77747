/** The whole of it: the demo's relay, its pages, and a real browser that looks at them while blocks are pushed. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { systemClock, systemRandom } from '../../src/adapters/system.js';
import { runDemo } from '../../src/demo/main.js';
import type { BlockVerdict } from '../../src/events.js';
import { buildDashboard } from '../../src/ops/dashboard/build.js';
import { formatMs } from '../../src/ops/dashboard/model/format.js';
import { provenMs } from '../../src/ops/dashboard/model/race.js';
import { createLogger } from '../../src/ops/logger.js';
import { createServices, type Services } from '../../src/ops/services.js';
import { load } from '../config/support.js';
import { findChromium, launch } from './chromium.js';

const chromium = findChromium();
const skip = chromium === undefined ? 'no Chromium here (set CHROMIUM to its path)' : false;
const BLOCKS = 3;

/** Run in the page: notes, by the block's hash, when its verdict is drawn, and what is drawn then. */
const WATCH = `window.drawn = {};
new MutationObserver(() => {
  const text = (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent.trim());
  const [hash] = text('.race-card .hash a');
  const [badge] = text('.race-card .badge');
  if (hash === undefined || badge !== 'delivered') return;
  window.drawn[hash] ??= { at: Date.now() };
  Object.assign(window.drawn[hash], { summary: text('.race-summary dd'), rows: text('.race-rows .race-row') });
  window.noteDrawn(JSON.stringify(window.drawn));
}).observe(document.body, { subtree: true, childList: true, characterData: true })`;

interface Drawn {
  readonly at: number;
  readonly summary: readonly string[];
  readonly rows: readonly string[];
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

describe('the dashboard of the demo', { skip }, () => {
  let folder = '';
  let browser: Browser;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blockcast-demo-page-'));
    await buildDashboard(join(folder, 'assets'), 'src/ops/dashboard/page');
    browser = await launch(chromium ?? '');
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('draws each block as its verdict falls, with the figures of the ledger', async (t) => {
    const loaded = load({ options: { network: 'regtest', 'http-port': '0' } });
    assert.ok(loaded.ok);
    const services: Services = createServices(loaded.config, {
      logger: createLogger({ level: 'critical', format: 'json' }, nowhere()),
      version: '0.0.0',
      clock: systemClock,
      random: systemRandom,
      assets: join(folder, 'assets'),
    });
    const verdicts = new Map<string, BlockVerdict>();
    const complaints: string[] = [];
    const page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    let drawn: Record<string, Drawn> = {};
    let look: () => void = () => undefined;
    // The page's policy forbids what playwright polls with.
    await page.exposeFunction('noteDrawn', (json: string) => {
      drawn = JSON.parse(json);
      look();
    });
    const allDrawn = (isDone: () => boolean) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (isDone()) resolve();
        };
        look();
      });
    const demo = await runDemo({
      blocks: BLOCKS,
      // A verdict may take 3 s, and the page goes on to the next block when that comes.
      everyMs: 4_500,
      latency: false,
      output: nowhere(),
      listen: (event) => {
        services.listen(event);
        if (event.type === 'verdict') verdicts.set(event.hash, event);
      },
      attend: async ({ view }) => {
        const url = await services.open(view);
        assert.ok(url);
        await page.goto(url);
        await page.evaluate(WATCH);
        return [url];
      },
    });
    await demo.done;
    await allDrawn(() => [...verdicts.keys()].every((hash) => hash in drawn));
    await page.close();
    await services.close();
    await demo.stop();

    assert.ok(verdicts.size >= BLOCKS, `${verdicts.size} verdicts`);
    const delays: number[] = [];
    for (const { at, hash, peersReached, peersTried, firstMs, medianMs, lastMs, peers } of verdicts.values()) {
      const seen = drawn[hash];
      assert.ok(seen, hash);
      delays.push(seen.at - at);
      const times = [firstMs, medianMs, lastMs].map((ms) => (ms === undefined ? '–' : formatMs(ms)));
      assert.deepEqual(seen.summary, [`${peersReached} of ${peersTried} peers`, ...times]);
      for (const proof of peers) {
        const row = seen.rows.find((text) => text.includes(proof.peer));
        assert.ok(row, `${proof.peer} has a row`);
        // A proof may come after the verdict, and is drawn too: what a peer had proven before stays as it is.
        const ms = provenMs(proof);
        if (ms !== undefined) assert.ok(row.includes(formatMs(ms)), `${row}: ${ms}`);
      }
    }
    t.diagnostic(`drawn ${delays.map((ms) => ms.toFixed(0)).join(', ')} ms after the verdict`);
    assert.deepEqual(complaints, []);
  });
});
