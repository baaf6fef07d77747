import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hashHeader } from '../../src/block/x11.js';
import { INV } from '../../src/wire/inventory.js';
import { ZERO_HASH } from '../../src/wire/reader.js';
import { hashOf } from './blocks.js';
import {
  ask,
  eventually,
  following,
  mine,
  type NodeUnderTest,
  pointsIn,
  templateOn,
  tipOf,
} from './node-under-test.js';
import { TestPeer } from './test-peer.js';

const VERSION = 70240;

/** What a node answers, and what it asks for. */
export function requestContract(node: () => NodeUnderTest): void {
  it('answers getheaders from its best chain', async () => {
    const peer = await TestPeer.ready(node());
    for (const _ of [1, 2, 3]) peer.send({ command: 'block', raw: mine(await templateOn(node())) });
    await peer.sync();
    const { height } = await tipOf(node());
    const chain = await Promise.all(
      Array.from({ length: height + 1 }, (_, at) => ask<string>(node(), 'getblockhash', at)),
    );
    const headersAfter = async (locator: string[], stop = ZERO_HASH) => {
      peer.send({ command: 'getheaders', version: VERSION, locator, stop });
      return (await peer.next('headers')).headers.map(hashHeader);
    };
    const at = (place: number) => chain.at(place) ?? '';
    assert.deepEqual(await headersAfter([at(-3)]), chain.slice(-2));
    assert.deepEqual(await headersAfter([at(-1)]), [], 'an empty answer is one too');
    assert.deepEqual(await headersAfter(['ab'.repeat(32), at(-2), at(0)]), chain.slice(-1));
    assert.deepEqual(await headersAfter(['ab'.repeat(32)]), chain.slice(1), 'from the genesis block on');
    assert.deepEqual(await headersAfter([at(0)], at(1)), [at(1)]);
    assert.deepEqual(await headersAfter([], at(-2)), [at(-2)], 'with no locator: the stop alone');
    peer.send({ command: 'getheaders', version: VERSION, locator: [], stop: 'ab'.repeat(32) });
    const heard = peer.heard.length;
    await peer.sync();
    assert.deepEqual(peer.commands(heard), ['pong']);
    await peer.hangUp();
  });

  it('gives blocks that were asked for, is silent about those it lacks, and says notfound of other things', async () => {
    const peer = await TestPeer.ready(node());
    const raw = mine(await templateOn(node()));
    peer.send({ command: 'block', raw });
    await peer.sync();
    const heard = peer.heard.length;
    const missing = 'ab'.repeat(32);
    peer.send({ command: 'getdata', items: [{ type: INV.block, hash: missing }] });
    peer.send({ command: 'getdata', items: [{ type: 9_999, hash: missing }] });
    await peer.sync();
    assert.deepEqual(
      peer.commands(heard).filter((command) => command !== 'inv'),
      ['pong'],
    );
    peer.send({ command: 'getdata', items: [{ type: INV.block, hash: hashOf(raw) }] });
    assert.deepEqual((await peer.next('block')).raw, raw);
    peer.send({ command: 'getdata', items: [{ type: INV.tx, hash: missing }] });
    assert.deepEqual((await peer.next('notfound')).items, [{ type: INV.tx, hash: missing }]);
    await peer.hangUp();
  });

  it('does not give a block it has never connected', async () => {
    const peer = await TestPeer.ready(node());
    const template = await templateOn(node());
    const rival = mine(template);
    peer.send({ command: 'block', raw: mine(template) }, { command: 'block', raw: rival });
    await peer.sync();
    peer.send({ command: 'getdata', items: [{ type: INV.block, hash: hashOf(rival) }] });
    await peer.sync();
    assert.equal(peer.all('block').length, 0);
    await peer.hangUp();
  });

  it('fetches an announced block: getheaders, getdata', async () => {
    const peer = await TestPeer.ready(node());
    const raw = mine(await templateOn(node()));
    peer.send({ command: 'inv', items: [{ type: INV.block, hash: hashOf(raw) }] });
    await peer.next('getheaders');
    peer.send({ command: 'headers', headers: [raw.subarray(0, 80)] });
    const { items } = await peer.next('getdata');
    assert.deepEqual(items, [{ type: INV.block, hash: hashOf(raw) }]);
    peer.send({ command: 'block', raw });
    await peer.sync();
    assert.equal((await tipOf(node())).hash, hashOf(raw));
    await peer.hangUp();
  });

  it('fetches several blocks by their headers at once, and takes them in any order', async () => {
    const peer = await TestPeer.ready(node());
    const template = await templateOn(node());
    const first = mine(template);
    const second = mine(following(template, hashOf(first)));
    peer.send({ command: 'headers', headers: [first.subarray(0, 80), second.subarray(0, 80)] });
    const { items } = await peer.next('getdata');
    assert.deepEqual(
      items.map(({ hash }) => hash),
      [hashOf(first), hashOf(second)],
    );
    peer.send({ command: 'block', raw: second });
    await peer.sync();
    assert.equal((await tipOf(node())).hash, template.parent);
    peer.send({ command: 'block', raw: first });
    await peer.sync();
    assert.equal((await tipOf(node())).hash, hashOf(second));
    await peer.hangUp();
  });

  it('asks for headers when some do not connect, and gives 20 points at the tenth time', async () => {
    const peer = await TestPeer.ready(node());
    const before = pointsIn(node().log()).length;
    const template = { ...(await templateOn(node())), parent: 'ef'.repeat(32) };
    for (let count = 0; count < 10; count += 1) {
      peer.send({ command: 'headers', headers: [mine(template).subarray(0, 80)] });
      await peer.next('getheaders');
    }
    await peer.sync();
    assert.deepEqual(
      pointsIn(node().log())
        .slice(before)
        .map(({ points }) => points),
      [20],
    );
    await peer.hangUp();
  });

  it('punishes headers that are no chain, or prove no work', async () => {
    const before = pointsIn(node().log()).length;
    const peer = await TestPeer.ready(node());
    const template = await templateOn(node());
    peer.send({ command: 'headers', headers: [mine(template).subarray(0, 80), mine(template).subarray(0, 80)] });
    await peer.sync();
    const given = () => pointsIn(node().log()).slice(before);
    assert.deepEqual(
      given().map(({ points }) => points),
      [20],
    );
    await peer.hangUp();
  });

  it('answers getaddr once, with no more than 23 % of what it knows, the same for all', async () => {
    const addresses = Array.from({ length: 200 }, (_, n) => ({ host: `${20 + n}.${n + 1}.3.4`, port: 19_899 }));
    await node().learn(addresses);
    const peer = await TestPeer.ready(node(), { addrv2: true });
    peer.send({ command: 'getaddr' });
    const reported = (await peer.next('addrv2')).addresses;
    assert.ok(reported.length > 0 && reported.length <= 46, `${reported.length} addresses`);
    for (const { host, port, network } of reported) {
      assert.equal(network, 'ipv4');
      assert.ok(addresses.some((address) => address.host === host && address.port === port));
    }
    peer.send({ command: 'getaddr' });
    await peer.sync();
    assert.equal(peer.all('addrv2').length, 1);
    await peer.hangUp();
    const other = await TestPeer.ready(node());
    other.send({ command: 'getaddr' });
    const again = (await other.next('addr')).addresses;
    const names = (list: typeof reported) => list.map(({ host }) => host).toSorted();
    assert.deepEqual(names(again), names(reported));
    await other.hangUp();
  });

  it('takes few addresses it did not ask for', async () => {
    const peer = await TestPeer.ready(node());
    const time = Math.floor(Date.now() / 1000);
    const addresses = Array.from({ length: 50 }, (_, n) => {
      return { time, services: 1n, network: 'ipv4' as const, host: `8.8.${n}.1`, port: 19_899 };
    });
    peer.send({ command: 'addr', addresses });
    await peer.sync();
    await eventually(
      () =>
        node()
          .log()
          .match(/Received addr: 50 addresses \(1 processed, 49 rate-limited\)/),
      'its note',
    );
    await peer.hangUp();
  });
}
