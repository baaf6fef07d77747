import { BlockSource } from '../blocks.js';
import { Child } from '../child.js';
import { giveWay, seatContender } from '../cores.js';
import type { FromBareHttp, FromOnlookers, Onlooking, ToOnlookers } from '../protocol.js';
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
 * One relay, alone and looked at. The last case floods a server beside the relay instead: what it costs is the machine's other core, which
 * the relay shares with its peers here, and nothing that a page of ours could spare.
 */
export async function runWatched({ share, profile }: Effort): Promise<Watched> {
  const source = new BlockSource(SIZE);
  const rig = await Rig.start({ readers: PEERS, tip: source.tip, profile });
  const relay = await rig.enter('relay', SIZE);
  const bare = new Child<FromBareHttp>('./bare-http.js', {});
  const onlookers = new Child<FromOnlookers, ToOnlookers>('./onlookers.js', {});
  // On the relay's cores, to be compared with its pages; the onlookers are hosts of their own, and hold up no receiver.
  seatContender(bare.pid);
  giveWay(onlookers.pid);
  const { url } = relay;
  if (url === undefined) throw new Error('the relay has no pages');
  const nobody: Onlooking = { url, followers: 0, scrape: false };
  const watching: Onlooking = { url, followers: FOLLOWERS, scrape: true };
  const cases: { readonly name: string; readonly onlooking: Onlooking }[] = [
    { name: 'nobody looks', onlooking: nobody },
    { name: `${FOLLOWERS} pages open`, onlooking: { ...watching, scrape: false } },
    { name: `${FOLLOWERS} pages open, a scrape a second`, onlooking: watching },
    {
      name: 'the same, and a flood of requests',
      onlooking: { ...watching, flood: new URL('/api/v1/status', url).href },
    },
    {
      name: 'the same, but the flood is at another process',
      onlooking: { ...watching, flood: (await bare.next('listening')).url },
    },
  ];
  const found = cases.map(({ name, onlooking }) => ({
    name,
    onlooking,
    times: [] as number[],
    floods: [] as number[],
  }));
  const blocks = Math.max(5, Math.round(BLOCKS_A_ROUND * share));
  const measure = async (one: (typeof found)[number]) => {
    onlookers.say({ type: 'look', onlooking: one.onlooking });
    await onlookers.next('looking');
    for (let block = 0; block < blocks; block += 1) {
      one.times.push((await rig.deliver(relay, source.next())).lastByteMs);
    }
    if (one.onlooking.flood === undefined) return;
    onlookers.say({ type: 'look', onlooking: nobody });
    one.floods.push((await onlookers.next('flooded')).perSecond);
    await onlookers.next('looking');
  };
  for (const one of found) await measure({ ...one, times: [], floods: [] });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of rotated(found, round)) await measure(one);
  }
  await Promise.all([onlookers.stop(), bare.stop(), leave(relay)]);
  await rig.stop();
  const rows = found.map(({ name, times, floods }): WatchedRow => {
    const perSecond = floods.length === 0 ? {} : { requestsPerSecond: summarise(floods).p50 };
    return { name, lastByte: summarise(times), ...perSecond };
  });
  return { size: SIZE, peers: PEERS, rows };
}
