import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DASH_CORE_24 } from '../../src/simulated/dash-core.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import { type Masternode, Masternodes, type QuorumRules } from '../../src/simulated/masternodes.js';
import { type SimulatedNetwork, startNetwork } from '../../src/simulated/simulated-network.js';
import type { Hash } from '../../src/wire/reader.js';
import { ask, type RpcAccess } from '../contract/node-under-test.js';
import { checkQuorumAnswers } from '../contract/quorum-fields.js';
import { TestPeer } from '../contract/test-peer.js';

const RULES: QuorumRules = { type: 100, name: 'llmq_test', size: 4, active: 3, interval: 5, miningDelay: 2 };
const NODES = 9;

let network: SimulatedNetwork;

describe('masternodes of a simulated network', () => {
  before(async () => {
    network = await startNetwork({ nodes: NODES, latency: false, quorums: RULES });
  });
  after(() => network?.stop());

  const rpc = (): RpcAccess => {
    const { rpcUrl, user, password } = network.dashd;
    return { rpcUrl, credentials: `${user}:${password}` };
  };
  const active = async () => (await ask<Record<string, Hash[]>>(rpc(), 'quorum', 'list'))[RULES.name] ?? [];

  it('are listed by RPC, with their quorums and the members, as dashd does', async () => {
    assert.equal((await active()).length, RULES.active);
    await checkQuorumAnswers(rpc(), RULES);
  });

  it('form all quorums from the start, also as of 8 blocks below the tip, where those that sign are chosen', async () => {
    const height = network.dashd.node.chain.tip.height - 8;
    const extended = await ask<Record<string, object[]>>(rpc(), 'quorum', 'listextended', height);
    assert.equal(extended[RULES.name]?.length, RULES.active);
  });

  it('form a new quorum in each interval, whose first one goes, with members of their own', async () => {
    const before = await active();
    const membersOf = async (hash: Hash) => {
      const { members } = await ask<{ members: { proTxHash: Hash }[] }>(rpc(), 'quorum', 'info', RULES.type, hash);
      return members.map(({ proTxHash }) => proTxHash);
    };
    const sets = await Promise.all(before.map(membersOf));
    network.dashd.generate(RULES.interval);
    const later = await active();
    assert.deepEqual(later.slice(1), before.slice(0, -1));
    assert.deepEqual(await Promise.all(later.slice(1).map(membersOf)), sets.slice(0, -1));
    assert.equal(new Set(sets.map((set) => set.join())).size, RULES.active);
  });

  it('say which one they are to a peer with a challenge, and to no other', async () => {
    const [node] = network.nodes;
    assert.ok(node);
    const challenger = await TestPeer.ready(node, { version: { mnauthChallenge: Buffer.alloc(32, 7) } });
    assert.deepEqual(
      challenger.all('mnauth').map(({ masternode }) => masternode),
      [node.masternode],
    );
    assert.deepEqual(challenger.commands().slice(3), ['mnauth', 'sendheaders', 'sendcmpct', 'senddsq', 'ping']);
    const other = await TestPeer.ready(node);
    assert.deepEqual(other.all('mnauth'), []);
    await challenger.hangUp();
    await other.hangUp();
  });

  it('that are banned are in no new quorum, and say so in the list', async () => {
    const [first] = network.dashd.masternodes.list;
    assert.ok(first);
    first.banned = true;
    network.dashd.generate(RULES.active * RULES.interval);
    const { chain } = network.dashd.node;
    const quorums = network.dashd.masternodes.activeAt(chain, chain.tip.height);
    assert.ok(quorums.every(({ members }) => members.every((member) => member !== first)));
    const list = await ask<Record<string, { proTxHash: Hash; status: string }>>(rpc(), 'masternodelist', 'json');
    const banned = Object.values(list).filter(({ status }) => status === 'POSE_BANNED');
    assert.deepEqual(
      banned.map(({ proTxHash }) => proTxHash),
      [first.proTxHash],
    );
  });
});

describe('a simulated dashd 24', () => {
  it('gives the addresses of masternodes in addresses alone', async () => {
    const dashd = new SimulatedDashd({ user: 'user', password: 'secret', release: DASH_CORE_24 });
    const one: Masternode = { proTxHash: 'cd'.repeat(32), address: '127.0.0.1:19999', banned: false };
    dashd.masternodes = new Masternodes([one]);
    await dashd.start();
    const list = await ask<Record<string, Record<string, unknown>>>(
      { rpcUrl: dashd.rpcUrl, credentials: 'user:secret' },
      'masternodelist',
    );
    const [entry] = Object.values(list);
    assert.equal(entry?.['address'], undefined);
    assert.deepEqual(entry?.['addresses'], { core_p2p: [one.address] });
    await dashd.stop();
  });
});
