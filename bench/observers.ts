/** Monitoring load on a relay, in a process of its own: pages that follow the events, a metrics scraper, and a flood of requests. */
import { setMaxListeners } from 'node:events';
import { Pool, request } from 'undici';
import { emit, planOf } from './child.js';
import type { FromObservers, Observation, ToObservers } from './process-messages.js';

const SCRAPE_EVERY_MS = 1_000;
const FLOOD_CONNECTIONS = 16;
/** The flood has an address of its own, because rate limits apply per address. Linux routes all of 127.0.0.0/8 to itself. */
const FLOOD_ADDRESS = '127.0.0.2';

planOf();
let leave = new AbortController();
let done: Promise<unknown> = Promise.resolve();
let requests = 0;

process.on('message', async (order: ToObservers) => {
  leave.abort();
  await done;
  leave = new AbortController();
  setMaxListeners(0, leave.signal);
  requests = 0;
  const { signal } = leave;
  done = Promise.all(await begin(order.observation, signal));
  emit<FromObservers>({ type: 'looking' });
});

async function begin({ url, followers, scrape, flood }: Observation, signal: AbortSignal): Promise<Promise<void>[]> {
  const following = await Promise.all(Array.from({ length: followers }, () => follow(url, signal)));
  return [
    ...following.map(({ ended }) => ended),
    ...(scrape ? [scrapeMetrics(url, signal)] : []),
    ...(flood === undefined ? [] : [floodRequests(flood, signal)]),
  ];
}

/** An open page: reads the event stream. */
async function follow(url: string, signal: AbortSignal): Promise<{ readonly ended: Promise<void> }> {
  const { statusCode, body } = await request(new URL('/api/v1/events', url), { signal });
  if (statusCode !== 200) throw new Error(`GET /api/v1/events: status ${statusCode}`);
  return { ended: untilAborted(body.resume()) };
}

async function untilAborted(stream: NodeJS.ReadableStream): Promise<void> {
  await new Promise<void>((resolve) => stream.once('close', resolve).once('error', () => resolve()));
}

async function scrapeMetrics(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { statusCode, body } = await request(new URL('/metrics', url));
    await body.text();
    if (statusCode !== 200) throw new Error(`GET /metrics: status ${statusCode}`);
    await new Promise((resolve) => setTimeout(resolve, SCRAPE_EVERY_MS));
  }
}

/** Sends the next request as soon as the previous one is answered, on each connection. */
async function floodRequests(url: string, signal: AbortSignal): Promise<void> {
  const pool = new Pool(new URL(url).origin, { connections: FLOOD_CONNECTIONS, localAddress: FLOOD_ADDRESS });
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
  emit<FromObservers>({ type: 'flooded', perSecond: (requests * 1_000) / (performance.now() - began) });
  await pool.close();
}
