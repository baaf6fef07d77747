/**
 * The whole of it: a real relay, its pages, and a real browser that looks at them while blocks are pushed and while things break.
 * Screenshots go to $SCREENSHOTS, if that is set.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { systemClock, systemRandom } from '../../src/adapters/system.js';
import type { BlockVerdict } from '../../src/contracts/events.js';
import { buildDashboard } from '../../src/dashboard/build.js';
import { formatMs } from '../../src/dashboard/model/format.js';
import { provenMs } from '../../src/dashboard/model/race.js';
import { runDemo } from '../../src/demo/run-demo.js';
import { createLogger } from '../../src/ops/logger.js';
import { createServices, type Services } from '../../src/ops/services.js';
import { load } from '../config/support.js';
import { InProcessNetwork } from '../support/in-process-network.js';
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
  Object.assign(window.drawn[hash], { summary: text('.race-summary dd').slice(0, 4), rows: text('.race-rows .race-row') });
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

/**
 * Late peers amend the verdict. The page counts their proofs as they come, and goes on when the next block does, so what it shows last is
 * the first verdict, a later one, or what was proven since.
 * @returns when the first verdict was published
 */
function assertDrawn({ summary, rows }: Drawn, verdicts: readonly BlockVerdict[]): number {
  const [first] = verdicts;
  assert.ok(first);
  const shown = verdicts.find(
    ({ peersReached, peersTried }) => summary[0] === `${peersReached} of ${peersTried} peers`,
  );
  if (shown === undefined) {
    const reached = Number.parseInt(summary[0] ?? '', 10);
    assert.ok(reached > first.peersReached, summary[0]);
  } else {
    const times = [shown.firstMs, shown.medianMs, shown.lastMs];
    assert.deepEqual(
      summary.slice(1),
      times.map((ms) => (ms === undefined ? '–' : formatMs(ms))),
    );
  }
  for (const proof of (shown ?? first).peers) {
    const row = rows.find((text) => text.includes(proof.peer));
    assert.ok(row, `${proof.peer} has a row`);
    // A proof may come after the verdict, and is drawn too: what a peer had proven before stays as it is.
    const ms = provenMs(proof);
    if (ms !== undefined) assert.ok(row.includes(formatMs(ms)), `${row}: ${ms}`);
  }
  return first.at;
}

const WIDTHS = [1440, 820, 390];

describe('the dashboard of a relay', { skip }, () => {
  let folder = '';
  let browser: Browser;

  function services(): Services {
    const loaded = load({ options: { network: 'regtest', 'http-port': '0' } });
    assert.ok(loaded.ok);
    return createServices(loaded.config, {
      logger: createLogger({ level: 'critical', format: 'json' }, nowhere()),
      version: '0.1.0',
      clock: systemClock,
      random: systemRandom,
      assets: join(folder, 'assets'),
    });
  }

  async function open(complaints: string[]): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    return page;
  }

  async function shoot(page: Page, name: string): Promise<void> {
    const pictures = process.env['SCREENSHOTS'];
    if (pictures === undefined) return;
    for (const width of WIDTHS) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
    }
  }
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blockcast-demo-page-'));
    await buildDashboard(join(folder, 'assets'), 'src/dashboard/page');
    browser = await launch(chromium ?? '');
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('draws each block as its verdict falls, with the figures of the ledger', async (t) => {
    const listeners = services();
    const verdicts = new Map<string, BlockVerdict[]>();
    const complaints: string[] = [];
    const page = await open(complaints);
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
        listeners.listen(event);
        if (event.type === 'verdict') verdicts.set(event.hash, [...(verdicts.get(event.hash) ?? []), event]);
      },
      attend: async ({ view }) => {
        const url = await listeners.open(view);
        assert.ok(url);
        await page.goto(url);
        await page.evaluate(WATCH);
        return [url];
      },
    });
    await demo.done;
    // The page goes on to the next block when that comes: on a busy machine before it has drawn the verdict on this one.
    const last = [...verdicts.keys()].at(-1) ?? '';
    await allDrawn(() => last in drawn);
    await shoot(page, 'real-busy');
    await page.close();
    await listeners.close();
    await demo.stop();

    assert.ok(verdicts.size >= BLOCKS, `${verdicts.size} verdicts`);
    // On a slow machine the page has drawn a block after the next one came, and went on to that.
    assert.ok(last in drawn, `${Object.keys(drawn).length} blocks are drawn`);
    const delays: number[] = [];
    for (const [hash, ofBlock] of verdicts) {
      const seen = drawn[hash];
      if (seen !== undefined) delays.push(seen.at - assertDrawn(seen, ofBlock));
    }
    t.diagnostic(`drawn ${delays.map((ms) => ms.toFixed(0)).join(', ')} ms after the verdict`);
    assert.deepEqual(complaints, []);
  });

  test('says what is amiss: no block yet, no peers, dashd down and back', async () => {
    const embedded = await InProcessNetwork.start({ peers: Array.from({ length: 6 }, () => ({})) });
    const { relay, dashd, nodes } = embedded;
    const listeners = services();
    for (const event of relay.events) listeners.listen(event);
    relay.relay.events$.subscribe(listeners.listen);
    const url = await listeners.open(relay.relay.view);
    assert.ok(url);
    const complaints: string[] = [];
    const page = await open(complaints);
    await relay.connected(7);
    await page.goto(url);
    const text = (words: string | RegExp) => page.getByText(words).first().waitFor();
    await text('Ready for the first block');
    await shoot(page, 'real-empty');

    await dashd.stop();
    await text('The pool’s own dashd is down');
    const block = embedded.mine({}, nodes[0]);
    await relay.push(block);
    const verdict = await relay.verdictSays(block, ({ outcome }) => outcome, 'delivered');
    await text(verdict.hash);
    await shoot(page, 'real-dashd-down');

    await Promise.all(nodes.map((node) => node.stop()));
    await text('Not ready for a block');
    await shoot(page, 'real-no-peers');

    await dashd.start();
    await page.getByText('The pool’s own dashd is down').waitFor({ state: 'detached' });
    await page.close();
    await listeners.close();
    await embedded.stop();
    assert.deepEqual(complaints, []);
  });
});
