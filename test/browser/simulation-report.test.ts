/** The report of `blockcast simulate` in a real browser. Screenshots go to $SCREENSHOTS, if that is set. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { buildStyles } from '../../src/dashboard/build.js';
import { CONTENDERS } from '../../src/simulation/contenders/catalogue.js';
import { reportPage } from '../../src/simulation/report/page.js';
import { madeUp } from '../simulation/report/made-up.js';
import { findChromium, launch } from './chromium.js';

const NAMES = [...CONTENDERS.keys()];

const chromium = findChromium();
const skip = chromium === undefined ? 'no Chromium here (set CHROMIUM to its path)' : false;

describe('the report in a browser', { skip }, () => {
  const pictures = process.env['SCREENSHOTS'];
  let folder = '';
  let browser: Browser;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blockcast-report-'));
    if (pictures !== undefined) await mkdir(pictures, { recursive: true });
    await buildStyles(join(folder, 'report.css'), 'src/simulation/report/report.css');
    const css = await readFile(join(folder, 'report.css'), 'utf8');
    const contenders = new Map(NAMES.map((name) => [name, `one line that says how ${name} sends the block`]));
    await writeFile(join(folder, 'report.html'), reportPage(madeUp(NAMES, [15_000, 300_000]), { css, contenders }));
    browser = await launch(chromium ?? '');
  });

  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(width: number, colorScheme: 'light' | 'dark', see: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme,
      javaScriptEnabled: true,
    });
    try {
      const page = await context.newPage();
      await page.goto(pathToFileURL(join(folder, 'report.html')).href);
      await see(page);
    } finally {
      await context.close();
    }
  }

  for (const scheme of ['light', 'dark'] as const) {
    test(`fits into 1440 and 390 px, ${scheme}, has no text under 11 px, and no fault of accessibility`, () =>
      open(1440, scheme, async (page) => {
        for (const width of [1440, 390]) {
          await page.setViewportSize({ width, height: 900 });
          if (pictures !== undefined)
            await page.screenshot({ path: join(pictures, `report-${width}-${scheme}.png`), fullPage: true });
          assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
          const smallest = `Math.min(...[...document.querySelectorAll('body *')].filter((e) => e.textContent.trim() !== '')
            .map((e) => parseFloat(getComputedStyle(e).fontSize)))`;
          assert.ok(Number(await page.evaluate(smallest)) >= 11);
        }
        await page.evaluate(axe.source);
        const { violations } = (await page.evaluate('axe.run()')) as {
          violations: { id: string; nodes: { html: string }[] }[];
        };
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
          [],
        );
      }));
  }

  test('draws each curve in a colour and with dashes of its own, the same in all charts', () =>
    open(1440, 'light', async (page) => {
      const looks = (await page.evaluate(`[...document.querySelectorAll('.study')].map((study) =>
        [...study.querySelectorAll('.field')].map((field) => [...field.querySelectorAll('.curve')]
          .map((curve) => getComputedStyle(curve).stroke + getComputedStyle(curve).strokeDasharray)))`)) as string[][][];
      const [first = []] = looks[0] ?? [];
      assert.equal(new Set(first).size, NAMES.length);
      for (const look of looks.flat()) assert.deepEqual(look, first);
    }));

  test('marks the threshold of a ChainLock at 60 % of the height', () =>
    open(390, 'light', async (page) => {
      const share = await page.evaluate(`(() => {
        const field = document.querySelector('.field').getBoundingClientRect();
        const line = document.querySelector('.mark-line').getBoundingClientRect();
        return (field.bottom - line.top) / field.height;
      })()`);
      assert.ok(Math.abs(Number(share) - 0.6) < 0.01, String(share));
    }));
});
