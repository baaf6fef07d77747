/** The page in a real browser: what it shows, what it survives, what it weighs. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { busy, DASHD, empty, HOSTILE, hashOf, hostile, type RelayData, storyOf } from './fixture.js';
import { clustered } from './relays.js';
import { FixtureServer } from './server.js';
import { dashboardInBrowser, live, shoot, skip, textOf } from './visits.js';

/** The whole page, compressed as a server would send it. */
const MAX_WEIGHT = 100_000;

/** Run in the page: notes when the verdict is drawn. */
const NOTE_BADGE = `new MutationObserver(() => {
  if (document.querySelector('.badge')?.textContent === 'delivered') window.seenAt ??= Date.now();
}).observe(document.body, { subtree: true, childList: true, characterData: true })`;

describe('the dashboard in a browser', { skip }, () => {
  const { assets, visit } = dashboardInBrowser();

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

  test('shows the relays of a cluster, and the block at the peers of all of them', () =>
    visit(clustered(Date.now()), {}, async ({ page, server }) => {
      await live(page);
      await page.locator('.cluster-card .curve').nth(4).waitFor();
      const relays = await page.locator('.relay').allTextContents();
      assert.match(relays[0] ?? '', /^euthis relay19 peers, 0\.2\.0.*delivered from the pool, 19 of 20$/);
      assert.match(
        relays[2] ?? '',
        /^us14 peers, 0\.2\.0, heard \d+ s ago.*delivered from another relay, 47 ms later, 14 of 14$/,
      );
      const rows = await page.locator('.cluster-card .race-group').allTextContents();
      assert.deepEqual(
        rows.map((row) => /^(.*?)(\d+) of (\d+) have it/.exec(row)?.slice(1)),
        [
          ['All relays', '46', '47'],
          ['Signers', '10', '10'],
          ['ap', '14', '14'],
          ['eu', '18', '19'],
          ['us', '14', '14'],
        ],
      );
      await page.goto(`${server.url}#block=${server.data.blocks[30]?.hash}`);
      await page.getByText('No relay has a record of block').waitFor();
    }));

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

  test('what strangers write is text, never markup', async () => {
    await visit(hostile(Date.now()), {}, async ({ page, complaints }) => {
      await live(page);
      await page.locator('.agent', { hasText: '<img src=x' }).waitFor();
      await page.locator('.reason', { hasText: '<script>alert(1)</script>' }).waitFor();
      await page.locator('.coinbase-text', { hasText: '<img src=x' }).waitFor();
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
      const again = await FixtureServer.start(assets(), data, port);
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
      const again = await FixtureServer.start(assets(), busy(Date.now()), port);
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
      const bytes = await readFile(join(assets(), file));
      sizes.set(`${file} ${bytes.length}`, gzipSync(bytes, { level: 9 }).length);
    }
    const whole = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    for (const [file, size] of sizes) t.diagnostic(`${file} bytes, ${size} compressed`);
    t.diagnostic(`page weight: ${whole} bytes compressed`);
    assert.ok(whole < MAX_WEIGHT, `${whole} bytes`);
    await visit(busy(Date.now()), {}, async ({ page, server }) => {
      await live(page);
      const asked = await page.evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin)",
      );
      assert.deepEqual([...new Set(asked as string[])], [new URL(server.url).origin]);
    });
  });
});
