/**
 * What a peer may not do to the relay, and what nobody may do to the pool's own dashd. Each limit of a peer, its reason, and where it
 * is provoked:
 *
 * | limit                     | reported as                        | at its exact bound               | over real sockets |
 * |---------------------------|--------------------------------|----------------------------------|-------------------|
 * | dial, 5 s                 | `dial-timeout`                 | adapters/tcp                     | -                 |
 * | handshake, 10 s           | `handshake-timeout`            | session/handshake, streams/pool  | -                 |
 * | pong, 30 s                | `no-pong`                      | session/keepalive                | -                 |
 * | word on a block, 30 s     | `block-not-acknowledged`       | session/push                     | -                 |
 * | message size, by command  | `oversized`                    | wire/decoder, wire/limits        | e2e/bad-input     |
 * | messages, 200 a second    | `message-flood`                | session/faults                   | e2e/bad-input     |
 * | bytes, 256 KiB a second   | `byte-flood`                   | session/faults                   | e2e/floods        |
 * | announcements, 500/s      | `inv-flood`                    | session/faults                   | e2e/floods        |
 * | objects asked for, 20/s   | `getdata-flood`                | session/faults                   | e2e/floods        |
 * | headers, 20/s             | `headers-flood`                | session/faults                   | e2e/floods        |
 * | hashes in locators, 20/s  | `getheaders-flood`             | session/faults                   | e2e/floods        |
 * | unreadable messages, 20   | `malformed`                    | session/faults                   | -                 |
 * | bytes it does not read    | `backlog`                      | streams/connection, streams/pool | -                 |
 * | addresses heard, 10/s     | `address-flood`                | session/faults                   | here              |
 * | addresses taken in, 0.1/s | `gossip`: refused `peer-rate`  | peers/attack                     | here              |
 * | bytes each way, counted   | `peer-lost`: bytesIn, bytesOut | streams/connection               | here              |
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, test } from 'node:test';
import type { GossipEvent, RelayEvent } from '../../src/contracts/events.js';
import { createEventLog } from '../../src/ops/log-events.js';
import { createLogger } from '../../src/ops/logger.js';
import { BOOK_LIMITS } from '../../src/peers/book.js';
import { GRANTS, RATES } from '../../src/session/limits.js';
import { MAX_ADDRESSES } from '../../src/simulated/dash-core.js';
import { cli } from '../cli/support.js';
import { InProcessNetwork, type InProcessNetworkOptions } from '../support/in-process-network.js';

let net: InProcessNetwork | undefined;
async function start(options: InProcessNetworkOptions = {}): Promise<InProcessNetwork> {
  net = await InProcessNetwork.start(options);
  return net;
}
afterEach(async () => {
  await net?.stop();
  net = undefined;
});

const isRefusal = (event: RelayEvent) =>
  event.type === 'service' && event.service === 'peers' && event.code === 'protected';

describe("the pool's own dashd", () => {
  test('is not dropped by whoever asks for it, and the log says that it was tried', async () => {
    const { relay, dashd, nodes, lost } = await bound({ peers: [{}] });
    await relay.connected(2);
    const output = new PassThrough();
    relay.relay.events$.subscribe(createEventLog(createLogger({ level: 'info', format: 'json' }, output)));
    assert.equal(relay.relay.drop(dashd.node.address), false);
    assert.equal(relay.relay.drop(nodes[0]?.address ?? ''), true);
    assert.equal(await lost(nodes[0]), 'rotated-out');
    assert.equal(relay.relay.peers.has(dashd.node.address), true);
    assert.equal(relay.events.filter(isRefusal).length, 1);
    const { level, message } = JSON.parse(String(output.read()).split('\n')[0] ?? '');
    assert.equal(level, 'warn');
    assert.equal(message, `peers fault: protected: ${dashd.node.address} is the pool's own dashd: it is not dropped`);
  });

  test('is not removed by its operator either', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'blockcast-limits-'));
    const peerDb = join(folder, 'peers.json');
    const { relay, dashd } = await bound({ flags: { 'broadcast-peer-db': peerDb } });
    await relay.connected(1);
    // Before that the command would find no relay, and wait for the file that the relay has locked.
    await relay.until('the control socket', (events) =>
      events.find((event) => event.type === 'service' && event.service === 'control-socket' && event.state === 'up'),
    );
    const { code, stdout } = await cli([
      ...['peers', 'remove', dashd.node.address],
      ...['--network', 'regtest', '--broadcast-peer-db', peerDb],
    ]);
    assert.deepEqual([code, stdout], [1, `${dashd.node.address}: protected\n`]);
    assert.equal(relay.events.filter(isRefusal).length, 1);
    assert.equal(relay.relay.peers.has(dashd.node.address), true);
    rmSync(folder, { recursive: true });
  });
});

describe('a flood of addresses', () => {
  test('is cut down to what one peer may announce, ends with a reason of its own, and costs the others nothing', async (t) => {
    const { relay, nodes, dashd, mine } = await bound({ peers: [{}, { floods: 'addresses' }] });
    const [good, flooder] = nodes;
    const from = flooder?.address;
    const lost = await relay.until('the flood to end', (events) =>
      events.find((event) => event.type === 'peer-lost' && event.peer === from),
    );
    assert.ok(lost.type === 'peer-lost');
    assert.equal(lost.code, 'address-flood');
    const reported = relay.events.filter(
      (event): event is GossipEvent => event.type === 'gossip' && event.peer === from,
    );
    const sum = (count: (event: GossipEvent) => number) => reported.reduce((total, event) => total + count(event), 0);
    const refused = (reason: string) => sum((event) => event.refused[reason] ?? 0);
    const all = sum(({ added, known, refused }) => added + known + Object.values(refused).reduce((a, b) => a + b, 0));
    const most = RATES.addresses.burst + (GRANTS.getaddr?.addresses ?? 0);
    assert.ok(all >= most - MAX_ADDRESSES && all <= most, `${all} addresses`);
    assert.ok(all - refused('peer-rate') <= BOOK_LIMITS.gossipBurst + 1);
    // It announces only itself, over and over.
    assert.equal(
      sum(({ added }) => added),
      0,
    );
    // Addresses take 30 bytes each on the way.
    assert.ok(lost.bytesIn > all * 30 && lost.bytesOut > 100);
    for (const peer of [good?.address ?? '', dashd.node.address]) assert.ok(relay.relay.peers.has(peer));
    const raw = mine();
    await relay.push(raw);
    await relay.verdictSays(raw, ({ accepted }) => accepted, 2);
    t.diagnostic(
      `${all} addresses in ${lost.bytesIn} bytes: ${refused('peer-rate')} over its rate, ${refused('duplicate')} twice in a message`,
    );
  });
});

async function bound(options: InProcessNetworkOptions) {
  const one = await start(options);
  return { ...one, relay: one.relay, mine: one.mine.bind(one), lost: one.lost.bind(one) };
}
