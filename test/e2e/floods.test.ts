/**
 * Peers that send, or ask for, more than they may. How fast blocks leave meanwhile is measured by `npm run bench -- --only flooded`; here
 * it is that they leave, that the flood ends with its reason, and that nobody else is harmed.
 */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Behaviour } from '../../src/simulated/behaviour.js';
import type { Clock } from '../../src/time.js';
import { InProcessNetwork } from '../support/in-process-network.js';

type Flood = NonNullable<Behaviour['floods']>;

/** Each flood and the reason with which it ends. */
const FLOODS: Readonly<Record<Flood, string>> = {
  'unknown-commands': 'message-flood',
  pings: 'message-flood',
  addresses: 'address-flood',
  announcements: 'inv-flood',
  requests: 'getdata-flood',
  headers: 'headers-flood',
  blocks: 'byte-flood',
  questions: 'getheaders-flood',
  'compact-preferences': 'sendcmpct-flood',
  'transaction-requests': 'getblocktxn-flood',
};

const from = { now: Date.now(), monotonic: performance.now() };
const elapsed = (): number => (performance.now() - from.monotonic) / 20;
/** A flood is a rate, which peers on a busy machine would not reach: to the relay each second is 50 ms. */
const slowClock: Clock = { now: () => from.now + elapsed(), monotonic: () => from.monotonic + elapsed() };

let net: InProcessNetwork | undefined;
afterEach(async () => {
  await net?.stop();
  net = undefined;
});

describe('peers that flood', () => {
  test('each in its way, all at once: each is dropped with its reason, and a block reaches those who behave', async () => {
    const kinds = Object.keys(FLOODS) as Flood[];
    const peers = [{}, ...kinds.map((floods) => ({ floods }))];
    net = await InProcessNetwork.start({ peers, deps: { clock: slowClock } });
    const one = net;
    const [good, ...flooders] = one.nodes;
    const lost = await Promise.all(flooders.map((node) => one.lost(node)));
    assert.deepEqual(Object.fromEntries(kinds.map((kind, index) => [kind, lost[index]])), FLOODS);
    const raw = one.mine();
    await one.relay.push(raw);
    await one.relay.verdictSays(raw, ({ accepted, success }) => [accepted >= 2, success], [true, true]);
    assert.ok(one.relay.relay.peers.has(good?.address ?? ''));
  });
});
