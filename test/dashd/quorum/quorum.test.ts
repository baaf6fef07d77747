/** Real quorums of real masternodes, and a relay that is connected to their members. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { BlockProof } from '../../../src/contracts/events.js';
import type { PeerView } from '../../../src/contracts/view.js';
import type { DashdProcess } from '../../../src/simulated/dashd-process.js';
import type { Hash } from '../../../src/wire/reader.js';
import { Forwarder } from '../../chaos/forwarder.js';
import { eventually, pointsIn } from '../../contract/node-under-test.js';
import { checkQuorumAnswers } from '../../contract/quorum-fields.js';
import { hashOf, RelayUnderTest } from '../../support/relay-under-test.js';
import { describeWithDashd } from '../describe-with-dashd.js';
import { chainLockOf, predictedSigner, selectedSigner, signersOf } from './chain-locks.js';
import { LLMQ_TEST, LLMQ_TEST_DIP0024 } from './dkg.js';
import { type Masternode, MasternodeNetwork } from './masternode-network.js';
import { type BlockTemplate, blockOn } from './template-block.js';

const MASTERNODES = 5;
const HEIGHTS = 100;
const RELAYED_BLOCKS = 20;
/** Bytes of transactions: more than three times what fits the first flight of a connection. */
const LARGE = 46_000;
const PAYMENT = 1_000;

