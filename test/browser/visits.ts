/** The dashboard in a real browser, on data of the tests' own. Screenshots go to $SCREENSHOTS, if that is set. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { buildDashboard } from '../../src/dashboard/build.js';
import { findChromium, launch } from './chromium.js';
import type { RelayData } from './fixture.js';
import { FixtureServer } from './server.js';

const SOURCE = 'src/dashboard/page';
/** A step of Playwright's waits this long. A machine of one slow core takes seconds to draw a page. */
const STEP_MS = 90_000;

const chromium = findChromium();
/** Why tests in a browser are skipped, if they are. */
export const skip =
  chromium === undefined
    ? 'no Chromium here (set CHROMIUM to its path)'
    : existsSync(SOURCE)
      ? false
      : 'the page’s source is not here: run this from the repository';

export type Scheme = 'light' | 'dark';

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

export interface Visit {
  readonly page: Page;
  readonly server: FixtureServer;
  /** What the browser complained of, violations of the content security policy among it. */
  readonly complaints: string[];
}

interface Look {
  readonly width?: number;
  readonly scheme?: Scheme;
  readonly hash?: string;
  /** For what happens before the page is opened. */
  readonly prepare?: (server: FixtureServer) => void;
}

export interface DashboardInBrowser {
  /** The folder of the page's files. */
  readonly assets: () => string;
  /** Opens the page on this data, and closes it and the server afterwards. */
  readonly visit: (data: RelayData, look: Look, see: (visit: Visit) => Promise<void>) => Promise<void>;
}

/** Builds the page and starts a browser for the tests of a suite, and ends both after them. Call it within `describe`. */
export function dashboardInBrowser(): DashboardInBrowser {
  let folder = '';
  let browser: Browser | undefined;
  const assets = () => join(folder, 'assets');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blockcast-dashboard-'));
    await buildDashboard(assets(), SOURCE);
    browser = await launch(chromium ?? '');
  });

  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function visit(data: RelayData, look: Look, see: (visit: Visit) => Promise<void>): Promise<void> {
    assert.ok(browser !== undefined);
    const { width = 1440, scheme = 'light', hash = '', prepare } = look;
    const server = await FixtureServer.start(assets(), data);
    prepare?.(server);
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
    context.setDefaultTimeout(STEP_MS);
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

  return { assets, visit };
}

/** Each takes a second or two. */
export async function shoot(page: Page, name: string, fullPage = false): Promise<void> {
  const pictures = process.env['SCREENSHOTS'];
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage });
}

/** Waits until the page has its data, and follows the events. */
export const live = (page: Page): Promise<void> => page.locator('.link-live').waitFor();

export const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).first().textContent()) ?? '';

/** @throws AssertionError when the page scrolls sideways */
export async function assertFits(page: Page, width: number): Promise<void> {
  const overflow = await settled(page, 'document.documentElement.scrollWidth - innerWidth');
  assert.equal(overflow, 0, `it must not scroll sideways at ${width} px`);
}

/** @throws AssertionError when the page is longer than its content */
export async function assertEndsWithContent(page: Page, width: number): Promise<void> {
  const content = 'Math.max(innerHeight, Math.round(document.body.getBoundingClientRect().bottom + scrollY))';
  const beyond = await settled(page, `document.documentElement.scrollHeight - ${content}`);
  assert.equal(beyond, 0, `it must end where its content ends at ${width} px`);
}

/** Charts are drawn anew once the page was resized. @returns the measure, once it is 0 or has had its time */
function settled(page: Page, measure: string): Promise<unknown> {
  return page.evaluate(`new Promise((resolve) => {
    const until = performance.now() + ${STEP_MS};
    const look = () => {
      const found = ${measure};
      if (found === 0 || performance.now() > until) resolve(found);
      else requestAnimationFrame(look);
    };
    look();
  })`);
}

/** In the dark scheme the colours are all that differs. @throws AssertionError with what axe finds */
export async function inspectAccess(page: Page, scheme: Scheme = 'light'): Promise<void> {
  await page.evaluate(axe.source);
  const run = scheme === 'light' ? 'axe.run()' : "axe.run({ runOnly: ['color-contrast'] })";
  const violations = (await page.evaluate(`${run}.then(({ violations }) => violations)`)) as Violation[];
  assert.deepEqual(
    violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`),
    [],
  );
}
