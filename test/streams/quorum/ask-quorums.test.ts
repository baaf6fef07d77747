import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { queueScheduler } from 'rxjs';
import type { RpcAnswer } from '../../../src/contracts/rpc.js';
import { CHAIN_LOCK_TYPES } from '../../../src/quorum/chain-lock-types.js';
import { AskQuorums, type Reading } from '../../../src/streams/quorum/ask-quorums.js';
import { HOUR_MS } from '../../../src/time.js';
import type { NetworkName } from '../../../src/wire/network.js';
import { answer, FakeRpc, rpcError, UNREACHABLE } from '../dashd/fake-rpc.js';
import { hash, listOf, memberEntry, quorumRpc } from './support.js';

const TIP = hash(1);

class Asked {
  now = 0;
  readonly rpc = new FakeRpc();
  readonly asker: AskQuorums;

  constructor(network: NetworkName = 'mainnet') {
    const { rpc } = this;
    this.asker = new AskQuorums({
      rpc,
      network,
      chainLock: CHAIN_LOCK_TYPES[network],
      clock: { monotonic: () => this.now },
      scheduler: queueScheduler,
    });
  }

  /** @param members of each quorum, by its hash */
  has(members: Readonly<Record<string, readonly object[]>>): this {
    quorumRpc(this.rpc, { height: 1_000, active: () => Object.keys(members), members });
    return this;
  }

  answers(method: string, reply: RpcAnswer): this {
    this.rpc.replies.set(method, reply);
    return this;
  }

  read(): Promise<Reading> {
    return this.asker.read(TIP);
  }

  async active(): Promise<Extract<Reading, { state: 'active' }>> {
    const reading = await this.read();
    assert.equal(reading.state, 'active');
    return reading.state === 'active' ? reading : assert.fail();
  }
}

const Q1 = hash(101);
const Q2 = hash(102);

describe('the active quorums', () => {
  it('are those of the ChainLock type, 8 blocks below the next block, and those that come', async () => {
    const asked = new Asked().has({ [Q1]: [memberEntry(1)], [Q2]: [memberEntry(2)] });
    quorumRpc(asked.rpc, {
      height: 1_000,
      active: (height) => (height === 993 ? [Q1] : [Q2, Q1]),
      members: { [Q1]: [memberEntry(1)], [Q2]: [memberEntry(2)] },
    });
    const { active, known } = await asked.active();
    assert.deepEqual([active.tip, active.height, active.type], [TIP, 1_000, 2]);
    assert.deepEqual(
      active.quorums.map((quorum) => quorum.hash),
      [Q1],
    );
    assert.deepEqual(known.map((quorum) => quorum.hash).sort(), [Q1, Q2]);
    assert.deepEqual(
      asked.rpc.calls.filter(({ params }) => params[0] === 'listextended').map(({ params }) => params[1]),
      [993, 1_000],
    );
  });

  it('have the valid members: others have no share of the key', async () => {
    const invalid = { ...memberEntry(2), valid: false };
    const { active } = await new Asked().has({ [Q1]: [memberEntry(1), invalid] }).active();
    assert.deepEqual(active.quorums[0]?.members, [{ masternode: hash(1), peer: '77.0.0.1:9999' }]);
  });

  it('are asked for their members once', async () => {
    const asked = new Asked().has({ [Q1]: [memberEntry(1)] });
    const first = await asked.active();
    const before = asked.rpc.calls.length;
    const second = await asked.active();
    assert.equal(second.known[0]?.members, first.known[0]?.members, 'the same object: nothing has to be planned anew');
    assert.deepEqual(
      asked.rpc.calls.slice(before).map(({ method, params }) => [method, params[0]]),
      [
        ['getblockheader', TIP],
        ['quorum', 'listextended'],
        ['quorum', 'listextended'],
      ],
    );
  });

  it('are none where dashd has none: on regtest without masternodes, or a dashd that does not know them', async () => {
    const asked = new Asked().has({});
    assert.deepEqual(await asked.read(), { state: 'none' });
    asked.answers('quorum', answer({}));
    assert.deepEqual(await asked.read(), { state: 'none' });
    asked.answers('quorum', rpcError(-32601, 'Method not found'));
    assert.deepEqual(await asked.read(), { state: 'none' });
  });

  it('are those as of the tip alone on a chain of fewer than 8 blocks', async () => {
    const asked = new Asked().has({ [Q1]: [memberEntry(1)] });
    asked.answers('getblockheader', answer({ height: 3 }));
    const { active, known } = await asked.active();
    assert.deepEqual([active.quorums.length, known.length], [0, 1]);
  });
});

