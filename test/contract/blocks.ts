import assert from 'node:assert/strict';
import { it } from 'node:test';
import { proofOfWorkFault } from '../../src/block/header.js';
import { hashHeader } from '../../src/block/x11.js';
import { INV } from '../../src/wire/inventory.js';
import { NETWORKS } from '../../src/wire/network.js';
import { type Hash, ZERO_HASH } from '../../src/wire/reader.js';
import {
  ask,
  eventually,
  following,
  type HeaderInfo,
  mine,
  type NodeUnderTest,
  pointsFor as pointsGiven,
  templateOn,
  tipOf,
} from './node-under-test.js';
import { TestPeer } from './test-peer.js';

export function hashOf(raw: Buffer): Hash {
  return hashHeader(raw.subarray(0, 80));
}

function announces(hash: Hash) {
  return ({ items }: { items: readonly { type: number; hash: Hash }[] }) =>
    items.some((item) => item.type === INV.block && item.hash === hash);
}

/**
 * Waits for the `inv` of a block, on either side of the pong behind the push: dashd queues the new tip for another thread
 * (Dash Core, `CMainSignals::UpdatedBlockTip`) than the one that answers the ping.
 */
function announcement(peer: TestPeer, hash: Hash): Promise<unknown> {
  return eventually(() => peer.all('inv').find(announces(hash)), `the announcement of ${hash}`);
}

/** A copy with the last byte of its last script changed: the header stands, the merkle root does not. */
export function corrupted(raw: Buffer): Buffer {
  const copy = Buffer.from(raw);
  const place = copy.length - 5;
  copy.writeUInt8(copy.readUInt8(place) ^ 0xff, place);
  return copy;
}

/** A copy whose nonce proves nothing. */
export function worthless(raw: Buffer): Buffer {
  const copy = Buffer.from(raw);
  for (let nonce = 0; proofOfWorkFault(hashOf(copy), 0x207fffff, NETWORKS.regtest) === undefined; nonce += 1) {
    copy.writeUInt32LE(nonce, 76);
  }
  return copy;
}