describeWithDashd('a network with real quorums', () => {
  let network: MasternodeNetwork;
  let relay: RelayUnderTest;
  before(async () => {
    network = await MasternodeNetwork.start(MASTERNODES);
    for (let made = 0; made < LLMQ_TEST.active; made += 1) await network.mineQuorum();
    relay = await startRelay();
  });
  after(async () => {
    await relay?.stop();
    await network?.remove();
  });

  function startRelay(options: Readonly<Record<string, string>> = {}): Promise<RelayUnderTest> {
    const { dashd } = network;
    return RelayUnderTest.start({
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-cookie-file': dashd.cookieFile,
      'dashd-p2p-port': String(dashd.port),
      'dashd-zmq-url': dashd.zmqUrl,
      'broadcast-skip-bootstrap': 'true',
      ...options,
    });
  }

  const template = () => network.dashd.rpc<BlockTemplate>('getblocktemplate');
  const peers = () => relay.relay.view.peers().filter(({ protected: isOwn }) => !isOwn);

  /** All connections that were lost so far. */
  const lost = () => relay.events.flatMap((event) => (event.type === 'peer-lost' ? [event.peer] : []));

  /**
   * Waits until the relay is connected to these masternodes, and to no other peer. One that was given up before is not dialled for a minute.
   */
  async function connectedTo(masternodes: readonly Masternode[]): Promise<readonly PeerView[]> {
    const wanted = masternodes.map(({ node }) => node.address);
    return eventually(() => {
      const now = peers();
      const ready = now.flatMap(({ peer, state }) => (state === 'connected' ? [peer] : []));
      const missing = wanted.filter((peer) => !ready.includes(peer) && !lost().includes(peer));
      return missing.length === 0 && now.length === ready.length && now.every(({ peer }) => wanted.includes(peer))
        ? now
        : undefined;
    }, `connections to ${wanted}`);
  }

  /** Pushes a block on dashd's tip, of which the relay knows the quorums, and waits until dashd and all peers have it. */
  async function relayBlock(on: BlockTemplate): Promise<Buffer> {
    await eventually(
      () => relay.relay.view.quorums?.()?.height === on.height - 1 || undefined,
      'the quorums of the tip',
    );
    const raw = blockOn(on);
    const wanted = peers().length + 1;
    await relay.push(raw);
    const delivered = () => new Set(proofsOfDelivery(relay, raw).map(({ peer }) => peer)).size === wanted;
    await eventually(() => delivered() || undefined, `proofs of ${wanted} peers`);
    assert.ok((await relay.verdict(raw, ({ success }) => success)).success);
    return raw;
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

  it('has its members connected to the relay, which knows who they are, and who signs the next block', async () => {
    const masternodes = await network.members();
    const connected = await connectedTo(masternodes);
    const names = new Map(masternodes.map(({ node, proTxHash }) => [node.address, proTxHash]));
    assert.deepEqual(
      connected.map(({ peer, masternode }) => [peer, masternode]),
      connected.map(({ peer }) => [peer, names.get(peer)]),
    );
    const { height } = await template();
    const signing = await network.membersOf(predictedSigner(await network.quorums(), height));
    assert.deepEqual(
      connected.map(({ masternode = '', role }) => [masternode, role]),
      connected.map(({ masternode = '' }) => [masternode, signing.includes(masternode) ? 'signer' : 'member']),
    );
  });

  it('is described by RPC in the fields that the relay and the simulated dashd know', async () => {
    const { rpcUrl, credentials } = network.dashd;
    await checkQuorumAnswers({ rpcUrl, credentials }, LLMQ_TEST);
  });

  it('has members that name themselves to a relay by mnauth at an address that is in no list', async () => {
    const [member] = await network.members();
    assert.ok(member);
    const other = new Forwarder(member.node.port);
    await other.open();
    const peer = `127.0.0.1:${other.port}`;
    const second = await startRelay({ peers: peer });
    const find = () => second.relay.view.peers().find((one) => one.peer === peer)?.masternode;
    assert.equal(await eventually(find, 'its name'), member.proTxHash);
    await second.stop();
    await other.refuse();
  });

  it('locks 20 blocks that its members get from the relay alone, each by the quorum that was predicted', async (t) => {
    await network.part();
    const lockTimes: number[] = [];
    for (let block = 0; block < RELAYED_BLOCKS; block += 1) {
      const next = await template();
      const quorums = await network.quorums();
      const predicted = predictedSigner(quorums, next.height);
      const signer = await network.memberOf(predicted);
      const pushedAt = performance.now();
      const raw = await relayBlock(next);
      const lock = await chainLockOf(signer, hashOf(raw));
      lockTimes.push(performance.now() - pushedAt);
      assert.deepEqual(await signersOf(network.dashd, lock, quorums), [predicted]);
      const roles = proofsOfDelivery(relay, raw).filter(({ role }) => role === 'signer');
      assert.equal(new Set(roles.map(({ peer }) => peer)).size, LLMQ_TEST.size);
    }
    lockTimes.sort((a, b) => a - b);
    t.diagnostic(`from the push to the ChainLock, median: ${lockTimes[RELAYED_BLOCKS / 2]?.toFixed(0)} ms`);
    for (const node of network.nodes) assert.deepEqual(await pointsGiven(node), []);
  });

  it('names the masternode that a relayed block pays, the share of the credit pool, and the fees', async () => {
    const next = await template();
    const raw = await relayBlock(next);
    const answer = await relay.relay.view.anatomy?.(hashOf(raw));
    assert.ok(answer?.ok);
    const { coinbase, fees, kinds } = answer.anatomy;
    const paid = coinbase?.payees.filter(({ share }) => share === 'masternode' || share === 'platform') ?? [];
    assert.deepEqual(
      paid.map(({ amount }) => amount),
      next.masternode.map(({ amount }) => amount),
    );
    assert.ok(paid.some(({ share }) => share === 'masternode'));
    assert.ok(fees !== undefined && kinds.every(({ unreadable }) => unreadable === 0));
  });

  it('takes a large block with quorum commitments in compact form, and asks for the commitments alone', async () => {
    await network.fill(LARGE);
    let next = await template();
    // Transactions wait for a block with commitments: other blocks of the cycle have none.
    while (!next.transactions.some(isCommitment)) {
      await relayBlock({ ...next, transactions: [] });
      next = await template();
    }
    const raw = await relayBlock(next);
    assert.ok(raw.length > LARGE);
    const proofs = proofsOfDelivery(relay, raw).filter(({ protected: isOwn }) => !isOwn);
    assert.deepEqual(
      proofs.map(({ form, roundTrips, bytes = 0 }) => [form, roundTrips, bytes < raw.length / 2]),
      proofs.map(() => ['compact', 1, true]),
    );
    for (const node of network.nodes) assert.deepEqual(await pointsGiven(node), []);
  });

  it('keeps its connections to the relay while quorums rotate: only those are given up that are in no quorum any more', async () => {
    await network.join();
    assert.deepEqual(lost(), []);
    for (let rotation = 0; rotation < LLMQ_TEST.active; rotation += 1) {
      // Of a connection that is not ready yet, `since` is when it was begun.
      const before = (await connectedTo(await network.members())).map(({ peer, since }) => `${peer} since ${since}`);
      await network.mineQuorum();
      const members = await network.members();
      const after = (await connectedTo(members)).map(({ peer, since }) => `${peer} since ${since}`);
      const given = before.filter((connection) => !after.includes(connection));
      const stayed = given.filter((connection) =>
        members.some(({ node }) => connection.startsWith(`${node.address} `)),
      );
      assert.deepEqual(stayed, [], JSON.stringify(relay.events.filter(({ type }) => type === 'peer-lost')));
      assert.equal(new Set(lost()).size, lost().length);
    }
  });

  it('locks a transaction by InstantSend once quorums with rotation have formed', async () => {
    await network.mineQuorum([LLMQ_TEST, LLMQ_TEST_DIP0024]);
    await network.turnOn(['SPORK_2_INSTANTSEND_ENABLED', 'SPORK_3_INSTANTSEND_BLOCK_FILTERING']);
    const [txid] = await network.fill(PAYMENT);
    assert.ok(txid);
    const isLocked = async () =>
      (await network.dashd.rpc<{ instantlock: boolean }>('getrawtransaction', txid, true)).instantlock;
    await eventually(async () => (await isLocked()) || undefined, 'the lock');
  });
});

/** The misbehaviour points that a node gave to the relay; masternodes may give each other some. */
async function pointsGiven(node: DashdProcess): Promise<number[]> {
  const peers = await node.rpc<{ id: number; subver: string }[]>('getpeerinfo');
  const ours = peers.filter(({ subver }) => subver.includes('blockcast')).map(({ id }) => id);
  return pointsIn(node.log()).flatMap(({ peer, points }) => (ours.includes(peer) ? [points] : []));
}

function proofsOfDelivery(relay: RelayUnderTest, raw: Buffer): BlockProof[] {
  return relay.proofs(raw).filter(({ status }) => status === 'accepted' || status === 'already-had');
}

/** Of a transaction in a template: version 3 and type 6, little-endian. */
function isCommitment({ data }: { readonly data: string }): boolean {
  return data.startsWith('03000600');
}