describe('the address of a member', () => {
  it('is the present one, from the list of masternodes: it may have moved since its quorum was formed', async () => {
    const asked = new Asked().has({ [Q1]: [memberEntry(1), memberEntry(2)] });
    asked.answers('masternodelist', answer({ a: { proTxHash: hash(1), address: '88.0.0.1:9999', status: 'ENABLED' } }));
    const { active } = await asked.active();
    assert.deepEqual(
      active.quorums[0]?.members.map(({ peer }) => peer),
      ['88.0.0.1:9999', '77.0.0.2:9999'],
    );
  });

  it('is read as Dash Core 24 gives it', async () => {
    const of24 = { proTxHash: hash(1), valid: true, addresses: { core_p2p: ['88.0.0.7:9999'] } };
    const { active } = await new Asked().has({ [Q1]: [of24] }).active();
    assert.equal(active.quorums[0]?.members[0]?.peer, '88.0.0.7:9999');
  });

  it('is left out when no masternode can be there', async () => {
    const addresses = ['127.0.0.1:9999', '0.0.0.0:0', '[::]:0', '77.0.0.1:22', 7];
    const members = addresses.map((address, n) => memberEntry(n, address));
    const { active } = await new Asked().has({ [Q1]: members }).active();
    assert.deepEqual(
      active.quorums[0]?.members.map(({ peer }) => peer),
      [undefined, undefined, undefined, undefined, undefined],
    );
  });

  it('may be local on regtest', async () => {
    const asked = new Asked('regtest');
    quorumRpc(asked.rpc, {
      height: 1_000,
      type: 'llmq_test',
      active: () => [Q1],
      members: { [Q1]: [memberEntry(1, '127.0.0.1:20001')] },
    });
    assert.equal((await asked.active()).active.quorums[0]?.members[0]?.peer, '127.0.0.1:20001');
  });

  it('is asked for once an hour at most', async () => {
    const asked = new Asked().has({ [Q1]: [memberEntry(1)] });
    const lists = () => asked.rpc.calls.filter(({ method }) => method === 'masternodelist').length;
    await asked.active();
    asked.now = HOUR_MS - 1;
    await asked.active();
    assert.equal(lists(), 1);
    asked.now = HOUR_MS;
    await asked.active();
    assert.equal(lists(), 2);
  });
});

describe('an answer of another shape', () => {
  const asked = () => new Asked().has({ [Q1]: [memberEntry(1)] });

  for (const [name, result] of Object.entries({
    'no object': [Q1],
    'a list of hashes': { llmq_400_60: [Q1] },
    'no hash': { llmq_400_60: [{ x: {} }] },
    'no list': { llmq_400_60: 4 },
    'too many quorums': { llmq_400_60: Array.from({ length: 65 }, (_, n) => ({ [hash(n)]: {} })) },
  })) {
    it(`is told: a list of quorums that is ${name}`, async () => {
      const reading = await asked().answers('quorum', answer(result)).read();
      assert.deepEqual(reading, { state: 'not-understood', method: 'quorum listextended' });
    });
  }

  for (const [name, result] of Object.entries({
    nothing: null,
    'no members': {},
    'members that are none': { members: [1, {}, { proTxHash: 'x' }] },
    'too many members': { members: Array.from({ length: 1_001 }, (_, n) => memberEntry(n)) },
  })) {
    it(`is told: a quorum with ${name}`, async () => {
      const one = asked();
      one.rpc.replies.set('quorum', (what) => answer(what === 'info' ? result : listOf('llmq_400_60', [Q1])));
      assert.deepEqual(await one.read(), { state: 'not-understood', method: 'quorum info' });
    });
  }

  it('of one member leaves out that one', async () => {
    const { active } = await new Asked().has({ [Q1]: [{}, memberEntry(2)] }).active();
    assert.equal(active.quorums[0]?.members.length, 1);
  });

  it('of the list of masternodes leaves the addresses of the quorums', async () => {
    const { active } = await asked().answers('masternodelist', answer('none')).active();
    assert.equal(active.quorums[0]?.members[0]?.peer, '77.0.0.1:9999');
  });
});

describe('a dashd that does not answer', () => {
  it('is no complaint of ours, but one that refuses a call is', async () => {
    const asked = new Asked().has({ [Q1]: [memberEntry(1)] });
    asked.answers('quorum', UNREACHABLE);
    assert.deepEqual(await asked.read(), { state: 'unanswered' });
    asked.answers('quorum', { ok: false, code: 'forbidden', detail: 'HTTP 403' });
    assert.deepEqual(await asked.read(), { state: 'refused', method: 'quorum listextended', detail: 'HTTP 403' });
  });

  it('because it does not have the block or the quorum is asked again: the chain was reorganised, or our block is on its way', async () => {
    const asked = new Asked().has({ [Q1]: [memberEntry(1)] });
    asked.answers('getblockheader', rpcError(-5, 'Block not found'));
    assert.deepEqual(await asked.read(), { state: 'unanswered' });
    asked.has({ [Q1]: [memberEntry(1)] }).answers('quorum', rpcError(-8, 'Block height out of range'));
    assert.deepEqual(await asked.read(), { state: 'unanswered' });
  });

  it('in the middle loses nothing that was learned: the members are asked for again', async () => {
    const asked = new Asked().has({ [Q1]: [memberEntry(1)], [Q2]: [memberEntry(2)] });
    await asked.active();
    asked.answers('getblockheader', UNREACHABLE);
    assert.deepEqual(await asked.read(), { state: 'unanswered' });
    asked.answers('getblockheader', answer({ height: 1_001 }));
    assert.equal((await asked.active()).known.length, 2);
  });
});
