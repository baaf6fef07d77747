import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { Gatekeeper } from '../../../src/streams/broadcast/gatekeeper.js';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { answer } from '../dashd/fake-rpc.js';
import { BroadcasterUnderTest, changed, hashOf, mine } from './support.js';

describe('a block of another relay', () => {
  before(() => loadX11());

  it("is sent to this relay's own peers and its dashd, and has a verdict of its own", async () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    const admission = relay.gate.fromCluster(raw);
    assert.ok(admission.type === 'block');
    assert.deepEqual([admission.source, admission.doubts, admission.late], ['cluster', [], undefined]);
    relay.submission = () => answer('duplicate');
    relay.broadcaster.send(admission);
    assert.deepEqual(relay.sent, [1, 1, 1]);
    assert.ok(relay.log.includes('submitblock'));
    for (const host of ['a', 'b', 'dashd']) relay.announces(host, raw);
    await relay.time.pass(10_000);
    const [verdict] = relay.events.filter((event) => event.type === 'verdict');
    assert.deepEqual([verdict?.source, verdict?.outcome, verdict?.peersReached], ['cluster', 'delivered', 3]);
  });

  it('is sent to nobody twice, whichever way it comes again', () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    relay.fromPool(raw);
    assert.equal(relay.gate.fromCluster(raw).type, 'repeated');
    assert.equal(relay.gate.fromCluster(raw, 1).type, 'repeated');
    assert.deepEqual(relay.sent, [1, 1, 1]);
  });

  it('is checked like one of the pool: what is no block is refused, a body in doubt goes to dashd first', () => {
    const gate = new Gatekeeper(NETWORKS.regtest, new ChainTip(), new BroadcasterUnderTest().time.clock);
    const raw = mine();
    for (const garbage of [Buffer.alloc(0), Buffer.from('{}'), Buffer.alloc(3_000_000), raw.subarray(0, 79)]) {
      const refused = gate.fromCluster(garbage);
      assert.ok(refused.type === 'refused');
      assert.equal(refused.source, 'cluster');
    }
    const doubted = gate.fromCluster(changed(raw));
    assert.ok(doubted.type === 'block' && doubted.doubts.length > 0);
    assert.equal(
      new Gatekeeper(NETWORKS.mainnet, new ChainTip(), new BroadcasterUnderTest().time.clock).fromCluster(raw).type,
      'refused',
    );
  });

  it('that was found while this relay was away is dated by when it was found', () => {
    const relay = new BroadcasterUnderTest();
    const raw = mine();
    const admission = relay.gate.fromCluster(raw, 1_234);
    assert.ok(admission.type === 'block');
    assert.deepEqual(admission.late, { code: 'recovered', firstAt: 1_234 });
    assert.equal(admission.block.hash, hashOf(raw));
  });
});
