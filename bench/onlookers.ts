/** Those who look at a relay while it works, in a process of their own: pages that follow its events, a scraper, and a flood. */
import { setMaxListeners } from 'node:events';
import { Pool, request } from 'undici';
import { planOf, tell } from './child.js';
import type { FromOnlookers, Onlooking, ToOnlookers } from './protocol.js';

const SCRAPE_EVERY_MS = 1_000;
const FLOOD_CONNECTIONS = 16;
/** Another visitor than those who look on: an allowance is a visitor's. Linux has all of 127.0.0.0/8. */
const STRANGER = '127.0.0.2';

planOf();
let leave = new AbortController();
let done: Promise<unknown> = Promise.resolve();
let requests = 0;

process.on('message', async (wish: ToOnlookers) => {
  leave.abort();
  await done;
  leave = new AbortController();
  setMaxListeners(0, leave.signal);
  requests = 0;
  const { signal } = leave;
  done = Promise.all(await begin(wish.onlooking, signal));
  tell<FromOnlookers>({ type: 'looking' });
});

async function begin({ url, followers, scrape, flood }: Onlooking, signal: AbortSignal): Promise<Promise<void>[]> {
  const following = await Promise.all(Array.from({ length: followers }, () => follow(url, signal)));
  return [
    ...following.map(({ ended }) => ended),
    ...(scrape ? [scrapeOn(url, signal)] : []),
    ...(flood === undefined ? [] : [floodOn(flood, signal)]),
  ];
}

/** A page that is open: it reads whatever comes. */
async function follow(url: string, signal: AbortSignal): Promise<{ readonly ended: Promise<void> }> {
  const { statusCode, body } = await request(new URL('/api/v1/events', url), { signal });
  if (statusCode !== 200) throw new Error(`the events cannot be followed: ${statusCode}`);
  return { ended: untilAborted(body.resume()) };
}

async function untilAborted(stream: NodeJS.ReadableStream): Promise<void> {
  await new Promise<void>((resolve) => stream.once('close', resolve).once('error', () => resolve()));
}

async function scrapeOn(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { statusCode, body } = await request(new URL('/metrics', url));
    await body.text();
    if (statusCode !== 200) throw new Error(`the metrics cannot be had: ${statusCode}`);
    await new Promise((resolve) => setTimeout(resolve, SCRAPE_EVERY_MS));
  }
}

/** As fast as answers come, whatever they are. */
async function floodOn(url: string, signal: AbortSignal): Promise<void> {
  const pool = new Pool(new URL(url).origin, { connections: FLOOD_CONNECTIONS, localAddress: STRANGER });
  const { pathname } = new URL(url);
  const one = async () => {
    while (!signal.aborted) {
      const { body } = await pool.request({ method: 'GET', path: pathname });
      await body.dump();
      requests += 1;
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: FLOOD_CONNECTIONS }, one));
  tell<FromOnlookers>({ type: 'flooded', perSecond: (requests * 1_000) / (performance.now() - began) });
  await pool.close();
}