/** What a pushed block meets. */
export function blockContract(node: () => NodeUnderTest): void {
  const pointsFor = (act: () => Promise<void>) => pointsGiven(node(), act);

  async function push(peer: TestPeer, raw: Buffer): Promise<Hash> {
    peer.send({ command: 'block', raw });
    await peer.sync();
    return hashOf(raw);
  }

  it('has a pushed block in its chain by the pong behind it, and announces it back by inv', async () => {
    const peer = await TestPeer.ready(node());
    const points = await pointsFor(async () => {
      for (const _ of [1, 2]) {
        const hash = await push(peer, mine(await templateOn(node())));
        assert.equal((await tipOf(node())).hash, hash);
        await announcement(peer, hash);
      }
    });
    assert.deepEqual(points, []);
    await peer.hangUp();
  });

  it('informs everybody of it', async () => {
    const [first, second] = [await TestPeer.ready(node()), await TestPeer.ready(node())];
    const hash = await push(first, mine(await templateOn(node())));
    await second.next('inv', announces(hash));
    await first.hangUp();
    await second.hangUp();
  });

  it('announces by headers to who asked for that, once it knows that they would connect', async () => {
    const peer = await TestPeer.ready(node());
    peer.send({ command: 'sendheaders' });
    const first = await push(peer, mine(await templateOn(node())));
    await announcement(peer, first);
    const second = await push(peer, mine(await templateOn(node())));
    await announcement(peer, second);
    assert.equal(peer.all('headers').length, 0);
    peer.send({ command: 'getheaders', version: 70240, locator: [first], stop: ZERO_HASH });
    const answer = await peer.next('headers');
    assert.deepEqual(answer.headers.map(hashHeader), [second]);
    const raw = mine(await templateOn(node()));
    peer.send({ command: 'block', raw });
    const announced = await peer.next('headers');
    assert.deepEqual(announced.headers.map(hashHeader), [hashOf(raw)]);
    await peer.sync();
    assert.equal(peer.all('inv').some(announces(hashOf(raw))), false);
    await peer.hangUp();
  });

  it('goes on with inv for who never asked for headers, even when they would connect', async () => {
    const peer = await TestPeer.ready(node());
    const tip = await tipOf(node());
    peer.send({ command: 'getheaders', version: 70240, locator: [tip.hash], stop: ZERO_HASH });
    assert.deepEqual((await peer.next('headers')).headers, []);
    const hash = await push(peer, mine(await templateOn(node())));
    await announcement(peer, hash);
    await peer.hangUp();
  });

  it('does not announce what it was informed of before', async () => {
    const peer = await TestPeer.ready(node());
    const raw = mine(await templateOn(node()));
    peer.send({ command: 'inv', items: [{ type: INV.block, hash: hashOf(raw) }] });
    await push(peer, raw);
    const next = await push(peer, mine(await templateOn(node())));
    await announcement(peer, next);
    assert.equal(peer.all('inv').some(announces(hashOf(raw))), false);
    await peer.hangUp();
  });

  it('has the block in its answer to a getheaders right behind the push', async () => {
    const peer = await TestPeer.ready(node());
    const template = await templateOn(node());
    const raw = mine(template);
    peer.send(
      { command: 'block', raw },
      { command: 'getheaders', version: 70240, locator: [template.parent], stop: hashOf(raw) },
    );
    const { headers } = await peer.next('headers');
    assert.deepEqual(headers.map(hashHeader), [hashOf(raw)]);
    await peer.hangUp();
  });

  it('takes blocks in rapid succession, and announces at least the last', async () => {
    const peer = await TestPeer.ready(node());
    const blocks: Buffer[] = [];
    let template = await templateOn(node());
    for (let count = 0; count < 30; count += 1) {
      const raw = mine(template);
      blocks.push(raw);
      template = following(template, hashOf(raw));
    }
    const hashes = blocks.map(hashOf);
    const points = await pointsFor(async () => {
      peer.send(
        ...blocks.flatMap((raw, nonce) => [
          { command: 'block' as const, raw },
          { command: 'ping' as const, nonce: BigInt(nonce) },
        ]),
      );
      await peer.next('pong', ({ nonce }) => nonce === 29n);
    });
    assert.deepEqual(points, []);
    const last = hashes.at(-1) ?? '';
    assert.equal((await tipOf(node())).hash, last);
    await announcement(peer, last);
    const announced = peer.all('inv').flatMap(({ items }) => items.map(({ hash }) => hashes.indexOf(hash)));
    assert.deepEqual(
      announced,
      announced.toSorted((a, b) => a - b),
      'in order',
    );
    await peer.hangUp();
  });

  it('gives 10 points for an unknown parent, and asks for nothing', async () => {
    const peer = await TestPeer.ready(node());
    const heard = peer.heard.length;
    const orphan = mine({ ...(await templateOn(node())), parent: 'ab'.repeat(32) });
    const points = await pointsFor(async () => {
      await push(peer, orphan);
    });
    assert.deepEqual(points, [10]);
    assert.deepEqual(peer.commands(heard), ['pong']);
    await peer.hangUp();
  });

  it('hangs up at the tenth block with an unknown parent', async () => {
    const peer = await TestPeer.ready(node());
    const template = { ...(await templateOn(node())), parent: 'cd'.repeat(32) };
    const points = await pointsFor(async () => {
      for (let count = 0; count < 9; count += 1) await push(peer, mine(template));
      peer.send({ command: 'block', raw: mine(template) });
      await peer.hungUp();
    });
    assert.deepEqual(points, Array(10).fill(10));
  });

  it('hangs up at once on a broken block, without a pong, and lets its sender come again', async () => {
    const template = await templateOn(node());
    const good = mine(template, { size: 2_000 });
    const broken: Record<string, Buffer> = {
      'bad merkle root': corrupted(good),
      'no proof of work': worthless(good),
      'wrong height in the coinbase': mine({ ...template, height: template.height + 5 }),
      'time before the median': mine({ ...template, time: 1_500_000_000 }),
    };
    for (const [what, raw] of Object.entries(broken)) {
      const peer = await TestPeer.ready(node());
      const heard = peer.heard.length;
      const points = await pointsFor(async () => {
        peer.send({ command: 'block', raw }, { command: 'ping', nonce: 9n });
        await peer.hungUp();
      });
      assert.deepEqual(points, [100], what);
      assert.deepEqual(peer.commands(heard), [], what);
    }
    const peer = await TestPeer.ready(node());
    await peer.sync();
    assert.equal((await tipOf(node())).hash, template.parent);
    await peer.hangUp();
  });

  it('does not punish the second sender of an invalid block, but who builds on it', async () => {
    const template = await templateOn(node());
    const invalid = mine({ ...template, height: template.height + 5 });
    const first = await TestPeer.ready(node());
    first.send({ command: 'block', raw: invalid });
    await first.hungUp();
    const second = await TestPeer.ready(node());
    assert.deepEqual(
      await pointsFor(async () => {
        await push(second, invalid);
      }),
      [],
    );
    const child = mine(following(template, hashOf(invalid)));
    assert.deepEqual(
      await pointsFor(async () => {
        second.send({ command: 'block', raw: child });
        await second.hungUp();
      }),
      [100],
    );
  });

  it('does not punish a block from the future, nor one that cannot be read', async () => {
    const peer = await TestPeer.ready(node());
    const template = await templateOn(node());
    const points = await pointsFor(async () => {
      await push(peer, mine({ ...template, time: Math.floor(Date.now() / 1000) + 3 * 60 * 60 }));
      await push(peer, mine(template).subarray(0, 120));
    });
    assert.deepEqual(points, []);
    assert.equal((await tipOf(node())).hash, template.parent);
    await peer.hangUp();
  });

  it('ignores a block it has, but still looks whether it is intact', async () => {
    const peer = await TestPeer.ready(node());
    const raw = mine(await templateOn(node()));
    assert.deepEqual(
      await pointsFor(async () => {
        await push(peer, raw);
        await push(peer, raw);
      }),
      [],
    );
    assert.deepEqual(
      await pointsFor(async () => {
        peer.send({ command: 'block', raw: corrupted(raw) });
        await peer.hungUp();
      }),
      [100],
    );
  });

  it('keeps a rival of its tip without a word, and goes over to it when it grows', async () => {
    const peer = await TestPeer.ready(node());
    const template = await templateOn(node());
    const tip = await push(peer, mine(template));
    await announcement(peer, tip);
    const rival = mine(template);
    await push(peer, rival);
    assert.equal((await tipOf(node())).hash, tip);
    assert.equal((await ask<HeaderInfo>(node(), 'getblockheader', hashOf(rival))).confirmations, -1);
    const better = await push(peer, mine(following(template, hashOf(rival))));
    assert.equal((await tipOf(node())).hash, better);
    await announcement(peer, better);
    assert.equal(peer.all('inv').some(announces(hashOf(rival))), false, 'an inv names the newest only');
    await peer.hangUp();
  });

  it('asks who pushes it blocks, and understands compact ones, to push those unasked', async () => {
    const peer = await TestPeer.ready(node());
    peer.send({ command: 'sendcmpct', highBandwidth: false, version: 1n });
    await push(peer, mine(await templateOn(node())));
    const wishes = await eventually(
      () => (peer.all('sendcmpct').length === 2 ? peer.all('sendcmpct') : undefined),
      'the wish',
    );
    assert.deepEqual(
      wishes.map(({ highBandwidth }) => highBandwidth),
      [false, true],
    );
    await peer.hangUp();
  });

  it('announces by compact block to who wants that, if it knows that it would connect', async () => {
    const peer = await TestPeer.ready(node());
    peer.send({ command: 'sendcmpct', highBandwidth: true, version: 1n });
    peer.send({ command: 'getheaders', version: 70240, locator: [(await tipOf(node())).hash], stop: ZERO_HASH });
    await peer.next('headers');
    peer.send({ command: 'block', raw: mine(await templateOn(node())) });
    await peer.next('cmpctblock');
    await peer.hangUp();
  });
}
