/** The page at each width and in each colour scheme: it fits, is accessible, and ends where its content ends. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { busy, dashdDown, empty, noPeers } from './fixture.js';
import { clustered } from './relays.js';
import {
  assertEndsWithContent,
  assertFits,
  dashboardInBrowser,
  inspectAccess,
  live,
  type Scheme,
  shoot,
  skip,
} from './visits.js';

const WIDTHS = [1440, 820, 390] as const;
const SCHEMES: readonly Scheme[] = ['light', 'dark'];
const STATES = { busy, empty, clustered, 'dashd-down': dashdDown, 'no-peers': noPeers } as const;

async function drawn(page: Page, state: string): Promise<void> {
  if (state === 'busy') {
    await page.locator('canvas').nth(1).waitFor();
    await page.locator('.kinds').waitFor();
  }
  if (state === 'clustered') await page.locator('.cluster-card .curve').nth(4).waitFor();
  await page.evaluate(
    'Promise.all(document.getAnimations().map((a) => a.effect.getTiming().iterations === Infinity || a.finished))',
  );
}

describe('the dashboard at each width', { skip }, () => {
  const { visit } = dashboardInBrowser();

  for (const found of [0, 20, 1_000]) {
    test(`with ${found} blocks the page ends where its content ends`, () =>
      visit(busy(Date.now(), found), {}, async ({ page }) => {
        await live(page);
        for (const width of [1440, 390]) {
          await page.setViewportSize({ width, height: 900 });
          await assertEndsWithContent(page, width);
        }
      }));
  }

  for (const [name, make] of Object.entries(STATES)) {
    for (const scheme of SCHEMES) {
      test(`${name}, ${scheme}: fits each width, accessible, nothing to complain of`, () =>
        visit(make(Date.now()), { width: WIDTHS[0], scheme }, async ({ page, complaints }) => {
          await live(page);
          await drawn(page, name);
          for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            await shoot(page, `${name}-${width}-${scheme}`, true);
            await assertFits(page, width);
            // The colours are the same at each width.
            if (width === 1440 || (width === 390 && scheme === 'light')) await inspectAccess(page, scheme);
          }
          assert.deepEqual(complaints, []);
        }));
    }
  }
});
