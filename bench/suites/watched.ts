import { BlockSource } from '../blocks.js';
import { Child } from '../child.js';
import { giveWay, seatContender } from '../cores.js';
import type { FromBareHttp, FromObservers, Observation, ToObservers } from '../process-messages.js';
import type { Watched, WatchedRow } from '../results.js';
import { leave, Rig } from '../rig.js';
import { summarise } from '../stats.js';
import { rotated } from '../turns.js';
import type { Effort } from './effort.js';

const SIZE = 15_000;
const PEERS = 20;
const FOLLOWERS = 20;
const ROUNDS = 6;
const BLOCKS_A_ROUND = 50;

/**
 * Monitoring overhead of one relay. The last case floods another server instead of the relay: its cost is that of the processor time, which
 * the relay and its peers share here, and not of the relay's pages.
 */
export async function runWatched({ share, profile }: Effort): Promise<Watched> {
  const source = new BlockSource(SIZE);
  const rig = await Rig.start({ readers: PEERS, tip: source.tip, profile });
  const relay = await rig.enter('relay', SIZE);
  const bare = new Child<FromBareHttp>('./bare-http.js', {});
  const observers = new Child<FromObservers, ToObservers>('./observers.js', {});
  // On the relay's cores, for comparison with its pages; the observers represent separate hosts and must not delay receivers.
  seatContender(bare.pid);
  giveWay(observers.pid);
  const { url } = relay;
  if (url === undefined) throw new Error('the relay serves no pages');
  const none: Observation = { url, followers: 0, scrape: false };
  const watching: Observation = { url, followers: FOLLOWERS, scrape: true };
  const cases: { readonly name: string; readonly observation: Observation }[] = [
    { name: 'no monitoring', observation: none },
    { name: `${FOLLOWERS} open pages`, observation: { ...watching, scrape: false } },
    { name: `${FOLLOWERS} open pages, one scrape per second`, observation: watching },
    {
      name: 'the same, and a flood of requests',
      observation: { ...watching, flood: new URL('/api/v1/status', url).href },
    },
    {
      name: 'the same, with the flood at another process',
      observation: { ...watching, flood: (await bare.next('listening')).url },
    },
  ];
  const found = cases.map(({ name, observation }) => ({
    name,
    observation,
    times: [] as number[],
    floods: [] as number[],
  }));
  const blocks = Math.max(5, Math.round(BLOCKS_A_ROUND * share));
  const measure = async (one: (typeof found)[number]) => {
    observers.say({ type: 'look', observation: one.observation });
    await observers.next('looking');
    for (let block = 0; block < blocks; block += 1) {
      one.times.push((await rig.deliver(relay, source.next())).lastByteMs);
    }
    if (one.observation.flood === undefined) return;
    observers.say({ type: 'look', observation: none });
    one.floods.push((await observers.next('flooded')).perSecond);
    await observers.next('looking');
  };
  for (const one of found) await measure({ ...one, times: [], floods: [] });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of rotated(found, round)) await measure(one);
  }
  await Promise.all([observers.stop(), bare.stop(), leave(relay)]);
  await rig.stop();
  const rows = found.map(({ name, times, floods }): WatchedRow => {
    const perSecond = floods.length === 0 ? {} : { requestsPerSecond: summarise(floods).p50 };
    return { name, lastByte: summarise(times), ...perSecond };
  });
  return { size: SIZE, peers: PEERS, rows };
}
