import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { QuorumView } from '../../src/quorum/active-quorums.js';
import { explainMember } from '../../src/quorum/explain.js';
import { quorumReport } from '../../src/quorum/report.js';
import { membershipsOf, rolesFor } from '../../src/quorum/roles.js';

const NONE_SKIPPED = {
  'connected-elsewhere': 0,
  'other-relay': 0,
  'same-address': 0,
  waiting: 0,
  'group-share': 0,
  'over-max': 0,
  'ramp-up': 0,
};

const hash = (n: number) => n.toString(16).padStart(64, '0');
const peerOf = (masternode: string) => `192.0.2.${Number.parseInt(masternode, 16)}:9999`;

/** Two quorums, of the masternodes 1–3 and 3–4; the second signs. */
function viewOf(): QuorumView {
  const quorum = (n: number, members: readonly number[]) => ({
    hash: hash(n),
    type: 2 as const,
    members: members.map((one) => ({ masternode: hash(one), peer: peerOf(hash(one)) })),
  });
  const quorums = [quorum(100, [1, 2, 3]), quorum(200, [3, 4])];
  const masternodes = new Map([1, 2, 3, 4, 9].map((n) => [peerOf(hash(n)), hash(n)]));
  masternodes.set('[2001:db8::3]:9999', hash(3));
  return {
    tip: hash(77),
    height: 1_000,
    quorums,
    signing: hash(200),
    masternodeOf: (peer) => masternodes.get(peer),
    roleOf(peer) {
      const masternode = masternodes.get(peer);
      const of = quorums.filter(({ members }) => members.some((member) => member.masternode === masternode));
      if (of.length === 0) return undefined;
      return of.some((one) => one.hash === hash(200)) ? 'signer' : 'member';
    },
  };
}

const connected = (peer: string, highBandwidth = false) => ({ peer, highBandwidth });

test('counts the connected members of each quorum, and of all of them once', () => {
  const nodes = [connected(peerOf(hash(3)), true), connected(peerOf(hash(1))), connected('198.51.100.1:9999', true)];
  assert.deepEqual(quorumReport(viewOf(), nodes, 400), {
    height: 1_000,
    wanted: 400,
    members: 4,
    connected: 2,
    quorums: [
      { hash: hash(100), type: 2, signing: false, members: 3, connected: 2, highBandwidth: 1 },
      { hash: hash(200), type: 2, signing: true, members: 2, connected: 1, highBandwidth: 1 },
    ],
  });
});

test('a masternode with two connections, and one of no active quorum, raise no count', () => {
  const nodes = [connected(peerOf(hash(3))), connected('[2001:db8::3]:9999', true), connected(peerOf(hash(9)), true)];
  const { connected: all, quorums } = quorumReport(viewOf(), nodes, 400);
  assert.equal(all, 1);
  assert.deepEqual(
    quorums.map(({ connected: one, highBandwidth }) => [one, highBandwidth]),
    [
      [1, 1],
      [1, 1],
    ],
  );
});

test('memberships are counted once for each view', () => {
  const view = viewOf();
  assert.deepEqual(
    [...membershipsOf(view)].map(([, count]) => count),
    [1, 1, 2, 1],
  );
  assert.equal(membershipsOf(view), membershipsOf(view));
});

describe('what a peer is for a block', () => {
  test('a signer or a member, where the block is upon the tip of the view', () => {
    const roleOf = rolesFor(viewOf(), hash(77));
    assert.deepEqual(
      [1, 4, 9].map((n) => roleOf(peerOf(hash(n)))),
      ['member', 'signer', undefined],
    );
  });

  test('no more than a member where it is not, since another quorum may sign it', () => {
    const roleOf = rolesFor(viewOf(), hash(76));
    assert.deepEqual(
      [1, 4, 9].map((n) => roleOf(peerOf(hash(n)))),
      ['member', 'member', undefined],
    );
  });

  test('nothing while no quorum is known', () => {
    assert.equal(rolesFor(undefined, hash(77))(peerOf(hash(1))), undefined);
  });
});

describe('what is said of one peer', () => {
  const plan = { connect: [], disconnect: [], keep: [], skipped: NONE_SKIPPED, whyNot: () => 'over-max' as const };

  test('which masternode it is, of how many active quorums, and why it is not connected to', () => {
    const view = viewOf();
    const peer = peerOf(hash(3));
    assert.deepEqual(explainMember({ peer, view, plan, connection: 'none' }), {
      masternode: hash(3),
      role: 'signer',
      active: 2,
      memberOf: 2,
      height: 1_001,
      connection: 'none',
      code: 'over-max',
    });
  });

  test('why a connection to it is begun or given up', () => {
    const peer = peerOf(hash(1));
    const input = { peer, view: viewOf(), connection: 'connecting' } as const;
    const changes = { ...plan, connect: [{ peer, code: 'spread' as const }] };
    assert.equal(explainMember({ ...input, plan: changes }).code, 'spread');
  });

  test('that it is no member', () => {
    const standing = explainMember({ peer: '198.51.100.1:9999', view: viewOf(), plan: undefined, connection: 'peer' });
    assert.deepEqual(standing, { active: 2, memberOf: 0, height: 1_001, connection: 'peer' });
  });
});
