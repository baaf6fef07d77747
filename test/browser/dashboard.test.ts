/** The page in a real browser: what it shows, what it survives, what it weighs. Screenshots go to $SCREENSHOTS, if that is set. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { buildDashboard } from '../../src/dashboard/build.js';
import { findChromium, launch } from './chromium.js';
import { crowd, crowdStory } from './crowd.js';
import {
  busy,
  DASHD,
  dashdDown,
  empty,
  HOSTILE,
  hashOf,
  hostile,
  noPeers,
  type RelayData,
  storyOf,
} from './fixture.js';
import { FixtureServer } from './server.js';

const SOURCE = 'src/dashboard/page';
const WIDTHS = [1440, 820, 390] as const;
const SCHEMES = ['light', 'dark'] as const;
const STATES = { busy, empty, 'dashd-down': dashdDown, 'no-peers': noPeers } as const;
/** The whole page, compressed as a server would send it. */
const MAX_WEIGHT = 100_000;

/** Run in the page: notes when the verdict is drawn. */
const NOTE_BADGE = `new MutationObserver(() => {
  if (document.querySelector('.badge')?.textContent === 'delivered') window.seenAt ??= Date.now();
}).observe(document.body, { subtree: true, childList: true, characterData: true })`;

/** Run in the page: notes tasks that keep it from reacting, ms. */
const NOTE_TASKS = `window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' })`;

