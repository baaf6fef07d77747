/** The service in front of a relay that runs: what it answers is what its document says, and a block's race can be watched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/adapters/system.js';
import type { BlockReply, StatusReply } from '../../../src/contracts/api.js';
import { createHttp } from '../../../src/ops/http/http.js';
import {
  BlockSchema,
  BlocksSchema,
  BroadcasterStatusSchema,
  EventSchema,
  PeersSchema,
  ReadySchema,
  StatusSchema,
} from '../../../src/ops/http/schemas.js';
import { Status } from '../../../src/ops/status.js';
import { InProcessNetwork } from '../../support/in-process-network.js';
import { hashOf } from '../../support/relay-under-test.js';

test('a relay that runs is reported as the API describes it, a block from its arrival to its verdict', async (t) => {
  const network = await InProcessNetwork.start({ peers: [{}, {}, {}] });
  t.after(() => network.stop());
  const { relay } = network.relay;
  const status = new Status({ clock: systemClock });
  for (const event of network.relay.events) status.listen(event);
  relay.events$.subscribe((event) => status.listen(event));
  const http = await createHttp(
    { enabled: true, host: '127.0.0.1', port: 0, user: 'blockcast', allowInsecureBind: false, reverseProxies: [] },
    {
      version: '0.0.0-test',
      view: relay.view,
      status,
      events$: relay.events$,
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
      assets: '/nonexistent',
      clock: systemClock,
    },
  );
  assert.ok(http.ok);
  t.after(() => http.close());
  const ask = async (path: string): Promise<unknown> => (await fetch(http.url + path)).json();

  await network.relay.connected(4);
  await network.relay.tipKnown();
  assert.equal(ReadySchema.parse(await ask('/readyz')).ready, true);
  PeersSchema.parse(await ask('/api/v1/peers'));

  const events = await fetch(`${http.url}/api/v1/events`);
  const raw = network.mine();
  await network.relay.push(raw);
  const reported = network.relay.verdict(raw);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of events.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (/"type":"verdict".*\n\n/.test(text)) break;
  }
  const streamed = [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => EventSchema.parse(JSON.parse(json)));
  const { type: _type, at: _at, peers, ...verdict } = await reported;
  assert.deepEqual(
    streamed.filter(({ type }) => type === 'received' || type === 'verdict').map(({ type }) => type),
    ['received', 'verdict'],
  );

  const block = (await ask(`/api/v1/blocks/${hashOf(raw)}`)) as BlockReply;
  BlockSchema.parse(block);
  assert.deepEqual(block.verdict, verdict);
  assert.deepEqual(
    block.race.map(({ peer }) => peer),
    peers.map(({ peer }) => peer),
  );
  const blocks = BlocksSchema.parse(await ask('/api/v1/blocks'));
  assert.deepEqual(
    blocks.blocks.map(({ hash }) => hash),
    [hashOf(raw)],
  );
  const reply = (await ask('/api/v1/status')) as StatusReply;
  StatusSchema.parse(reply);
  assert.equal(reply.lastBlock?.hash, hashOf(raw));
  assert.equal(reply.kpis.all.blocks, 1);
  assert.equal(reply.peers.connected, 4);
  const p2pool = BroadcasterStatusSchema.parse(await ask('/broadcaster_status'));
  assert.equal(p2pool.statistics.blocks_broadcast, 1);
  assert.equal(p2pool.peers.protected.length, 1);
  assert.equal(p2pool.peers.active.length, 3);
});
