/** Real quorums of real masternodes, and what a relay knows about them. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { BlockProof } from '../../../src/contracts/events.js';
import type { Hash } from '../../../src/wire/reader.js';
import { eventually, pointsIn } from '../../contract/node-under-test.js';
import { hashOf, RelayUnderTest } from '../../support/relay-under-test.js';
import { describeWithDashd } from '../describe-with-dashd.js';
import { chainLockOf, predictedSigner, selectedSigner, signersOf } from './chain-locks.js';
import { LLMQ_TEST } from './dkg.js';
import { MasternodeNetwork } from './masternode-network.js';
import { type BlockTemplate, blockOn } from './template-block.js';

const MASTERNODES = 5;
const HEIGHTS = 100;
const RELAYED_BLOCKS = 20;
/** Bytes of transactions: more than fit the first flight of a connection. */
const LARGE = 40_000;

describeWithDashd('a network with real quorums', () => {
  let network: MasternodeNetwork;
  const relays: RelayUnderTest[] = [];
  before(async () => {
    network = await MasternodeNetwork.start(MASTERNODES);
    for (let made = 0; made < LLMQ_TEST.active; made += 1) await network.mineQuorum();
  });
  after(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    await network?.remove();
  });

  async function startRelay(): Promise<RelayUnderTest> {
    const { dashd } = network;
    const started = await RelayUnderTest.start({
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-cookie-file': dashd.cookieFile,
      'dashd-p2p-port': String(dashd.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'broadcast-skip-bootstrap': 'true',
      peers: network.nodes.map(({ address }) => address).join(','),
    });
    relays.push(started);
    await started.connected(1 + MASTERNODES);
    await started.tipKnown();
    return started;
  }

  it('selects for each of 100 heights the quorum that is computed', async () => {
    const quorums = await network.quorums();
    assert.equal(quorums.length, LLMQ_TEST.active);
    const tip = await network.dashd.rpc<number>('getblockcount');
    const heights = Array.from({ length: HEIGHTS }, (_, index) => tip + 1 + index);
    const computed = heights.map((height) => predictedSigner(quorums, height));
    const selected: Hash[] = [];
    for (const height of heights) selected.push(await selectedSigner(network.dashd, height));
    assert.deepEqual(computed, selected);
    assert.equal(new Set(computed).size, LLMQ_TEST.active);
  });

  /** Pushes a block on dashd's tip to the relay, and waits until dashd and all masternodes have it. */
  async function relayBlock(relay: RelayUnderTest, template: BlockTemplate): Promise<Buffer> {
    const raw = blockOn(template);
    await relay.push(raw);
    const delivered = () => new Set(proofsOfDelivery(relay, raw).map(({ peer }) => peer)).size === 1 + MASTERNODES;
    await eventually(() => delivered() || undefined, 'proofs of all');
    assert.ok((await relay.verdict(raw, ({ success }) => success)).success);
    return raw;
  }

  const template = () => network.dashd.rpc<BlockTemplate>('getblocktemplate');

  it('locks 20 blocks that its masternodes get from the relay alone, each by the quorum that was predicted', async (t) => {
    await network.part();
    const relay = await startRelay();
    const lockTimes: number[] = [];
    for (let block = 0; block < RELAYED_BLOCKS; block += 1) {
      const next = await template();
      const quorums = await network.quorums();
      const predicted = predictedSigner(quorums, next.height);
      const signer = await network.memberOf(predicted);
      const pushedAt = performance.now();
      const hash = hashOf(await relayBlock(relay, next));
      const lock = await chainLockOf(signer, hash);
      lockTimes.push(performance.now() - pushedAt);
      assert.deepEqual(await signersOf(network.dashd, lock, quorums), [predicted]);
    }
    lockTimes.sort((a, b) => a - b);
    t.diagnostic(`from the push to the ChainLock, median: ${lockTimes[RELAYED_BLOCKS / 2]?.toFixed(0)} ms`);
    for (const node of network.nodes) assert.deepEqual(pointsIn(node.log()), []);
  });

  it('takes a large block with quorum commitments in compact form, without a round trip', async () => {
    const [relay] = relays;
    assert.ok(relay);
    await network.fill(LARGE);
    let next = await template();
    // Other blocks of the cycle have no commitments. Transactions wait: there is no room for them.
    while (!next.transactions.some(isCommitment)) {
      await relayBlock(relay, { ...next, transactions: [] });
      next = await template();
    }
    const raw = await relayBlock(relay, next);
    assert.ok(raw.length > LARGE);
    const proofs = proofsOfDelivery(relay, raw).filter(({ protected: isOwn }) => !isOwn);
    assert.deepEqual(
      proofs.map(({ form, roundTrips }) => [form, roundTrips]),
      proofs.map(() => ['compact', 0]),
    );
    for (const node of network.nodes) assert.deepEqual(pointsIn(node.log()), []);
  });
});

function proofsOfDelivery(relay: RelayUnderTest, raw: Buffer): BlockProof[] {
  return relay.proofs(raw).filter(({ status }) => status === 'accepted' || status === 'already-had');
}

/** Of a transaction in a template: version 3 and type 6, little-endian. */
function isCommitment({ data }: { readonly data: string }): boolean {
  return data.startsWith('03000600');
}