const chromium = findChromium();
const skip =
  chromium === undefined
    ? 'no Chromium here (set CHROMIUM to its path)'
    : existsSync(SOURCE)
      ? false
      : 'the page’s source is not here: run this from the repository';

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe('the dashboard in a browser', { skip }, () => {
  let folder = '';
  let assets = '';
  /** Each takes a second or two. */
  const pictures = process.env['SCREENSHOTS'];
  let browser: Browser;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blockcast-dashboard-'));
    assets = join(folder, 'assets');
    if (pictures !== undefined) await mkdir(pictures, { recursive: true });
    await buildDashboard(assets, SOURCE);
    browser = await launch(chromium ?? '');
  });

  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface Visit {
    readonly page: Page;
    readonly server: FixtureServer;
    /** What the browser complained of, violations of the content security policy among it. */
    readonly complaints: string[];
  }

  interface Look {
    readonly width?: number;
    readonly scheme?: 'light' | 'dark';
    readonly hash?: string;
    /** For what happens before the page is opened. */
    readonly prepare?: (server: FixtureServer) => void;
  }

  /** Opens the page on this data, and closes it and the server afterwards. */
  async function visit(data: RelayData, look: Look, see: (visit: Visit) => Promise<void>): Promise<void> {
    const { width = 1440, scheme = 'light', hash = '', prepare } = look;
    const server = await FixtureServer.start(assets, data);
    prepare?.(server);
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    try {
      await page.goto(`${server.url}${hash}`);
      await see({ page, server, complaints });
    } finally {
      await context.close();
      await server.stop();
    }
  }

  async function shoot(page: Page, name: string, fullPage = false): Promise<void> {
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage });
  }

  async function drawn(page: Page, state: string): Promise<void> {
    if (state === 'busy') await page.locator('canvas').nth(1).waitFor();
    await page.evaluate(
      'Promise.all(document.getAnimations().map((a) => a.effect.getTiming().iterations === Infinity || a.finished))',
    );
  }

  /** Charts are drawn anew once the page was resized. @throws AssertionError when it scrolls sideways all the same */
  async function assertFits(page: Page, width: number): Promise<void> {
    const overflow = await page.evaluate(`new Promise((resolve) => {
      const until = performance.now() + 5_000;
      const look = () => {
        const overflow = document.documentElement.scrollWidth - innerWidth;
        if (overflow <= 0 || performance.now() > until) resolve(overflow);
        else requestAnimationFrame(look);
      };
      look();
    })`);
    assert.equal(overflow, 0, `it must not scroll sideways at ${width} px`);
  }

  /** In the dark scheme the colours are all that differs. */
  async function inspectAccess(page: Page, scheme: (typeof SCHEMES)[number]): Promise<void> {
    await page.evaluate(axe.source);
    const run = scheme === 'light' ? 'axe.run()' : "axe.run({ runOnly: ['color-contrast'] })";
    const violations = (await page.evaluate(`${run}.then(({ violations }) => violations)`)) as Violation[];
    assert.deepEqual(
      violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`),
      [],
    );
  }

  const live = (page: Page) => page.locator('.link-live').waitFor();
  const textOf = async (page: Page, selector: string) => (await page.locator(selector).first().textContent()) ?? '';

  for (const width of [1440, 390]) {
    for (const found of [0, 20, 1_000]) {
      test(`with ${found} blocks at ${width} px the page ends where its content ends`, () =>
        visit(busy(Date.now(), found), { width }, async ({ page }) => {
          await live(page);
          const height = await page.evaluate('document.documentElement.scrollHeight');
          const content = await page.evaluate(
            'Math.max(innerHeight, Math.round(document.body.getBoundingClientRect().bottom + scrollY))',
          );
          assert.equal(height, content);
        }));
    }
  }

  for (const [name, make] of Object.entries(STATES)) {
    test(`${name}: fits each width, accessible, nothing to complain of; light and dark`, async () => {
      const inspect = (scheme: (typeof SCHEMES)[number]) =>
        visit(make(Date.now()), { width: WIDTHS[0], scheme }, async ({ page, complaints }) => {
          await live(page);
          await drawn(page, name);
          for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            await shoot(page, `${name}-${width}-${scheme}`, true);
            await assertFits(page, width);
            if (width !== 820) await inspectAccess(page, scheme);
          }
          assert.deepEqual(complaints, []);
        });
      await Promise.all(SCHEMES.map(inspect));
    });
  }

  test('shows the figures, and the race with the ledger’s own', async () => {
    const data = busy(Date.now());
    await visit(data, {}, async ({ page }) => {
      await live(page);
      await page.locator('.race-rows li').nth(20).waitFor();
      assert.match(await textOf(page, '.figure'), /Peers connected20 \/ 20/);
      const verdict = data.blocks[0]?.verdict;
      const rows = await page.locator('.race-rows li').allTextContents();
      assert.equal(rows.length, 1 + (verdict?.peers.length ?? 0));
      assert.match(rows[0] ?? '', /submitblock to dashd\s*accepted/);
      assert.match(rows[1] ?? '', new RegExp(`dashd ${DASHD.replace('.', '\\.')}.*accepted`));
      for (const [mark, ms] of [
        ['first', verdict?.firstMs],
        ['last', verdict?.lastMs],
      ] as const) {
        const marked = rows.filter((row) => row.includes(mark));
        assert.ok(
          marked.some((row) => row.endsWith(`${Math.round(ms ?? 0)} ms`)),
          `${mark}: ${marked.join()}`,
        );
      }
      assert.match(rows.at(-1) ?? '', /failed: no proof within 3 s/);
    });
  });

  test('follows a block from its arrival to its end without being reloaded', async (t) => {
    await visit(empty(Date.now()), {}, async ({ page, server }) => {
      await live(page);
      const [received, ...story] = storyOf(0, Date.now());
      const [end, proofs] = [story.at(-1), story.slice(0, -1)];
      assert.ok(received?.type === 'received' && end?.type === 'verdict');
      server.emit(received);
      await page.getByText('on its way').first().waitFor();
      server.emit(...proofs);
      await page.locator('.race-rows li').nth(19).waitFor();
      // Peers light up on the map; one of the 19 failed, and more than one had it already.
      await page.locator('.spot .halo').nth(17).waitFor();
      await page.evaluate(NOTE_BADGE);
      const reported = Date.now();
      server.emit(end);
      await page.locator('.badge', { hasText: 'delivered' }).waitFor();
      t.diagnostic(
        `the verdict was on the page ${Number(await page.evaluate('seenAt')) - reported} ms after it was reported`,
      );
      assert.equal(await textOf(page, '[role=status]'), `Block ${end.height} delivered: 19 of 20 peers have it`);
      server.emit({ type: 'finality', at: Date.now(), hash: end.hash, state: 'orphaned', by: hashOf(990) });
      await page.locator('.badge', { hasText: 'orphaned' }).waitFor();
      assert.equal(await page.evaluate("performance.getEntriesByType('navigation').length"), 1);
    });
  });

  test('a block can be linked to and chosen; the newest is followed until then and after', async () => {
    await visit(busy(Date.now()), { hash: `#block=${hashOf(7)}` }, async ({ page, server }) => {
      await live(page);
      await page.locator('.race-card .hash', { hasText: hashOf(7) }).waitFor();
      await page.locator('.badge', { hasText: 'orphaned' }).waitFor();
      await page.locator('.block').nth(3).click();
      await page.locator('.race-card .hash', { hasText: hashOf(3) }).waitFor();
      assert.equal(new URL(page.url()).hash, `#block=${hashOf(3)}`);
      server.emit(...storyOf(50, Date.now()));
      await page.locator('.block .block-hash', { hasText: hashOf(50).slice(-8) }).waitFor();
      assert.match(await textOf(page, '.race-card .hash'), new RegExp(hashOf(3)));
      await page.getByText('Follow the newest').click();
      await page.locator('.race-card .hash', { hasText: hashOf(50) }).waitFor();
    });
  });

  test('a link to a block that is not there says so', async () => {
    await visit(busy(Date.now()), { hash: `#block=${'ab'.repeat(32)}` }, async ({ page }) => {
      await page.getByRole('heading', { name: 'No such block' }).waitFor();
    });
  });

  for (const width of [1440, 390]) {
    test(`by keyboard, a peer’s score shows its terms, at ${width} px`, async () => {
      await visit(busy(Date.now()), { width }, async ({ page }) => {
        await live(page);
        const focused = () => page.evaluate("document.activeElement?.className ?? ''");
        for (let presses = 0; presses < 120 && (await focused()) !== 'score-button'; presses++)
          await page.keyboard.press('Tab');
        await page.keyboard.press('Tab');
        assert.equal(await focused(), 'score-button');
        const terms = page.locator('.score-terms');
        await terms.filter({ hasText: 'score' }).waitFor();
        assert.match((await terms.textContent()) ?? '', /\+100initial known from dashd.*270score/);
        const described = await page.evaluate(
          "document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent",
        );
        assert.equal(described, await terms.textContent());
        await shoot(page, `score-${width}`);
        await page.keyboard.press('Escape');
        assert.equal(await terms.count(), 0);
      });
    });
  }

  describe('with connections to quorum members', () => {
    for (const width of [1440, 390]) {
      for (const count of [420, 1_350]) {
        test(`${count} peers at ${width} px: fits, accessible; few of the rows are in the document`, () =>
          visit(crowd(Date.now(), count), { width }, async ({ page, complaints }) => {
            await live(page);
            await page.locator('.race-group').nth(2).waitFor();
            await shoot(page, `crowd-${count}-${width}`, true);
            assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0);
            const elements = Number(await page.evaluate('document.querySelectorAll("*").length'));
            assert.ok(elements < 9_000, `${elements} elements`);
            await page.evaluate(axe.source);
            const violations = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as Violation[];
            assert.deepEqual(
              violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`),
              [],
            );
            assert.deepEqual(complaints, []);
          }));
      }
    }

    test('the race marks forms and signers, and says when the signers had it', () =>
      visit(crowd(Date.now(), 420), {}, async ({ page }) => {
        await live(page);
        await page.locator('.race-group').nth(2).waitFor();
        assert.match(await textOf(page, '.group-signers'), /Signers\d+ of 120 have it60 %[\d.]+ m?s/);
        assert.match(await textOf(page, '.race-card .facts'), /compact to \d+ peers, whole to \d+/);
        await page
          .getByRole('button', { name: /^signers/ })
          .first()
          .click();
        const rows = await page.locator('.is-windowed .race-row').allTextContents();
        assert.ok(rows.length > 10 && rows.every((row) => row.startsWith('Ssigner')), rows[0]);
        assert.ok(rows.some((row) => row.includes('compact')));
      }));

    test('shows the quorums, and which signs next', () =>
      visit(crowd(Date.now(), 420), {}, async ({ page }) => {
        await live(page);
        assert.equal(await page.locator('.quorum').count(), 4);
        assert.match(await textOf(page, '.quorum.is-signing'), /signs next120 of 394 · 84 high-bandwidth/);
        assert.match(await textOf(page, '.figure'), /Peers connected421 \/ 420120 of 394 signers/);
      }));

    test('the table of 1,350 peers is searched, sorted and scrolled', () =>
      visit(crowd(Date.now(), 1_350), {}, async ({ page }) => {
        await live(page);
        const names = () => page.locator('.peers tbody th').allTextContents();
        const total = () =>
          page.locator('.peers-scroll').evaluate((frame: { scrollHeight: number }) => frame.scrollHeight);
        const height = await total();
        await page.locator('.peers-scroll').evaluate((frame: { scrollTop: number }) => {
          frame.scrollTop = 20_000;
        });
        await page.locator('.peers tbody tr[aria-rowindex="600"]').waitFor();
        assert.equal(await total(), height, 'the frame keeps its height while its rows change');
        await page.getByRole('button', { name: 'Ping' }).click();
        await page.locator('th[aria-sort="ascending"]').waitFor();
        await page.getByLabel('Search peers').fill('australia 198.18.2');
        await page.locator('.peers[aria-rowcount]').waitFor();
        assert.ok((await names()).every((name) => name.startsWith('198.18.2') || name === ''));
        await page.getByLabel('Search peers').fill('nobody');
        await page.getByText('No peer matches').waitFor();
      }));

    test('a block to 1,350 peers is drawn without a task of seconds', async (t) => {
      await visit(crowd(Date.now(), 1_350), {}, async ({ page, server }) => {
        await live(page);
        await page.locator('.race-group').nth(2).waitFor();
        await page.evaluate(NOTE_TASKS);
        const hash = hashOf(4_000);
        server.emit(...crowdStory(Date.now(), 1_350, hash));
        await page.locator('.race-card .hash', { hasText: hash }).waitFor();
        await page.locator('.badge', { hasText: 'delivered' }).waitFor();
        const longest = Number(await page.evaluate('Math.max(0, ...longTasks)'));
        t.diagnostic(`the longest task took ${longest} ms`);
        // 110 to 700 ms were seen beside other work.
        assert.ok(longest < 2_000, `${longest} ms`);
      });
    });
  });

  test('what strangers write is text, never markup', async () => {
    await visit(hostile(Date.now()), {}, async ({ page, complaints }) => {
      await live(page);
      await page.locator('.agent', { hasText: '<img src=x' }).waitFor();
      await page.locator('.reason', { hasText: '<script>alert(1)</script>' }).waitFor();
      assert.equal(await page.locator('main img, main script, main b:has-text("owned")').count(), 0);
      assert.ok(!(await page.title()).includes('owned'));
      const text = (await page.locator('body').textContent()) ?? '';
      assert.ok(text.includes('<img src=x onerror='));
      assert.ok(HOSTILE.includes('\u202e') && !text.includes('\u202e'), 'nothing turns the direction of what follows');
      assert.deepEqual(complaints, []);
    });
  });

  test('a lost connection is reported, tried again, and everything is fetched anew', async () => {
    const data = busy(Date.now());
    await visit({ ...data, blocks: data.blocks.slice(1) }, {}, async ({ page, server }) => {
      await live(page);
      const { port } = server;
      await server.stop();
      await page.locator('.notice', { hasText: 'Connection to the relay lost at' }).waitFor();
      assert.equal(await textOf(page, '[role=status]'), 'Connection to the relay lost');
      await shoot(page, 'lost-1440-light');
      const again = await FixtureServer.start(assets, data, port);
      try {
        // At once: on a busy machine the page may try again by itself while a pointer still moves to the button, which is gone then.
        await page.evaluate("document.querySelector('.notice button')?.click()");
        await live(page);
        await page.locator('.race-card .hash', { hasText: hashOf(0) }).waitFor();
        assert.equal(await page.locator('.notice').count(), 0);
        assert.equal(await textOf(page, '[role=status]'), 'Connected to the relay again');
      } finally {
        await again.stop();
      }
    });
  });

  test('comes back by itself', async () => {
    await visit(busy(Date.now()), {}, async ({ page, server }) => {
      await live(page);
      const { port } = server;
      await server.stop();
      await page.locator('.link-lost').waitFor();
      const again = await FixtureServer.start(assets, busy(Date.now()), port);
      try {
        await live(page);
      } finally {
        await again.stop();
      }
    });
  });

  test('when events were missed the lists are fetched anew', async () => {
    await visit(busy(Date.now()), {}, async ({ page, server }) => {
      await live(page);
      const asked = page.waitForResponse((reply) => reply.url().includes('/api/v1/blocks?'));
      server.reset();
      await asked;
      assert.equal(server.listings, 2);
    });
  });

  test('without a password it says so', async () => {
    const lock = (server: FixtureServer) => {
      server.isLocked = true;
    };
    await visit(busy(Date.now()), { prepare: lock }, async ({ page }) => {
      await page.locator('.notice', { hasText: 'Authentication required' }).waitFor();
      await shoot(page, 'unauthorised-1440-light');
    });
  });

  test('the theme that was chosen is remembered', async () => {
    await visit(busy(Date.now()), { scheme: 'light' }, async ({ page }) => {
      await live(page);
      const network = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
      const light = await network();
      await page.getByRole('radio', { name: 'Dark' }).check();
      const dark = await network();
      assert.notEqual(dark, light);
      await page.reload();
      await live(page);
      assert.equal(await network(), dark);
      assert.ok(await page.getByRole('radio', { name: 'Dark' }).isChecked());
    });
  });

  test('older blocks are fetched on demand', async () => {
    const data = busy(Date.now());
    const more = Array.from({ length: 120 }, (_, i) => ({ ...data.blocks[i % 40], hash: hashOf(2_000 + i) }));
    await visit({ ...data, blocks: more as RelayData['blocks'] }, {}, async ({ page }) => {
      await live(page);
      assert.equal(await page.locator('.block').count(), 100);
      await page.getByRole('button', { name: 'Older blocks' }).click();
      await page.locator('.block').nth(119).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Older blocks' }).count(), 0);
    });
  });

  test('is light: all of it, compressed, and asks nobody else for anything', async (t) => {
    const sizes = new Map<string, number>();
    for (const file of ['index.html', 'app.js', 'app.css', 'theme.js', 'favicon.svg']) {
      const bytes = await readFile(join(assets, file));
      sizes.set(`${file} ${bytes.length}`, gzipSync(bytes, { level: 9 }).length);
    }
    const whole = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    for (const [file, size] of sizes) t.diagnostic(`${file} bytes, ${size} compressed`);
    t.diagnostic(`page weight: ${whole} bytes compressed`);
    assert.ok(whole < MAX_WEIGHT, `${whole} bytes`);
    const server = await FixtureServer.start(assets, busy(Date.now()));
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    await page.goto(server.url);
    await live(page);
    assert.deepEqual([...new Set(asked)], [new URL(server.url).origin]);
    await page.close();
    await server.stop();
  });
});
