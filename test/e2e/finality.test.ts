/**
 * The end of the pool's blocks in an embedded network, ChainLocks among them: a real dashd on regtest has no quorum that would sign
 * one, so how its topics look is taken from Dash Core's source (zmq/zmqpublishnotifier.cpp, chainlock/clsig.h).
 */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Subscriber } from 'zeromq';
import { createRpc } from '../../src/adapters/rpc.js';
import type { BlockFinality } from '../../src/contracts/events.js';
import { parseBlockEvent } from '../../src/delivery/block-event.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { following } from '../contract/node-under-test.js';
import { InProcessNetwork } from '../support/in-process-network.js';
import { hashOf } from '../support/relay-under-test.js';

let net: InProcessNetwork | undefined;
afterEach(async () => {
  await net?.stop();
  net = undefined;
});

async function start(): Promise<InProcessNetwork> {
  net = await InProcessNetwork.start({ peers: [{}] });
  await net.relay.connected(2);
  await net.relay.tipKnown();
  return net;
}

const endOf = (embedded: InProcessNetwork, raw: Buffer) =>
  embedded.relay.until(`the end of ${hashOf(raw)}`, (events) =>
    events.find((event): event is BlockFinality => event.type === 'finality' && event.hash === hashOf(raw)),
  );

/** Pushes a block on dashd's tip, and waits for its verdict. */
async function push(embedded: InProcessNetwork): Promise<Buffer> {
  const raw = embedded.mine();
  await embedded.relay.push(raw);
  await embedded.relay.verdict(raw);
  return raw;
}

test('a ChainLock on the feed ends the wait for a block and all below it, and goes to the peer that has the block; that is reported on the events socket too', async () => {
  const embedded = await start();
  const { relay, dashd } = embedded;
  const subscriber = new Subscriber({ linger: 0 });
  subscriber.connect(relay.eventsBind);
  subscriber.subscribe();
  const heard = (async () => {
    for await (const [frame = Buffer.alloc(0)] of subscriber) {
      const event = parseBlockEvent(frame);
      if (event?.type === 'finality') return event;
    }
    return undefined;
  })();
  const [first, second] = [await push(embedded), await push(embedded)];
  dashd.chainLock();
  for (const raw of [first, second]) {
    const { state, chainLock } = await endOf(embedded, raw);
    assert.deepEqual([state, chainLock?.seen], ['chainlocked', 'feed']);
  }
  const relayed = relay.events.filter((event) => event.type === 'locks-relayed');
  assert.deepEqual(
    relayed.map(({ hash, kind, sent, had, unproven }) => [hash, kind, sent, had, unproven]),
    [[hashOf(second), 'chainlock', 1, 0, 0]],
  );
  assert.deepEqual(relay.relay.view.history.kpis().finality, { pending: 0, chainlocked: 2, buried: 0, orphaned: 0 });
  assert.equal(relay.relay.view.history.kpis().orphanRate, 0);
  assert.equal((await heard)?.state, 'chainlocked');
  subscriber.close();
});

test('a rival that is ChainLocked orphans a block at once, however long the branch was', async () => {
  const embedded = await start();
  const { relay, dashd } = embedded;
  const template = dashd.node.chain.template();
  const raw = await push(embedded);
  const rival = mineBlock(template, { extraNonce: 7 });
  dashd.node.submit(rival);
  const child = mineBlock(following(template, hashOf(rival)), { extraNonce: 8 });
  dashd.node.submit(child);
  dashd.chainLock(hashOf(rival));
  const end = await endOf(embedded, raw);
  assert.deepEqual([end.state, end.by], ['orphaned', hashOf(rival)]);
  assert.deepEqual(
    [...relay.relay.view.history.latest(5)].map(({ finality }) => finality.state),
    ['orphaned'],
  );
});

test("the stand-in's ChainLocks are as dashd's: no rival is taken, and there is only the best one", async () => {
  const embedded = await start();
  const { dashd } = embedded;
  const { chain } = dashd.node;
  const rpc = createRpc({ url: dashd.rpcUrl, user: dashd.user, password: dashd.password });
  const template = chain.template();
  const [raw] = dashd.generate(1);
  assert.ok(raw !== undefined);
  const early = mineBlock(template, { extraNonce: 9 });
  assert.ok(dashd.node.submit(early).accepted, 'a branch that is there already');
  dashd.chainLock();
  dashd.chainLock(template.parent);
  assert.equal(chain.bestLocked?.hash, hashOf(raw), 'a lower one adds nothing');
  assert.ok(chain.isLocked(chain.tip));
  const late = mineBlock(template, { extraNonce: 10 });
  assert.deepEqual(await rpc.call('submitblock', [late.toString('hex')]), { ok: true, result: 'bad-chainlock' });
  // Longer, but in conflict.
  const longer = mineBlock(following(template, hashOf(early)), { extraNonce: 11 });
  const refused = { ok: true, result: 'bad-prevblk-chainlock' };
  assert.deepEqual(await rpc.call('submitblock', [longer.toString('hex')]), refused);
  assert.equal(chain.tip.hash, hashOf(raw));
  const branches = await rpc.call('getchaintips');
  assert.ok(branches.ok && Array.isArray(branches.result));
  assert.deepEqual(branches.result.map(({ status }) => status).sort(), ['active', 'conflicting']);
  const best = await rpc.call('getbestchainlock');
  assert.ok(best.ok);
  const { blockhash, height, known_block, hex, signature } = best.result as Record<string, unknown>;
  assert.deepEqual([blockhash, height, known_block], [hashOf(raw), template.height, true]);
  assert.match(
    String(hex),
    new RegExp(`^${template.height.toString(16).padStart(2, '0')}0{6}[0-9a-f]{64}${signature}$`),
  );
  await rpc.close();
});
